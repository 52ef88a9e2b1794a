import { type Clock, type Timer, messageOf } from '@esinet/kernel';

/** Dependencies of an element, each asked by name whenever its readiness is asked. */
export interface Health {
  /** `check` gives undefined when all is fine, else the sentence that says what is not. */
  register(name: string, check: () => Promise<string | undefined>): void;
  /** `read` gives a sentence that is worth knowing though the element works, or undefined. */
  note(name: string, read: () => string | undefined): void;
  /** Called when the element begins to shut down, before its HTTP server waits for requests under way: streams end. */
  onDrain(listener: () => void): void;
  /** Called when that has been known for long enough: what was taken on is to be finished, and new work turned away. */
  onFinish(finish: () => Promise<void>): void;
}

export interface HealthReport {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, 'ok' | string>>;
  /** Where there are any. */
  readonly notes?: Readonly<Record<string, string>>;
}

/** Milliseconds one check may take before it counts as failed. */
export const healthCheckTimeoutMs = 1_000;

export class HealthChecks implements Health {
  readonly #checks = new Map<string, () => Promise<string | undefined>>();
  readonly #notes = new Map<string, () => string | undefined>();
  readonly #onDrain: (() => void)[] = [];
  readonly #onFinish: (() => Promise<void>)[] = [];
  #draining = false;

  constructor(private readonly clock: Clock) {}

  register(name: string, check: () => Promise<string | undefined>): void {
    this.#checks.set(name, check);
  }

  note(name: string, read: () => string | undefined): void {
    this.#notes.set(name, read);
  }

  onDrain(listener: () => void): void {
    this.#onDrain.push(listener);
  }

  onFinish(finish: () => Promise<void>): void {
    this.#onFinish.push(finish);
  }

  /** Resolves when everybody has finished; none can fail the others. */
  async finish(): Promise<void> {
    await Promise.allSettled(this.#onFinish.map((finish) => finish()));
  }

  /** From now on the element is not ready, and says so to whoever asks. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    for (const listener of this.#onDrain) listener();
  }

  async report(): Promise<HealthReport> {
    const answers = await Promise.all(
      Array.from(this.#checks, async ([name, check]) => [name, (await this.#ask(check)) ?? 'ok'] as const),
    );
    if (this.#draining) answers.push(['drain', 'draining']);
    const notes = Array.from(this.#notes).flatMap(([name, read]) => {
      const note = read();
      return note === undefined ? [] : [[name, note] as const];
    });
    return {
      ready: answers.every(([, answer]) => answer === 'ok'),
      checks: Object.fromEntries(answers),
      ...(notes.length > 0 ? { notes: Object.fromEntries(notes) } : {}),
    };
  }

  async #ask(check: () => Promise<string | undefined>): Promise<string | undefined> {
    let timer: Timer | undefined;
    const late = new Promise<string>((resolve) => {
      timer = this.clock.after(healthCheckTimeoutMs, () =>
        resolve(`no answer within ${healthCheckTimeoutMs} ms`),
      );
    });
    try {
      return await Promise.race([check(), late]);
    } catch (error) {
      return messageOf(error);
    } finally {
      timer?.cancel();
    }
  }
}
