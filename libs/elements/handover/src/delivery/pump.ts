import { type Clock, type Logger, type Timer, isoTime, messageOf } from '@esinet/kernel';
import { type Exchange, type Verdict, backOff, verdictOf } from './attempt.js';
import type { Outbox, OutboxEntry } from './outbox.js';

/** A document or object as it is to be sent now, every check having been passed. */
export interface Sendable {
  readonly transactionId: string;
  /** Of a document, in the order of its actions; of an object none. */
  readonly objectIds: readonly string[];
  /** When the order ends, milliseconds since 1970: an attempt that is under way then is cut. */
  readonly until?: number;
  /** `stop`: nothing more of it may leave. */
  readonly send: (stop: AbortSignal) => Promise<Exchange>;
}

export interface PumpPorts {
  /**
   * Looks whether it may be sent at this moment: the order in force, the approvals there, the bytes those approved.
   * `wait` where it may later; `never` where it must not.
   */
  readonly prepare: (entry: OutboxEntry) => Promise<Sendable | 'wait' | 'never'>;
  /**
   * Told before the entry is written: what it rejects is tried again. `replaced`: something else stands in the place of the
   * entry already, and it is written no more.
   */
  readonly settled: (entry: OutboxEntry, verdict: Verdict) => Promise<'replaced' | void>;
  readonly isPaused: (authority: string) => boolean;
}

export interface PumpSettings {
  readonly firstPauseMs: number;
  readonly mostPauseMs: number;
  /** Looks for what waits this often, beside when it is told. */
  readonly everyMs: number;
}

/** Lanes of one authority: a large file holds up no small one, and documents keep their order. */
export type Lane = 'documents' | 'small' | 'medium' | 'large';

const smallBytes = 256 * 1_024;
const mediumBytes = 8 * 1_048_576;

export function laneOf({ kind, bytes }: Pick<OutboxEntry, 'kind' | 'bytes'>): Lane {
  if (kind === 'document') return 'documents';
  if (bytes < smallBytes) return 'small';
  return bytes < mediumBytes ? 'medium' : 'large';
}

/**
 * Which entries may leave now: of each lane of each authority its first. A document that waits holds up the documents
 * behind it, since their order is part of what is promised; objects do not wait for each other's next attempt.
 */
export function due(
  waiting: readonly OutboxEntry[],
  o: {
    readonly wall: number;
    readonly busy: ReadonlySet<string>;
    readonly isPaused: (authority: string) => boolean;
  },
): OutboxEntry[] {
  const taken = new Set<string>();
  const entries: OutboxEntry[] = [];
  for (const entry of waiting) {
    const lane = `${entry.authority} ${laneOf(entry)}`;
    if (taken.has(lane) || o.busy.has(lane) || o.isPaused(entry.authority)) continue;
    const isDue = Date.parse(entry.notBefore) <= o.wall;
    if (!isDue && entry.kind === 'object') continue;
    taken.add(lane);
    if (isDue) entries.push(entry);
  }
  return entries;
}

/** Sends what the outbox holds until it is delivered or has failed for good. */
export class DeliveryPump {
  readonly #busy = new Set<string>();
  /** Attempts under way, with the case of each. */
  readonly #attempts = new Map<AbortController, string>();
  #timer: Timer | undefined;
  #looking = false;
  #again = false;
  #closed = false;

  constructor(
    private readonly o: {
      readonly outbox: Outbox;
      readonly ports: PumpPorts;
      readonly settings: PumpSettings;
      readonly clock: Clock;
      readonly logger: Logger;
      /** 0 to 1 */
      readonly chance: () => number;
    },
  ) {}

