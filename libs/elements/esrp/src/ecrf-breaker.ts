import type { Clock } from '@esinet/kernel';

/**
 * Keeps calls from waiting for an ECRF that does not answer: after `failures` failures in a row it is left alone for
 * `pauseMs`, then asked by one call, and by all again once that one was answered.
 */
export class EcrfBreaker {
  #failures = 0;
  #askAgainAt = 0;

  constructor(
    private readonly clock: Clock,
    private readonly o: { readonly failures: number; readonly pauseMs: number },
  ) {}

  get isOpen(): boolean {
    return this.#failures >= this.o.failures;
  }

  /** Whether this call may ask. Asking for it while open makes it the one probe. */
  mayAsk(): boolean {
    if (!this.isOpen) return true;
    if (this.clock.now() < this.#askAgainAt) return false;
    this.#askAgainAt = this.clock.now() + this.o.pauseMs;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures = Math.min(this.#failures + 1, this.o.failures);
    if (this.isOpen) this.#askAgainAt = this.clock.now() + this.o.pauseMs;
  }
}
