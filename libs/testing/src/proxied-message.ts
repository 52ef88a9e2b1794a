import {
  type HeaderEdit,
  type RouteDecision,
  type SipMessage,
  editMessage,
  parseDatagram,
} from '@esinet/sip';

/** Reads a message that a spec wrote. @throws Error if it is none */
export function sipMessage(text: Buffer | string): SipMessage {
  const parsed = parseDatagram(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  if (parsed.kind !== 'message') throw new Error(`no message: ${parsed.kind}`);
  return parsed.message;
}

/** The request as a proxy that decided so would send it to the target: common edits, then the target's. */
export function leaving(
  request: SipMessage,
  { decision }: { readonly decision: RouteDecision },
  target = 0,
): SipMessage {
  if (decision.kind !== 'forward') throw new Error(`not forwarded: ${decision.kind}`);
  const chosen = decision.targets[target];
  if (!chosen) throw new Error('no such target');
  const edits: HeaderEdit[] = [...(decision.edits ?? []), ...(chosen.edits ?? [])];
  return sipMessage(
    editMessage(request, { ...(chosen.uri !== undefined && { requestUri: chosen.uri }), edits }),
  );
}
