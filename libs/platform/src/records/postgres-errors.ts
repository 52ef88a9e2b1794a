import { messageOf } from '@esinet/kernel';
import { RecordsError } from './records.js';

/** The server that is spoken of in sentences: `esinet at db.internal:5432`. */
export interface ServerName {
  readonly database: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/**
 * What an error of `pg`, of the system or of TLS means. `refused` is what only a person can mend: the server or the
 * configuration; `unreachable` may pass by itself, and leaves it open whether what was under way has been committed.
 */
export function recordsErrorOf(error: unknown, server: ServerName): RecordsError {
  if (error instanceof RecordsError) return error;
  const make = (
    code: 'refused' | 'unreachable' | 'full' | 'read-only' | 'io' | 'overloaded',
    sentence: string,
  ) => new RecordsError(code, sentence, { cause: error });
  const { database, host, port, user } = server;
  const place = `${host}:${port}`;
  const text = messageOf(error) || codeOf(error);
  const code = codeOf(error);
  switch (code) {
    case '28P01':
      return make('refused', `PostgreSQL at ${place} refuses the password of ${user}`);
    case '28000':
      return make('refused', `PostgreSQL at ${place} does not let ${user} in: ${text}`);
    case '3D000':
      return make('refused', `PostgreSQL at ${place} has no database ${database}`);
    case '42501':
      return make('refused', `${user} has not the rights in ${database} at ${place}: ${text}`);
    case '53100':
      return make('full', `the disk of PostgreSQL at ${place} is full`);
    case '25006':
      return make('read-only', `PostgreSQL at ${place} takes no writes: it is a standby, or read-only`);
    case '58030':
      return make('io', `PostgreSQL at ${place} has an error of its disk: ${text}`);
    case '57014':
    case '55P03':
      return make('overloaded', `PostgreSQL at ${place} has not finished in time: ${text}`);
    case '53300':
      return make('unreachable', `PostgreSQL at ${place} has no connection to spare`);
    case 'ENOTFOUND':
      return make('unreachable', `the host ${host} of PostgreSQL is not known`);
    case 'ECONNREFUSED':
      return make('unreachable', `nobody listens at ${place}, where PostgreSQL should be`);
  }
  if (text.includes('does not support SSL')) {
    return make('refused', `PostgreSQL at ${place} offers no TLS; records.tls asks for it`);
  }
  if (text.includes('password must be a string') || text.includes('password must be a non-empty string')) {
    return make('refused', `PostgreSQL at ${place} asks ${user} for a password, and none is configured`);
  }
  if (isCertificateError(code) || isCertificateError(text)) {
    return make('refused', `PostgreSQL at ${place} shows a certificate that is not believed: ${text}`);
  }
  return make('unreachable', `PostgreSQL at ${place} cannot be reached: ${text}`);
}

/** Transactions that only met another one: the same again is likely to pass. */
export function mayPassAgain(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40P01' || code === '40001';
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function isCertificateError(text: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|certificate/.test(text);
}
