import type { Clock } from '@esinet/kernel';

/** Milliseconds for which an address that accepted a NOTIFY is taken to be there; addresses remembered. */
const provenMs = 600_000;
const mostProven = 10_000;

/**
 * Addresses that many NOTIFYs went to over UDP and none was accepted from lately: perhaps they never subscribed, and
 * somebody else wrote them into his datagrams. RFC 6665 6.3
 */
export class MuteAddresses {
  readonly #unanswered = new Map<string, number>();
  /** When an address last accepted a NOTIFY, the longest ago first. */
  readonly #proven = new Map<string, number>();

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly mostUnanswered: number,
  ) {}

  has(address: string): boolean {
    if ((this.#unanswered.get(address) ?? 0) < this.mostUnanswered) return false;
    return this.clock.now() - (this.#proven.get(address) ?? -Infinity) > provenMs;
  }

  sent(address: string): void {
    this.#unanswered.set(address, (this.#unanswered.get(address) ?? 0) + 1);
  }

  /** A NOTIFY has its answer, or will have none. */
  settled(address: string, accepted: boolean): void {
    const left = (this.#unanswered.get(address) ?? 1) - 1;
    if (left > 0) this.#unanswered.set(address, left);
    else this.#unanswered.delete(address);
    if (!accepted) return;
    this.#proven.delete(address);
    this.#proven.set(address, this.clock.now());
    if (this.#proven.size <= mostProven) return;
    for (const oldest of this.#proven.keys()) {
      this.#proven.delete(oldest);
      return;
    }
  }
}
