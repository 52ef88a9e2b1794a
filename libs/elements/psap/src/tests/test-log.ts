import type { TestsConfig } from './test-config.js';

/** A test call, as kept in the collection `tests` under `<RFC 3339>/<test>`. */
export interface TestRecord {
  readonly version: 1;
  readonly test: string;
  /** RFC 3339 */
  readonly at: string;
  readonly centre: string;
  readonly callId: string;
  /** Where the answer goes. */
  readonly caller: string;
  readonly sender: string;
  /** The service as received. */
  readonly asked: string;
  /** Location by value in words, and where it can be fetched otherwise. */
  readonly words?: string;
  readonly reference?: string;
  readonly answer: 'pending' | 'delivered' | 'failed';
}

export const testsCollection = 'tests';

export function isTestRecord(value: unknown): value is TestRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'test' in value &&
    'asked' in value
  );
}

/** What is remembered of a test call: who, when, and under which Call Identifier it goes on, if it does. */
export interface KnownTest {
  readonly callId: string;
  readonly caller: string;
  readonly sender: string;
  /** Wall clock, milliseconds: what is remembered outlives the process. */
  readonly at: number;
}

/** How long messages of a test chat are known for such: an APP may go on for a while. */
export const rememberedForMs = 900_000;

const minuteMs = 60_000;

/** Who may test when. Holds what was within the last quarter of an hour, or the configured interval if that is longer. */
export class TestLog {
  #known: KnownTest[] = [];

  constructor(private readonly config: Pick<TestsConfig, 'enabled' | 'interval' | 'perMinute'>) {}

  get rememberedMs(): number {
    return Math.max(rememberedForMs, this.config.interval, minuteMs);
  }

  /** Whether this caller may test now. */
  admits(caller: string, now: number): boolean {
    if (!this.config.enabled) return false;
    this.#forget(now);
    // A clock that was set back makes nobody wait for longer than the interval.
    if (this.#known.some((t) => t.caller === caller && Math.abs(now - t.at) < this.config.interval))
      return false;
    return this.#known.filter((t) => Math.abs(now - t.at) < minuteMs).length < this.config.perMinute;
  }

  note(test: KnownTest): void {
    this.#known.push(test);
  }

  /** It was not one after all. */
  forget(test: KnownTest): void {
    this.#known = this.#known.filter((known) => known !== test);
  }

  /** The test chat a message belongs to. */
  of(callId: string, sender: string): KnownTest | undefined {
    return this.#known.find((t) => t.callId === callId && t.sender === sender);
  }

  #forget(now: number): void {
    const first = this.#known.findIndex((t) => Math.abs(now - t.at) < this.rememberedMs);
    if (first > 0) this.#known.splice(0, first);
    else if (first < 0) this.#known = [];
  }
}
