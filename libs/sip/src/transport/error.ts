import type { TlsRule } from './tls-rule.js';

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
  | 'no-descriptors'
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
    /** Why TLS came to nothing, where it did. */
    readonly rule?: TlsRule,
  ) {
    super(message);
  }
}

/** The reason behind an error of node:net, node:tls or ws. */
export function reasonOf(error: unknown): SipTransportReason {
  if (!(error instanceof Error) || !('code' in error)) return 'closed';
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'EMFILE':
    case 'ENFILE':
      return 'no-descriptors';
    case 'ETIMEDOUT':
      return 'timeout';
    case 'EADDRINUSE':
      return 'address-in-use';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return 'unreachable';
    case 'EPROTO':
      return 'tls';
    default:
      // What OpenSSL finds wrong with a certificate has some forty codes without a common form, and no system call.
      return 'syscall' in error || notOfTls.test(String(error.code)) ? 'closed' : 'tls';
  }
}

/** Codes of ws, and of node's own but for TLS. */
const notOfTls = /^(?:WS_|ERR_(?!TLS_|SSL_|OSSL_))/;
