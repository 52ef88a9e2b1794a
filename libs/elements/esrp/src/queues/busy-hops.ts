import type { Clock } from '@esinet/kernel';
import { uriKey } from './uri-key.js';

/** Next hops remembered at most; beyond, all are forgotten. */
const most = 1_000;

/** Next hops without a queue that said 486 a moment ago. */
export class BusyHops {
  readonly #until = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  get isEmpty(): boolean {
    return this.#until.size === 0;
  }

  said(uri: string, ms: number): void {
    if (this.#until.size >= most) this.#until.clear();
    this.#until.set(uriKey(uri).uri, this.clock.now() + ms);
  }

  has(uri: string): boolean {
    if (this.#until.size === 0) return false;
    const key = uriKey(uri).uri;
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > this.clock.now()) return true;
    this.#until.delete(key);
    return false;
  }
}
