import { messageOf } from '@esinet/kernel';
import { StoreError } from './store.js';

/** What an error of Redis or of the connection to it means to who asked. */
export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const message = messageOf(error);
  if (message.startsWith('NOTANUMBER')) return new StoreError('not-a-number', message);
  if (message.startsWith('OOM')) return new StoreError('full', 'Redis has no memory left (maxmemory)');
  return new StoreError('unreachable', sentenceOf(error));
}

/** Why Redis is not to be had, for its operator. Holds no password. */
export function sentenceOf(error: unknown): string {
  const inner = innermost(error);
  const message = messageOf(inner);
  if (message.includes('WRONGPASS') || message.includes('invalid password'))
    return 'Redis refuses the password: see store.user and store.passwordFile';
  if (message.includes('NOAUTH')) return 'Redis asks for a password: give store.passwordFile';
  if (message.includes('NOPERM')) return `Redis does not let store.user do what is needed: ${message}`;
  // With a pause in it that differs each time.
  if (message.startsWith('All sentinels are unreachable'))
    return 'no sentinel names a master that can be reached';
  if (message.includes('MISCONF')) return `Redis takes no writes: ${message}`;
  return message === '' ? codeOf(inner) : message;
}

/** A Cluster tells what its last node said, a connection to a name what each address said. */
function innermost(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return error;
  if ('lastNodeError' in error && error.lastNodeError) return innermost(error.lastNodeError);
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  return error;
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error
    ? String(error.code)
    : 'no reason given';
}
