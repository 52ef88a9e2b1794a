import { CALL_ID, CONTENT_LENGTH, CSEQ, FROM, type HeaderId, TO, VIA, headerId } from './header-names.js';
import { copiedOctets, octets, safeName, safeUri, valueOctets } from './header-text.js';
import { reasonPhrase } from './reason-phrases.js';
import type { SipMessage } from './sip-message.js';

/** Name and value of a header line. Values are made safe as `editMessage` does. */
export type HeaderLine = readonly [name: string, value: string];

/** A request with these headers in this order (RFC 3261 7.1, 8.1.1). Content-Length is written here, one given is not. */
export function buildRequest(o: {
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly HeaderLine[];
  readonly body?: Buffer | string;
}): Buffer {
  return finish(
    `${safeName(o.method)} ${octets(safeUri(o.uri))} SIP/2.0\r\n${headerText(o.headers)}`,
    o.body,
  );
}

/**
 * RFC 3261 8.2.6: Via, From, To, Call-ID and CSeq as the request has them, Timestamp in a 100. `toTag` is added to a
 * To that has no tag, not in a 100. Headers given come after these. `topVia` stands in place of the first line of Via.
 */
export function buildResponse(
  request: SipMessage,
  status: number,
  reason?: string,
  o?: {
    readonly headers?: readonly HeaderLine[];
    readonly body?: Buffer | string;
    readonly toTag?: string;
    readonly topVia?: string;
  },
): Buffer {
  let head = `SIP/2.0 ${status} ${valueOctets(reason ?? reasonPhrase(status))}\r\n`;
  let topVia = o?.topVia;
  for (const value of copied(request, VIA)) {
    head += `Via: ${topVia ?? value}\r\n`;
    topVia = undefined;
  }
  const from = copied(request, FROM)[0];
  if (from !== undefined) head += `From: ${from}\r\n`;
  const to = copied(request, TO)[0];
  if (to !== undefined) {
    const tagged = o?.toTag === undefined || status === 100 || request.to?.tag !== undefined;
    head += tagged ? `To: ${to}\r\n` : `To: ${to};tag=${safeName(o.toTag)}\r\n`;
  }
  const callId = copied(request, CALL_ID)[0];
  if (callId !== undefined) head += `Call-ID: ${callId}\r\n`;
  const cseq = copied(request, CSEQ)[0];
  if (cseq !== undefined) head += `CSeq: ${cseq}\r\n`;
  if (status === 100) for (const value of copied(request, TIMESTAMP)) head += `Timestamp: ${value}\r\n`;
  return finish(head + headerText(o?.headers ?? []), o?.body);
}

const TIMESTAMP = headerId('Timestamp');

/** What a refused request holds may break lines: not so its answer. */
function copied(request: SipMessage, id: HeaderId): readonly string[] {
  const values = request.rawLines(id);
  return request.index.problem === undefined ? values : values.map(copiedOctets);
}

function headerText(headers: readonly HeaderLine[]): string {
  let text = '';
  for (const [name, value] of headers) {
    const safe = safeName(name);
    if (safe.length > 0 && headerId(safe) !== CONTENT_LENGTH) text += `${safe}: ${valueOctets(value)}\r\n`;
  }
  return text;
}

function finish(head: string, body: Buffer | string | undefined): Buffer {
  const content = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  const length = content?.length ?? 0;
  const text = `${head}Content-Length: ${length}\r\n\r\n`;
  const out = Buffer.allocUnsafe(text.length + length);
  out.write(text, 0, text.length, 'latin1');
  content?.copy(out, text.length);
  return out;
}
