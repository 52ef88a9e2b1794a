import { randomBytes } from 'node:crypto';
import { magicCookie } from './transaction-keys.js';

/** The branch of an attempt to forward the request with this hash. */
export function branchOf(hash: string, attempt: number): string {
  return attempt === 0 ? magicCookie + hash : `${magicCookie}${hash}.${attempt}`;
}

export function randomBranch(): string {
  return magicCookie + randomBytes(8).toString('hex');
}

/** RFC 3261 17.1.3: the branch of our top Via and the method of CSeq. */
export function clientKey(branch: string, method: string): string {
  return `${branch} ${method}`;
}

/** The branch in a key of `clientKey`. */
export function branchOfKey(key: string): string {
  return key.slice(0, key.lastIndexOf(' '));
}
