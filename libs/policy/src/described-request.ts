import { type Result, err, ok } from '@esinet/kernel';
import { type SipMessage, buildRequest, parseDatagram } from '@esinet/sip';

/** A request nobody sent, for trying policies out. */
export interface RequestDescription {
  /** MESSAGE unless given. */
  readonly method?: string;
  readonly uri: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Buffer;
}

/** The request with the headers every request has, where the description has no other. */
export function describedRequest(o: RequestDescription): Result<SipMessage, string> {
  const method = o.method ?? 'MESSAGE';
  const given = new Set(o.headers.map(([name]) => name.toLowerCase()));
  const usual: readonly (readonly [string, string])[] = [
    ['Via', 'SIP/2.0/TCP policy.invalid;branch=z9hG4bKpolicy'],
    ['Max-Forwards', '70'],
    ['From', '<sip:anonymous@anonymous.invalid>;tag=1'],
    ['To', `<${o.uri}>`],
    ['Call-ID', 'policy'],
    ['CSeq', `1 ${method}`],
  ];
  const headers = [...usual.filter(([name]) => !given.has(name.toLowerCase())), ...o.headers];
  return readSipRequest(
    buildRequest({ method, uri: o.uri, headers, ...(o.body !== undefined && { body: o.body }) }),
  );
}

/** A request as it went over the wire; lines may end with LF alone. */
export function readSipRequest(bytes: Buffer): Result<SipMessage, string> {
  const parsed = parseDatagram(wireLines(bytes));
  if (parsed.kind !== 'message') return err('is no SIP message');
  return parsed.message.isRequest ? ok(parsed.message) : err('is a response, not a request');
}

/** Editors save lines with LF; SIP ends them with CRLF (RFC 3261 7). The body stays as it is. */
function wireLines(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  if (text.includes('\r\n')) return bytes;
  const end = text.indexOf('\n\n');
  const head = (end < 0 ? text.trimEnd() : text.slice(0, end)).replaceAll('\n', '\r\n');
  // A Content-Length that was written for other line ends would cut the body.
  const lines = head.split('\r\n').filter((line) => !/^(content-length|l)\s*:/i.test(line));
  const body = end < 0 ? '' : text.slice(end + 2);
  lines.push(`Content-Length: ${body.length}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}
