import { messageOf } from '@esinet/kernel';
import { ErrorCode, NatsError } from 'nats';
import type { NatsConfig } from './bus-config.js';

/** Why there is no connection, in words for the operator. */
export function natsFailure(error: unknown, config: NatsConfig): string {
  const code = error instanceof NatsError ? error.code : undefined;
  switch (code) {
    case ErrorCode.AuthorizationViolation:
      return refusal(config);
    case ErrorCode.AuthenticationExpired:
    case ErrorCode.AccountExpired:
      return 'the credentials have expired';
    case ErrorCode.Timeout:
    case ErrorCode.ConnectionTimeout:
      return `no answer within ${config.connectTimeout} ms`;
    case ErrorCode.ConnectionRefused:
      return 'it closed the connection';
    case ErrorCode.ServerOptionNotAvailable:
      return 'it offers no TLS, and bus.tls asks for it';
    default:
      return messageOf(error) || 'it closed the connection';
  }
}

function refusal({ user, nkeySeed, credentials, tls }: NatsConfig): string {
  if (user !== undefined) return 'it refuses the user or the password (bus.user, bus.password)';
  if (nkeySeed !== undefined) return 'it does not know this NKEY (bus.nkeySeed)';
  if (credentials !== undefined) return 'it refuses the credentials (bus.credentials)';
  return tls === false
    ? 'it wants a user, an NKEY or a certificate, and none is configured'
    : 'it has no user of this certificate';
}
