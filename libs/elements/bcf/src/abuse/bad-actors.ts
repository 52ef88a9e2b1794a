import { type Clock, type Timer, isoTime } from '@esinet/kernel';
import type { Bus } from '@esinet/platform';
import type { AuditEntry } from './audit-trail.js';
import type { BadActorsConfig } from './config.js';
import type { SourceKey } from './source-key.js';
import type { SourceRegister } from './source-register.js';
import { TokenBucket } from './token-bucket.js';

/** What is in force against one source. */
export interface Measure {
  /** The identifier it was reported by. */
  readonly id: string;
  readonly key: SourceKey;
  readonly action: 'limit' | 'block';
  readonly by: string;
  /** RFC 3339 */
  readonly since: string;
  until: string;
  /** Monotonic ms. */
  ends: number;
  readonly bucket: TokenBucket;
  /** Requests refused under it. */
  refused: number;
}

/** What others may know of it. */
export interface ShownMeasure {
  readonly id: string;
  readonly action: 'limit' | 'block';
  readonly by: string;
  readonly since: string;
  readonly until: string;
  readonly refused: number;
  /** The peer it is behind, or its address. */
  readonly peer?: string;
  readonly address?: string;
}

/** Sources that PSAPs have reported, and what is done about each for a time. NENA i3 shape: BadActors. */
export class BadActors {
  readonly #measures = new Map<string, Measure>();
  readonly #timers = new Map<string, Timer>();

  constructor(
    private readonly config: BadActorsConfig,
    private readonly o: {
      readonly clock: Clock;
      readonly bus: Bus;
      readonly sources: SourceRegister;
      readonly audit: { append(entry: AuditEntry): Promise<void> };
    },
  ) {}

  get size(): number {
    return this.#measures.size;
  }

  /** What is in force against a source now. */
  of(key: SourceKey): Measure | undefined {
    if (this.#measures.size === 0) return undefined;
    const measure = this.#measures.get(key.measured);
    return measure && measure.ends > this.o.clock.now() ? measure : undefined;
  }

  /** Undefined where the identifier is not known (any more). `by` names the element that reports. */
  async report(id: string, by: string): Promise<ShownMeasure | undefined> {
    const key = this.o.sources.find(id);
    if (!key) return undefined;
    const { clock } = this.o;
    const ends = clock.now() + this.config.duration;
    const until = isoTime(clock.wall() + this.config.duration);
    const known = this.of(key);
    const measure: Measure = known ?? {
      id,
      key,
      action: this.config.action,
      by,
      since: isoTime(clock.wall()),
      until,
      ends,
      bucket: new TokenBucket(this.config.rate, clock.now()),
      refused: 0,
    };
    measure.until = until;
    measure.ends = ends;
    if (!known) {
      if (this.#measures.size >= this.config.max) await this.#endFirst();
      this.#measures.set(key.measured, measure);
    }
    this.#endLater(measure);
    await this.#tell(known ? 'extended' : 'reported', measure, by);
    return shown(measure);
  }

  /** Ends what is in force against the source of this identifier; undefined where nothing is. */
  async undo(id: string, by: string): Promise<ShownMeasure | undefined> {
    const measured = this.o.sources.find(id)?.measured;
    const measure =
      (measured === undefined ? undefined : this.#measures.get(measured)) ??
      [...this.#measures.values()].find((each) => each.id === id);
    if (!measure) return undefined;
    this.#remove(measure);
    await this.#tell('undone', measure, by);
    return shown(measure);
  }

  list(): ShownMeasure[] {
    return [...this.#measures.values()].map(shown);
  }

  close(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #endLater(measure: Measure): void {
    const { measured } = measure.key;
    this.#timers.get(measured)?.cancel();
    const timer = this.o.clock.after(measure.ends - this.o.clock.now(), () => {
      this.#remove(measure);
      void this.#tell('ended', measure);
    });
    this.#timers.set(measured, timer);
  }

  async #endFirst(): Promise<void> {
    let first: Measure | undefined;
    for (const each of this.#measures.values()) if (!first || each.ends < first.ends) first = each;
    if (!first) return;
    this.#remove(first);
    await this.#tell('ended', first);
  }

  #remove({ key }: Measure): void {
    this.#measures.delete(key.measured);
    this.#timers.get(key.measured)?.cancel();
    this.#timers.delete(key.measured);
  }

  async #tell(what: AuditEntry['what'], measure: Measure, by?: string): Promise<void> {
    const { id, action, until, key } = measure;
    const entry: AuditEntry = {
      at: isoTime(this.o.clock.wall()),
      what,
      id,
      ...(by !== undefined && { by }),
      action,
      until,
      ...(key.peer !== undefined && { peer: key.peer }),
    };
    this.o.bus.publish('events.bcf.bad-actor', { element: 'bcf', ...entry });
    await this.o.audit.append(entry);
  }
}

function shown({ id, action, by, since, until, refused, key }: Measure): ShownMeasure {
  const where = key.peer === undefined ? { address: key.origin } : { peer: key.peer };
  return { id, action, by, since, until, refused, ...where };
}
