/** Milliseconds over which the share is kept to. */
const windowMs = 1_000;

/** How much of its time a process spends on saying no: `share` of it, 0 to 1, on the mean of a second. */
export class RefusingBudget {
  #left: number;
  #at: number;

  constructor(
    private readonly share: number,
    now: number,
  ) {
    this.#left = this.#most;
    this.#at = now;
  }

  /** Whether there is time for an answer. */
  has(now: number): boolean {
    this.#left = Math.min(this.#most, this.#left + Math.max(0, now - this.#at) * this.share);
    this.#at = now;
    return this.#left > 0;
  }

  /** What was spent, answered or not. The debt is bounded, so that silence ends soon after the flood. */
  spend(ms: number): void {
    this.#left = Math.max(-this.#most, this.#left - ms);
  }

  get #most(): number {
    return windowMs * this.share;
  }
}