  /** Begins, or looks at once: something was put into the outbox, a case goes on, an authority is no longer paused. */
  poke(): void {
    if (this.#closed) return;
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = true;
    this.#timer?.cancel();
    void this.#look().finally(() => {
      this.#looking = false;
      if (this.#again) {
        this.#again = false;
        this.poke();
      } else if (!this.#closed) {
        this.#timer = this.o.clock.after(this.o.settings.everyMs, () => this.poke());
      }
    });
  }

  /** Cuts what is under way of a case: it was suspended, or its order is over. */
  stop(caseId: string): void {
    for (const [attempt, of] of this.#attempts) if (of === caseId) attempt.abort();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    try {
      const { outbox, clock, ports } = this.o;
      const waiting = await outbox.waiting();
      const now = { wall: clock.wall(), busy: this.#busy, isPaused: ports.isPaused };
      for (const entry of due(waiting, now)) this.#start(entry);
    } catch (error) {
      this.o.logger.error('handover-outbox-not-read', { reason: messageOf(error) });
    }
  }

  #start(entry: OutboxEntry): void {
    const lane = `${entry.authority} ${laneOf(entry)}`;
    this.#busy.add(lane);
    void this.#attempt(entry)
      .catch((error: unknown) => {
        // Not written down: it stays as it was, and is tried again.
        this.o.logger.error('handover-attempt-failed', {
          case: entry.case,
          number: entry.number,
          reason: messageOf(error),
        });
        return false;
      })
      .then((goesOn) => {
        this.#busy.delete(lane);
        if (goesOn) this.poke();
      });
  }

  /** Whether the lane may go on at once. */
  async #attempt(entry: OutboxEntry): Promise<boolean> {
    const { outbox, ports, clock, logger } = this.o;
    const prepared = await ports.prepare(entry);
    if (prepared === 'wait') return false;
    if (prepared === 'never') {
      await outbox.put({ ...entry, state: 'failed', reason: 'not-allowed' });
      return true;
    }
    // Written before it is sent: if the process dies now, 3010 later on says that it had arrived.
    const trying: OutboxEntry = { ...entry, attempts: entry.attempts + 1, mayHaveArrived: true };
    await outbox.put(trying);
    const exchange = await this.#sent(entry, prepared);
    const verdict =
      entry.kind === 'document'
        ? verdictOf(exchange, { ...prepared, mayHaveArrived: entry.mayHaveArrived })
        : objectVerdict(exchange, entry.mayHaveArrived);
    logger.info('handover-attempt', {
      case: entry.case,
      number: entry.number,
      kind: entry.kind,
      bytes: entry.bytes,
      attempt: trying.attempts,
      verdict: verdict.kind,
      ...('code' in verdict && { code: verdict.code }),
      ...('reason' in verdict && { reason: verdict.reason }),
    });
    if ((await ports.settled(trying, verdict)) !== 'replaced') {
      await outbox.put(this.#after(trying, verdict, clock.wall()));
    }
    return verdict.kind === 'delivered' || verdict.kind === 'permanent' || verdict.kind === 'split';
  }

  async #sent(entry: OutboxEntry, { until, send }: Sendable): Promise<Exchange> {
    const { clock } = this.o;
    const attempt = new AbortController();
    this.#attempts.set(attempt, entry.case);
    const end =
      until === undefined
        ? undefined
        : clock.after(Math.min(until - clock.wall(), longestTimerMs), () => attempt.abort());
    try {
      return await send(attempt.signal);
    } finally {
      end?.cancel();
      this.#attempts.delete(attempt);
    }
  }

  #after(entry: OutboxEntry, verdict: Verdict, wall: number): OutboxEntry {
    switch (verdict.kind) {
      case 'delivered':
        return { ...entry, state: 'delivered' };
      case 'split':
      case 'permanent':
        return { ...entry, state: 'failed', reason: `error-${verdict.code}` };
      case 'retry':
      case 'pause': {
        const { firstPauseMs, mostPauseMs } = this.o.settings;
        const wait = backOff(entry.attempts, { firstMs: firstPauseMs, mostMs: mostPauseMs }, this.o.chance());
        return {
          ...entry,
          mayHaveArrived: verdict.mayHaveArrived,
          notBefore: isoTime(wall + wait),
          reason: verdict.kind === 'pause' ? `error-${verdict.code}` : verdict.reason,
        };
      }
    }
  }
}

/** A timer takes no longer time; no attempt lasts nearly as long. */
const longestTimerMs = 2_147_483_647;

/** What an answer to an object's octets means: 2xx is there; 409 after an attempt that may have arrived is too. */
export function objectVerdict(exchange: Exchange, mayHaveArrived: boolean): Verdict {
  if (exchange.kind === 'failed') {
    const { reason } = exchange;
    return { kind: 'retry', reason, mayHaveArrived: mayHaveArrived || exchange.mayHaveArrived };
  }
  const { status } = exchange;
  if ((status >= 200 && status < 300) || (status === 409 && mayHaveArrived)) return { kind: 'delivered' };
  // 404: the DeliveryObject may still be on its way through their house. TS 103 707 C.3
  return { kind: 'retry', reason: `status-${status}`, mayHaveArrived };
}
