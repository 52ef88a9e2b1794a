import type { SipMessage } from '../codec/sip-message.js';
import { parseNameAddr } from '../codec/name-addr.js';
import { type Uri, parseUri } from '../codec/uri.js';

/** One Contact value of a REGISTER. RFC 3261 10.2.1 */
export interface ContactValue {
  readonly uri: Uri;
  /** Seconds; undefined where the value says nothing. */
  readonly expires: number | undefined;
  readonly q: number;
  readonly instance: string | undefined;
  readonly regId: string | undefined;
}

/** The Contacts: `*`, the values, or undefined where one cannot be read. */
export function readContacts(request: SipMessage): '*' | ContactValue[] | undefined {
  const values = request.values('Contact');
  if (values.length === 1 && values[0]!.trim() === '*') return '*';
  const contacts: ContactValue[] = [];
  for (const value of values) {
    const parsed = parseNameAddr(value);
    const uri = parsed && parseUri(parsed.uri);
    if (!parsed || !uri) return undefined;
    contacts.push({
      uri,
      expires: parsed.params.has('expires') ? deltaSeconds(parsed.params.get('expires')) : undefined,
      q: qValue(parsed.params.get('q')),
      instance: parsed.params.get('+sip.instance'),
      regId: parsed.params.get('reg-id'),
    });
  }
  return contacts;
}

/** RFC 3261 20.19: a value that cannot be read counts as 3600. */
export function deltaSeconds(text: string | undefined): number {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return 3_600;
  return Math.min(Number(text), 4_294_967_295);
}

function qValue(text: string | undefined): number {
  return text !== undefined && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 1;
}

/** A host that says of itself that it cannot be reached, or a WebSocket, which only the client can open. RFC 7118 5 */
export function isFlowOnly(uri: Uri): boolean {
  const transport = uri.params.get('transport')?.toLowerCase();
  return uri.host.endsWith('.invalid') || transport === 'ws' || transport === 'wss' || uri.params.has('ob');
}
