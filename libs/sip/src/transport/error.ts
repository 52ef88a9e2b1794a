export type SipTransportReason =
  | 'refused'
  | 'timeout'
  | 'unreachable'
  | 'tls'
  | 'handshake'
  | 'bad-destination'
  | 'no-listener'
  | 'no-certificate'
  | 'too-many-connections'
  | 'address-in-use'
  | 'listen'
  | 'stopped'
  | 'closed';

/** A listener that could not start, or a flow that could not be had. */
export class SipTransportError extends Error {
  override readonly name = 'SipTransportError';

  constructor(
    readonly reason: SipTransportReason,
    message: string,
  ) {
    super(message);
  }
}

/** The reason behind an error of node:net, node:tls or ws. */
export function reasonOf(error: unknown): SipTransportReason {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ETIMEDOUT') return 'timeout';
  if (code === 'EADDRINUSE') return 'address-in-use';
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'EADDRNOTAVAIL') return 'unreachable';
  if (code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL') || code.includes('CERT')) return 'tls';
  if (code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' || code === 'EPROTO') return 'tls';
  return 'closed';
}
