import { type Logger, messageOf } from '@esinet/kernel';
import type { TlsOptions } from './tls-options.js';

/**
 * Certificate, key and trust that may be exchanged while the program runs: `tls` always says the present ones, and who
 * made something of them (a listener, an agent) hears of a change.
 */
export interface LiveTls {
  readonly tls: TlsOptions;
  /** From now on these. Returns whether anything is different. */
  replace(next: TlsOptions): boolean;
}

export function liveTls(first: TlsOptions, logger: Logger): LiveTls {
  let current = first;
  const callbacks = new Set<() => void>();
  return {
    // Own members, so that a copy made with `...` has what was in force when it was made.
    tls: {
      get key() {
        return current.key;
      },
      get cert() {
        return current.cert;
      },
      get ca() {
        return current.ca;
      },
      get ownCa() {
        return current.ownCa ?? current.ca;
      },
      get revoked() {
        return current.revoked ?? none;
      },
      onChanged: (callback) => {
        // An entry of its own, so that one function registered twice counts twice.
        const entry = () => callback();
        callbacks.add(entry);
        return () => void callbacks.delete(entry);
      },
    },
    replace(next) {
      if (same(current, next)) return false;
      current = next;
      for (const callback of callbacks) {
        try {
          callback();
        } catch (error) {
          logger.error('tls rotation failed', { reason: messageOf(error) });
        }
      }
      return true;
    },
  };
}

const none: ReadonlySet<string> = new Set();

function same(a: TlsOptions, b: TlsOptions): boolean {
  const texts = ({ key, cert, ca, ownCa, revoked }: TlsOptions) =>
    [key, cert, ca, ownCa ?? ca, ...[...(revoked ?? none)].sort()].join('\n');
  return texts(a) === texts(b);
}
