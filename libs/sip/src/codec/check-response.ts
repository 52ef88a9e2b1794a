import { firstMemberEnd } from './header-list.js';
import { STRIDE } from './header-index.js';
import { VIA } from './header-names.js';
import { isIpv4 } from './host.js';
import type { SipMessage } from './sip-message.js';

/**
 * Why a response is to be dropped, or undefined. RFC 3261 18.1.2, 16.7: without the headers that match it to its
 * request it belongs to nobody; RFC 4475 3.3.10: a Via that names a broadcast or multicast address is an attack.
 */
export function checkResponse(m: SipMessage): string | undefined {
  if (!m.isVersion2) return 'version';
  if (m.topVia === undefined) return 'Via';
  if (m.cseq === undefined) return 'CSeq';
  if (m.callId === undefined) return 'Call-ID';
  if (m.from === undefined) return 'From';
  if (m.to === undefined) return 'To';
  const next = m.vias[1];
  if (next === undefined) return undefined;
  return isManyHosts(next.host) || isManyHosts(next.received ?? '') ? 'Via names many hosts' : undefined;
}

/**
 * Is there one Via value and no more? RFC 3261 8.1.3.3: only such a response is for who made the request; 16.7 step 3:
 * and is none to be forwarded. Looks at octets only.
 */
export function hasOneVia(m: SipMessage): boolean {
  const { lines } = m.index;
  let found = -1;
  for (let line = 0; line < lines.length; line += STRIDE) {
    if (lines[line] !== VIA) continue;
    if (found >= 0) return false;
    found = line;
  }
  if (found < 0) return false;
  const end = lines[found + 3]!;
  return firstMemberEnd(m.bytes, lines[found + 2]!, end) === end;
}

/** Broadcast, multicast and unspecified addresses. */
function isManyHosts(host: string): boolean {
  if (isIpv4(host)) return host === '0.0.0.0' || Number(host.slice(0, host.indexOf('.'))) >= 224;
  const address = host.startsWith('[') ? host.slice(1) : host;
  return address.startsWith('ff') && address.includes(':');
}
