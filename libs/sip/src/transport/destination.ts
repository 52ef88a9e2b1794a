import { isIPv4, isIPv6 } from 'node:net';

export type TransportName = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** Where a message goes: RFC 3263's outcome. */
export interface Destination {
  readonly transport: TransportName;
  /** IP literal, IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
  /** The identity the peer's certificate must show. RFC 5922 7.3; without it the address itself. */
  readonly serverName?: string;
  /** SHA-256 fingerprint of the authority that has to have signed it; without it one of our own. */
  readonly authority?: string;
  /** What may stand in for TLS; without it nothing may. */
  readonly fallback?: Fallback;
}

/** What a peer's policy allows where no TLS connection to it can be had. TS 103 698 6.1.1 */
export interface Fallback {
  /** Tried one after the other, at the same address. */
  readonly to: readonly { readonly transport: 'tcp' | 'udp'; readonly port: number }[];
  /**
   * Also when there is TLS and the certificate will not do: whoever is there has then failed to prove that it is the
   * peer. Default: false.
   */
  readonly onVerifyFailure?: boolean;
}

export function isTransportName(text: string): text is TransportName {
  return text === 'udp' || text === 'tcp' || text === 'tls' || text === 'ws' || text === 'wss';
}

export function isReliable(transport: TransportName): boolean {
  return transport !== 'udp';
}

export function isSecure(transport: TransportName): boolean {
  return transport === 'tls' || transport === 'wss';
}

/** RFC 3261 19.1.2, RFC 7118 5.2 */
export function defaultPort(transport: TransportName): number {
  switch (transport) {
    case 'tls':
      return 5061;
    case 'ws':
      return 80;
    case 'wss':
      return 443;
    default:
      return 5060;
  }
}

/** `host:port` as it stands in a header: IPv6 in brackets. */
export function hostPort(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** An address as the kernel names it, in the one form used here: no brackets, IPv4 not mapped into IPv6. */
export function plainAddress(address: string): string {
  if (!address.includes(':'))
    return address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
  const bare = address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
  const mapped = bare.toLowerCase().startsWith('::ffff:') ? bare.slice(7) : '';
  return isIPv4(mapped) ? mapped : bare;
}

/** Addresses whose verdict is remembered: judging one anew for each message takes longer than all else about sending. */
const maxJudged = 1_000;
const judged = new Map<string, string>();

/** As `forbiddenDestination`, for addresses met again and again. */
export function sendingProblem(address: string, port: number): string | undefined {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return 'port';
  let verdict = judged.get(address);
  if (verdict === undefined) {
    verdict = forbiddenDestination(address, 1) ?? '';
    if (judged.size >= maxJudged) judged.clear();
    // Addresses come out of messages, whose text they would keep.
    judged.set(Buffer.from(address, 'latin1').toString('latin1'), verdict);
  }
  return verdict === '' ? undefined : verdict;
}

/**
 * Why nothing may be sent there, or undefined. An answer to a broadcast, multicast or unspecified address would make
 * this element a reflector, and port 0 is nobody's.
 */
export function forbiddenDestination(address: string, port: number): string | undefined {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return 'port';
  const plain = plainAddress(address);
  if (isIPv4(plain)) {
    const first = Number(plain.slice(0, plain.indexOf('.')));
    if (first === 0) return 'unspecified';
    if (first >= 224) return first < 240 ? 'multicast' : 'broadcast';
    return undefined;
  }
  if (!isIPv6(plain)) return 'address';
  const lower = plain.toLowerCase();
  if (lower.startsWith('ff') && lower.indexOf(':') === 4) return 'multicast';
  return /^[0:]+$/.test(lower) ? 'unspecified' : undefined;
}
