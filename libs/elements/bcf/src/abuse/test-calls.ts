/**
 * When each source made its last test call that was taken. TS 103 698 6.1.2.10: one within 2 min and no more. A test
 * that failed may be tried again.
 */
export class TestCalls {
  readonly #last = new Map<string, number>();

  constructor(private readonly o: { readonly intervalMs: number; readonly max: number }) {}

  /** `now` in monotonic milliseconds. */
  allowed(identity: string, now: number): boolean {
    const last = this.#last.get(identity);
    return last === undefined || now - last >= this.o.intervalMs;
  }

  taken(identity: string, now: number): void {
    this.#last.delete(identity);
    this.#last.set(identity, now);
    if (this.#last.size <= this.o.max) return;
    for (const oldest of this.#last.keys()) {
      this.#last.delete(oldest);
      return;
    }
  }
}
