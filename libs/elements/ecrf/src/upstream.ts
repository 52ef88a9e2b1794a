import { type Clock, type Result, err, ok } from '@esinet/kernel';
import type { LostAnswer, LostClient, LostClientError, LostErrorCode, LostRequest } from '@esinet/lost';
import type { Metrics } from '@esinet/platform';

/** Why another server gave no LoST answer, as RFC 5222 section 13.1 calls it. */
export interface UpstreamProblem {
  readonly code: Extract<LostErrorCode, 'serverTimeout' | 'serverError' | 'internalError'>;
  readonly message: string;
}

/** Finds the server of a LoST name; undefined: there is none to be found. */
export type LostServers = (name: string, signal: AbortSignal) => Promise<LostClient | undefined>;

export interface UpstreamLimits {
  /** Failures in a row after which a server is left alone. */
  readonly failures: number;
  /** For how long; then one question is let through. Milliseconds. */
  readonly pauseMs: number;
  /** Questions under way to one server. */
  readonly perServer: number;
  /** Questions under way altogether. */
  readonly total: number;
}

interface Known {
  failures: number;
  askAgainAt: number;
  underWay: number;
}

/** Servers whose state is remembered; a redirect may name any number. */
const MAX_KNOWN = 1_000;

/** Asks other LoST servers: bounded in time and number, and none again that has just not answered. Never rejects. */
export class Upstreams {
  readonly #known = new Map<string, Known>();
  readonly #asked;
  #underWay = 0;

  constructor(
    private readonly servers: LostServers,
    private readonly clock: Clock,
    private readonly limits: UpstreamLimits,
    metrics: Metrics,
    /** Names that may stand in a metric; others are counted together. */
    private readonly configured: ReadonlySet<string>,
  ) {
    this.#asked = metrics.counter(
      'esinet_lost_upstream_total',
      'Questions to other LoST servers by server and what came of them',
      ['server', 'result'],
    );
  }

  async ask(
    name: string,
    request: LostRequest,
    timeoutMs: number,
  ): Promise<Result<LostAnswer, UpstreamProblem>> {
    const asked = await this.#ask(name, request, timeoutMs);
    const server = this.configured.has(name) ? name : 'discovered';
    this.#asked.inc({ server, result: asked.ok ? asked.value.type : asked.error.code });
    return asked;
  }

  async #ask(
    name: string,
    request: LostRequest,
    timeoutMs: number,
  ): Promise<Result<LostAnswer, UpstreamProblem>> {
    if (timeoutMs <= 0) return err({ code: 'serverTimeout', message: 'no time left to ask' });
    const known = this.#of(name);
    if (known.failures >= this.limits.failures) {
      if (this.clock.now() < known.askAgainAt) {
        return err({ code: 'serverTimeout', message: 'the server did not answer lately' });
      }
      known.askAgainAt = this.clock.now() + this.limits.pauseMs;
    }
    if (known.underWay >= this.limits.perServer || this.#underWay >= this.limits.total) {
      return err({ code: 'internalError', message: 'too many questions under way' });
    }
    known.underWay += 1;
    this.#underWay += 1;
    try {
      const asked = await this.#within(name, request, timeoutMs);
      if (asked.ok) known.failures = 0;
      else {
        known.failures = Math.min(known.failures + 1, this.limits.failures);
        known.askAgainAt = this.clock.now() + this.limits.pauseMs;
      }
      return asked;
    } finally {
      known.underWay -= 1;
      this.#underWay -= 1;
    }
  }

  async #within(
    name: string,
    request: LostRequest,
    timeoutMs: number,
  ): Promise<Result<LostAnswer, UpstreamProblem>> {
    const abort = new AbortController();
    let giveUp: (late: Result<LostAnswer, UpstreamProblem>) => void = () => undefined;
    const late = new Promise<Result<LostAnswer, UpstreamProblem>>((resolve) => (giveUp = resolve));
    const timer = this.clock.after(timeoutMs, () => {
      giveUp(err({ code: 'serverTimeout', message: 'the server did not answer in time' }));
      abort.abort();
    });
    const asking = this.#client(name, request, abort.signal);
    try {
      return await Promise.race([asking, late]);
    } finally {
      timer.cancel();
    }
  }

  async #client(
    name: string,
    request: LostRequest,
    signal: AbortSignal,
  ): Promise<Result<LostAnswer, UpstreamProblem>> {
    try {
      const client = await this.servers(name, signal);
      if (!client) return err({ code: 'internalError', message: 'the responsible server is not known here' });
      const answered = await client.ask(request, { signal });
      return answered.ok ? ok(answered.value) : err(problemOf(answered.error));
    } catch {
      return err({ code: 'internalError', message: 'the responsible server could not be asked' });
    }
  }

  #of(name: string): Known {
    const known = this.#known.get(name);
    if (known) return known;
    const fresh: Known = { failures: 0, askAgainAt: 0, underWay: 0 };
    this.#known.set(name, fresh);
    for (const [oldest, { underWay }] of this.#known) {
      if (this.#known.size <= MAX_KNOWN) break;
      if (underWay === 0 && oldest !== name) this.#known.delete(oldest);
    }
    return fresh;
  }
}

/** RFC 5222 section 13.1: no answer is serverTimeout, one that is none is serverError. */
function problemOf(error: LostClientError): UpstreamProblem {
  switch (error.code) {
    case 'timeout':
    case 'aborted':
      return { code: 'serverTimeout', message: 'the server did not answer in time' };
    case 'unreachable':
      return { code: 'serverTimeout', message: 'the server cannot be reached' };
    case 'http':
    case 'malformed':
    case 'too-large':
      return { code: 'serverError', message: 'the answer of the server is not usable' };
  }
}
