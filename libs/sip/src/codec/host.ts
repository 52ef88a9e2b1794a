import { COLON, HOST, LBRACKET, consistsOf, decimal, isHex } from './lexical.js';

/** hostport of RFC 3261 25.1: host in lower case, an IPv6 address in its brackets. */
export interface HostPort {
  readonly host: string;
  readonly port?: number;
}

export function parseHostPort(text: string): HostPort | undefined {
  let host: string;
  let hostEnd: number;
  if (text.charCodeAt(0) === LBRACKET) {
    const close = text.indexOf(']');
    if (close < 0) return undefined;
    const address = withoutThirdColon(text.slice(1, close));
    if (!isIpv6(address)) return undefined;
    host = `[${address.toLowerCase()}]`;
    hostEnd = close + 1;
  } else {
    const colon = text.indexOf(':');
    hostEnd = colon < 0 ? text.length : colon;
    if (hostEnd === 0 || !consistsOf(text.slice(0, hostEnd), HOST, false)) return undefined;
    host = text.slice(0, hostEnd).toLowerCase();
  }
  if (hostEnd === text.length) return { host };
  if (text.charCodeAt(hostEnd) !== COLON) return undefined;
  const port = decimal(text.slice(hostEnd + 1), 65_535);
  return port === undefined ? undefined : { host, port };
}

/** RFC 5118 4.10: the grammar of RFC 3261 lets a third colon stand before an IPv4 part; tolerated, not given out. */
function withoutThirdColon(address: string): string {
  return address.includes('.') ? address.replace(':::', '::') : address;
}

/** IPv6address of RFC 3261 25.1 without the flaw of RFC 5118 4.10, without brackets and zone. */
export function isIpv6(text: string): boolean {
  if (text.length < 2 || text.length > 45) return false;
  let groups = 0;
  let elided = false;
  let at = 0;
  if (text.startsWith('::')) {
    elided = true;
    at = 2;
  }
  while (at < text.length) {
    let end = at;
    while (end < text.length && isHex(text.charCodeAt(end))) end++;
    if (text[end] === '.') {
      if (!isIpv4(text.slice(at))) return false;
      groups += 2;
      at = text.length;
      break;
    }
    if (end === at || end - at > 4) return false;
    groups++;
    at = end;
    if (at === text.length) break;
    if (text.charCodeAt(at) !== COLON) return false;
    at++;
    if (text.charCodeAt(at) === COLON) {
      if (elided) return false;
      elided = true;
      at++;
    } else if (at === text.length) return false;
  }
  return elided ? groups < 8 : groups === 8;
}

export function isIpv4(text: string): boolean {
  const octets = text.split('.');
  return (
    octets.length === 4 && octets.every((octet) => octet.length <= 3 && decimal(octet, 255) !== undefined)
  );
}
