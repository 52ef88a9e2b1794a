import type { Clock } from '@esinet/kernel';
import type { Destination } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';
import { isFlow } from '../transaction/transport-port.js';

/** Destinations remembered at most. */
const most = 1_000;

/**
 * Destinations that were silent or refused lately. RFC 3263 4.3 and RFC 4321 1.2: without this memory every request
 * would wait for the dead one again before it goes to the living.
 */
export class FailedDestinations {
  readonly #until = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly cooldownMs: number,
  ) {}

  failed(where: Destination | Flow): void {
    if (this.cooldownMs <= 0 || isFlow(where)) return;
    if (this.#until.size >= most) this.#until.clear();
    this.#until.set(keyOf(where), this.clock.now() + this.cooldownMs);
  }

  answered(where: Destination | Flow): void {
    if (this.#until.size > 0 && !isFlow(where)) this.#until.delete(keyOf(where));
  }

  isAvoided(where: Destination | Flow | undefined): boolean {
    if (!where || this.#until.size === 0 || isFlow(where)) return false;
    const until = this.#until.get(keyOf(where));
    if (until === undefined) return false;
    if (until > this.clock.now()) return true;
    this.#until.delete(keyOf(where));
    return false;
  }

  /** The same ones, those to be avoided at the end: when all have failed, all are tried. */
  lastTried<T>(items: readonly T[], destination: (item: T) => Destination | Flow | undefined): readonly T[] {
    if (this.#until.size === 0 || items.length < 2) return items;
    const avoided = items.filter((item) => this.isAvoided(destination(item)));
    return avoided.length === 0 ? items : [...items.filter((item) => !avoided.includes(item)), ...avoided];
  }
}

function keyOf({ transport, address, port }: Destination): string {
  return `${transport} ${address} ${port}`;
}
