import type { Store } from './store.js';

/**
 * Who does what only one process may do: a name is held by one holder for a time, and free after it.
 *
 * The time is counted by the store, so no clock of a holder matters. A lease may be lost while its holder works (a store
 * that is flushed, a holder that sleeps for longer than it): what must not be doubled is written under a fence
 * (`Records.claim`), and the lease only keeps two from trying. Everything rejects with StoreError `unreachable` while the
 * store is away: who cannot ask holds nothing new.
 */
export class Leases {
  constructor(private readonly store: Store) {}

  /** Takes the name for `ttlMs`, or draws it out if it is the holder's already. False: somebody else has it. */
  async acquire(name: string, holder: string, ttlMs: number): Promise<boolean> {
    return (
      (await this.store.compareAndSet(keyOf(name), undefined, holder, { ttlMs })) ||
      this.renew(name, holder, ttlMs)
    );
  }

  /** Draws it out to `ttlMs` from here. False: it is not the holder's, or not any more. */
  renew(name: string, holder: string, ttlMs: number): Promise<boolean> {
    return this.store.compareAndSet(keyOf(name), holder, holder, { ttlMs });
  }

  /** Gives it up; what somebody else holds stays theirs. */
  async release(name: string, holder: string): Promise<void> {
    await this.store.compareAndSet(keyOf(name), holder, undefined);
  }

  /** Who holds it. */
  holder(name: string): Promise<string | undefined> {
    return this.store.get(keyOf(name));
  }
}

/** Start of the keys of leases. */
export const leasePrefix = 'lease:';

function keyOf(name: string): string {
  return leasePrefix + name;
}
