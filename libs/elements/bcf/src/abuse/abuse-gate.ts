import { type Clock, type Logger, isoTime } from '@esinet/kernel';
import type { Bus, Metrics, Store } from '@esinet/platform';
import type { Flow, NotAdmitted, SipMessage } from '@esinet/sip';
import type { Source } from '../policy.js';
import { Allowance, type Exhausted, allowanceOfOne } from './allowance.js';
import type { BadActors, Measure } from './bad-actors.js';
import type { AbuseConfig, BadActorsConfig } from './config.js';
import { type SourceKey, addressKey, seal, sourceKeyOf } from './source-key.js';
import { TestCalls } from './test-calls.js';
import { BucketTable } from './token-bucket.js';

/** Why something was not let in. */
export type LimitReason = Exhausted | 'bad-actor-limited' | 'bad-actor-blocked' | 'own-answers' | 'test-call';

export interface AbuseGateOptions {
  readonly config: AbuseConfig;
  readonly badActors: Pick<BadActorsConfig, 'status'>;
  readonly peers: ConstructorParameters<typeof Allowance>[1];
  readonly actors: BadActors;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Whether the request belongs to a chat or call whose way back leads where it came from. */
  readonly isRunning: (request: SipMessage, source: Source, flow: Flow) => boolean;
  /** Where test calls are known to the other borders. */
  readonly store: Store;
  readonly storeTimeoutMs: number;
  /** 0 to 1, for the spread of Retry-After. */
  readonly random: () => number;
}

/** What is asked of a flow before something of our own is said there. */
type AnswerFlow = Pick<Flow, 'id' | 'reliable' | 'remoteAddress'>;

/** One event about a source that is over its limits within this time. */
const tellEveryMs = 10_000;

/**
 * What each source may ask of the border, in front of everything that costs more: asked for each new request before any
 * state is kept. What comes from inside passes.
 */
export class AbuseGate {
  readonly #allowance: Allowance;
  readonly #answers: BucketTable;
  readonly #told: BucketTable;
  readonly #tests: TestCalls;
  readonly #count: (reason: LimitReason, outcome: 'refused' | 'dropped') => void;

  constructor(private readonly o: AbuseGateOptions) {
    const { config, metrics } = o;
    const max = config.remembered;
    this.#allowance = new Allowance(...allowanceOfOne(config, o.peers));
    this.#answers = new BucketTable({ size: config.ownAnswers, max });
    this.#told = new BucketTable({ size: { rate: 1_000 / tellEveryMs, burst: 1 }, max });
    const { store, storeTimeoutMs, clock } = o;
    this.#tests = new TestCalls({ intervalMs: config.testInterval, max, store, storeTimeoutMs, clock });
    const limited = metrics.counter(
      'esinet_bcf_limited_total',
      'Requests from outside that were not let in, by the limit they were over',
      ['reason', 'outcome'],
    );
    this.#count = (reason, outcome) => limited.inc({ reason, outcome });
  }

  /** For `TransactionLayer.admit`. */
  admit(request: SipMessage, source: Source, flow: Flow): NotAdmitted | undefined {
    if (!this.o.config.enabled || source.side === 'private') return undefined;
    const key = sourceKeyOf(request, source, flow);
    const now = this.o.clock.now();
    const measure = this.o.actors.of(key);
    if (measure) {
      const refused = this.#underMeasure(measure, key, request, source, flow, now);
      if (refused) return refused;
    }
    // Nearly all of them are answered here, some by the proxy core without asking anybody.
    if (request.method === 'OPTIONS' && !this.mayAnswer(source, flow)) return { status: 0 };
    const exhausted = this.#allowance.take(key, now, { running: false });
    if (!exhausted) return undefined;
    // Only now is it worth to read whose chat it is.
    if (this.o.isRunning(request, source, flow)) {
      const running = this.#allowance.take(key, now, { running: true });
      return running && this.#refuse(running, this.o.config.status, key, flow, now);
    }
    return this.#refuse(exhausted, this.o.config.status, key, flow, now);
  }

  /** Whether an answer of our own may go there: what looks for open doors is not told where there are none. */
  mayAnswer(source: Source, flow: AnswerFlow): boolean {
    if (!this.o.config.enabled || source.side === 'private' || source.peer?.trusted) return true;
    const now = this.o.clock.now();
    if (this.#answer(flow, now)) return true;
    this.#count('own-answers', 'dropped');
    this.#tell('own-answers', addressKey(flow.remoteAddress), undefined, now);
    return false;
  }

  /** Undefined where the source may make a test call now; else the answer. TS 103 698 6.1.2.10. Never rejects. */
  async testRefusal(
    request: SipMessage,
    source: Source,
    flow: Flow,
  ): Promise<{ readonly status: 486 } | undefined> {
    if (!this.o.config.enabled || source.side === 'private') return undefined;
    const key = sourceKeyOf(request, source, flow);
    if (await this.#tests.allowed(key.identity, this.o.clock.now())) return undefined;
    this.#count('test-call', 'refused');
    return { status: 486 };
  }

  testTaken(request: SipMessage, source: Source, flow: Flow): void {
    if (source.side === 'private') return;
    this.#tests.taken(sourceKeyOf(request, source, flow).identity, this.o.clock.now());
  }

  /** Who is behind the same address and has a chat already is not made to pay for the one who was reported. */
  #underMeasure(
    measure: Measure,
    key: SourceKey,
    request: SipMessage,
    source: Source,
    flow: Flow,
    now: number,
  ): NotAdmitted | undefined {
    if (measure.key.identity !== seal(key.identity) && this.o.isRunning(request, source, flow))
      return undefined;
    if (measure.action === 'limit' && measure.bucket.has(now)) {
      measure.bucket.take();
      return undefined;
    }
    measure.refused++;
    return measure.action === 'block'
      ? this.#refuse('bad-actor-blocked', this.o.badActors.status, key, flow, now)
      : this.#refuse('bad-actor-limited', this.o.config.status, key, flow, now);
  }

  /** With an answer while there are some left for that source, else in silence: a flood is not to have its echo. */
  #refuse(reason: LimitReason, status: number, key: SourceKey, flow: AnswerFlow, now: number): NotAdmitted {
    this.#tell(reason, key.origin, key.peer, now);
    if (key.peer === undefined && !this.#answer(flow, now)) {
      this.#count(reason, 'dropped');
      return { status: 0 };
    }
    this.#count(reason, 'refused');
    if (status === 403) return { status };
    // RFC 3261 20.33
    const seconds = Math.max(
      1,
      Math.round((this.o.config.retryAfter / 1_000) * (1 + (this.o.random() || 0))),
    );
    return { status, headers: [['Retry-After', String(seconds)]] };
  }

  /** A connection is really there, and has answers of its own; a datagram may be anybody's. */
  #answer(flow: AnswerFlow, now: number): boolean {
    const bucket = this.#answers.of(flow.reliable ? flow.id : addressKey(flow.remoteAddress), now);
    if (!bucket.has(now)) return false;
    bucket.take();
    return true;
  }

  /** Now and then, without saying who. */
  #tell(reason: LimitReason, origin: string, peer: string | undefined, now: number): void {
    const bucket = this.#told.of(origin, now);
    if (!bucket.has(now)) return;
    bucket.take();
    const of = peer === undefined ? {} : { peer };
    this.o.logger.warn('source-limited', { reason, ...of });
    this.o.bus.publish('events.bcf.limited', {
      at: isoTime(this.o.clock.wall()),
      element: 'bcf',
      reason,
      ...of,
    });
  }
}
