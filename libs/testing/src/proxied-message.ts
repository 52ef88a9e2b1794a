import {
  type HeaderEdit,
  type RouteDecision,
  type SipMessage,
  type TriedTarget,
  editMessage,
  parseDatagram,
} from '@esinet/sip';

/** Reads a message that a spec wrote. @throws Error if it is none */
export function sipMessage(text: Buffer | string): SipMessage {
  const parsed = parseDatagram(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  if (parsed.kind !== 'message') throw new Error(`no message: ${parsed.kind}`);
  return parsed.message;
}

/**
 * The request as a proxy that decided so would send it to the target: common edits, then the target's. The targets before
 * it were tried with these statuses: unless given all of them, in silence.
 */
export function leaving(
  request: SipMessage,
  { decision }: { readonly decision: RouteDecision },
  target = 0,
  tried: readonly TriedTarget[] = [...Array(target).keys()].map((i) => ({ target: i, status: 408 })),
): SipMessage {
  if (decision.kind !== 'forward') throw new Error(`not forwarded: ${decision.kind}`);
  const chosen = decision.targets[target];
  if (!chosen) throw new Error('no such target');
  const edits: HeaderEdit[] = [
    ...(decision.edits ?? []),
    ...(chosen.edits ?? []),
    ...(chosen.editsAfter?.(tried) ?? []),
  ];
  return sipMessage(
    editMessage(request, { ...(chosen.uri !== undefined && { requestUri: chosen.uri }), edits }),
  );
}
