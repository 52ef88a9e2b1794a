import type { Clock } from '@esinet/kernel';
import type { NextHop } from '@esinet/platform';

/**
 * Next hops in the order to try them: the configured one, but those that lately failed behind the others, so that not
 * every call waits for the same dead one. None is ever left out.
 */
export class HopWatch {
  readonly #avoidUntil = new Map<NextHop, number>();

  constructor(
    private readonly hops: readonly NextHop[],
    private readonly o: { readonly clock: Clock; readonly avoidMs: number },
  ) {}

  ordered(): readonly NextHop[] {
    if (this.#avoidUntil.size === 0) return this.hops;
    const now = this.o.clock.now();
    for (const [hop, until] of this.#avoidUntil) if (until <= now) this.#avoidUntil.delete(hop);
    const avoided = (hop: NextHop) => this.#avoidUntil.has(hop);
    return [...this.hops.filter((hop) => !avoided(hop)), ...this.hops.filter(avoided)];
  }

  /** The answer came from the hop at `index` of those that were tried in this order; -1 where none answered. */
  answered(tried: readonly NextHop[], index: number): void {
    const until = this.o.clock.now() + this.o.avoidMs;
    const failed = index < 0 ? tried : tried.slice(0, index);
    for (const hop of failed) this.#avoidUntil.set(hop, until);
    const alive = tried[index];
    if (alive) this.#avoidUntil.delete(alive);
  }
}
