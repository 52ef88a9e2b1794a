import { type Clock, type Result, err } from '@esinet/kernel';
import { EcrfBreaker } from './ecrf-breaker.js';
import { within } from './within.js';

/** How ECRF and LIS are asked. */
export type LookupVia = 'bus' | 'http';

/** One way to ask, for a question Q. */
export interface LookupWay<Q, A, E> {
  readonly via: LookupVia;
  readonly ask: (question: Q, signal: AbortSignal | undefined, ms: number) => Promise<Result<A, E>>;
}

/** Timeouts in a row after which a way is left out, and for how long. */
const leftOut = { failures: 3, pauseMs: 5_000 };

/**
 * One way after the other until one has an answer, all within `totalMs`. A way that is followed by another gets half of
 * the time that is left, and one that was silent a few times is left out for a while: what says at once that nobody is
 * there costs no time, and is asked each time.
 */
export class LookupWays<Q, A, E extends { readonly code: string }> {
  readonly #ways: readonly { readonly way: LookupWay<Q, A, E>; readonly breaker: EcrfBreaker }[];

  constructor(
    ways: readonly LookupWay<Q, A, E>[],
    private readonly o: {
      readonly clock: Clock;
      readonly totalMs: number;
      readonly failed: (code: 'timeout' | 'unreachable') => E;
      /** Whether an answer that is an error has to be asked for by the next way, too. */
      readonly isFinal?: (error: E) => boolean;
    },
  ) {
    this.#ways = ways.map((way) => ({ way, breaker: new EcrfBreaker(o.clock, leftOut) }));
  }

  async ask(question: Q, signal?: AbortSignal): Promise<Result<A, E>> {
    const { clock, totalMs, failed, isFinal } = this.o;
    const until = clock.now() + totalMs;
    let answer: Result<A, E> = err(failed('unreachable'));
    for (const [i, { way, breaker }] of this.#ways.entries()) {
      const left = until - clock.now();
      if (left <= 0 || signal?.aborted) break;
      const isLast = i === this.#ways.length - 1;
      if (!isLast && !breaker.mayAsk()) continue;
      const ms = isLast ? left : left / 2;
      const asked = await within(clock, ms, (late) =>
        way.ask(question, signal ? AbortSignal.any([signal, late]) : late, ms),
      ).catch(() => err(failed('unreachable')));
      answer = asked === 'timeout' ? err(failed('timeout')) : asked;
      if (!answer.ok && answer.error.code === 'timeout') breaker.failed();
      else breaker.succeeded();
      if (answer.ok || isFinal?.(answer.error)) break;
    }
    return answer;
  }
}
