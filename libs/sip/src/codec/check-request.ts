import { STRIDE } from './header-index.js';
import { CALL_ID, CSEQ, FROM, MAX_FORWARDS, TO } from './header-names.js';
import { parseNameAddr } from './name-addr.js';
import type { SipMessage } from './sip-message.js';
import { parseUri } from './uri.js';

/** The answer a request that is not in order deserves. */
export interface RequestFlaw {
  readonly status: number;
  readonly reason: string;
  readonly headers?: [string, string][];
}

/**
 * What every element checks (RFC 3261 16.3 step 1, 8.1.1): version, Request-URI, and the mandatory headers once each
 * and well-formed. A scheme nobody knows is no flaw (16.3 step 2 is a step of its own), nor is anything a proxy need not
 * understand. A missing Max-Forwards is none (16.3 step 3); 0 is the proxy's own affair.
 */
export function checkRequest(m: SipMessage): RequestFlaw | undefined {
  if (!m.isVersion2) return { status: 505, reason: 'Version Not Supported' };
  const uri = parseUri(m.requestUri);
  if (uri === undefined) return bad('Malformed Request-URI');
  // RFC 3261 19.1.1: headers are not allowed in a Request-URI; forwarding them is worse than refusing (RFC 4475 3.1.2.11)
  if (uri.headers !== undefined) return bad('Headers In Request-URI');
  if (m.topVia === undefined) return bad('Missing Or Malformed Via');
  const repeated = repeatedHeader(m);
  if (repeated !== undefined) return bad(`Repeated ${repeated}`);
  if (m.from === undefined) return bad('Missing Or Malformed From');
  if (m.to === undefined) return bad('Missing Or Malformed To');
  if (m.callId === undefined) return bad('Missing Call-ID');
  const { cseq } = m;
  if (cseq === undefined) return bad('Missing Or Malformed CSeq');
  if (cseq.method !== m.method) return bad('CSeq Method Mismatch');
  if (m.maxForwards === undefined && m.has('Max-Forwards')) return bad('Malformed Max-Forwards');
  return undefined;
}

/** What a user agent or registrar understands. */
export interface UserAgentAbilities {
  /** option tags (RFC 3261 8.2.2.3) */
  readonly extensions?: readonly string[];
  /** media types such as `text/plain`, lower case; all where absent (RFC 3261 8.2.3) */
  readonly contentTypes?: readonly string[];
}

/**
 * What only an end element may refuse, after `checkRequest`: Contact it has to use, extensions it has to know, a body
 * it has to read. A Date in another time zone is left alone: nothing here depends on it (RFC 4475 3.1.2.12).
 */
export function checkForUserAgent(
  m: SipMessage,
  abilities: UserAgentAbilities = {},
): RequestFlaw | undefined {
  for (const contact of m.values('Contact'))
    if (contact !== '*' && parseNameAddr(contact) === undefined) return bad('Malformed Contact');
  const unknown = unknownExtensions(m, 'Require', abilities.extensions ?? []);
  // RFC 3261 8.2.2.3: never in ACK or CANCEL
  if (unknown.length > 0 && m.method !== 'ACK' && m.method !== 'CANCEL')
    return { status: 420, reason: 'Bad Extension', headers: [['Unsupported', unknown.join(', ')]] };
  const { contentTypes } = abilities;
  if (contentTypes !== undefined && m.body.length > 0) {
    const type = m.contentType;
    if (type === undefined || !contentTypes.includes(`${type.type}/${type.subtype}`))
      return {
        status: 415,
        reason: 'Unsupported Media Type',
        headers: [['Accept', contentTypes.join(', ')]],
      };
  }
  return undefined;
}

/** Option tags of that header that are not among `known` (RFC 3261 8.2.2.3, 16.3 step 5). */
export function unknownExtensions(
  m: SipMessage,
  header: 'Require' | 'Proxy-Require',
  known: readonly string[],
): string[] {
  if (!m.has(header)) return [];
  return m.values(header).filter((tag) => !known.includes(tag.toLowerCase()));
}

function bad(reason: string): RequestFlaw {
  return { status: 400, reason };
}

/** RFC 3261 7.3.1: of these there is one line. RFC 4475 3.3.8. */
function repeatedHeader(m: SipMessage): string | undefined {
  const { lines } = m.index;
  let from = 0;
  let to = 0;
  let callId = 0;
  let cseq = 0;
  let maxForwards = 0;
  for (let line = 0; line < lines.length; line += STRIDE) {
    const id = lines[line]!;
    if (id === FROM) from++;
    else if (id === TO) to++;
    else if (id === CALL_ID) callId++;
    else if (id === CSEQ) cseq++;
    else if (id === MAX_FORWARDS) maxForwards++;
  }
  if (from > 1) return 'From';
  if (to > 1) return 'To';
  if (callId > 1) return 'Call-ID';
  if (cseq > 1) return 'CSeq';
  return maxForwards > 1 ? 'Max-Forwards' : undefined;
}
