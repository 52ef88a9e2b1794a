import { type Clock, type Timer, isoTime } from '@esinet/kernel';
import type { Bus } from '@esinet/platform';
import type { AuditEntry } from './audit-trail.js';
import type { BadActorsConfig } from './config.js';
import type { MeasuresHere, SharedMeasures, ToldMeasure } from './shared-measures.js';
import { type SourceKey, seal, sealed } from './source-key.js';
import type { SourceRegister } from './source-register.js';
import { TokenBucket } from './token-bucket.js';

/** What is in force against one source. */
export interface Measure {
  /** The identifier it was reported by. */
  readonly id: string;
  /** Sealed. */
  readonly key: SourceKey;
  readonly action: 'limit' | 'block';
  readonly by: string;
  /** RFC 3339 */
  readonly since: string;
  until: string;
  /** Monotonic ms. */
  ends: number;
  readonly bucket: TokenBucket;
  /** Requests refused under it, here. */
  refused: number;
  /** It was reported to another border, which tells of its end. */
  readonly elsewhere: boolean;
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

/**
 * Sources that PSAPs have reported, to this border or another one, and what is done about each for a time. NENA i3 shape:
 * BadActors.
 */
export class BadActors implements MeasuresHere {
  readonly #measures = new Map<string, Measure>();
  readonly #timers = new Map<string, Timer>();

  constructor(
    private readonly config: BadActorsConfig,
    private readonly o: {
      readonly clock: Clock;
      readonly bus: Bus;
      readonly sources: SourceRegister;
      readonly audit: { append(entry: AuditEntry): Promise<void> };
      /** The other borders; without it there are none. */
      readonly shared?: SharedMeasures;
    },
  ) {
    o.shared?.start(this);
  }

  get size(): number {
    return this.#measures.size;
  }

  /** What is in force against a source now. */
  of(key: SourceKey): Measure | undefined {
    if (this.#measures.size === 0) return undefined;
    return this.#against(seal(key.measured));
  }

  #against(measured: string): Measure | undefined {
    const measure = this.#measures.get(measured);
    return measure && measure.ends > this.o.clock.now() ? measure : undefined;
  }

  /** Undefined where the identifier is not known (any more). `by` names the element that reports. */
  async report(id: string, by: string): Promise<ShownMeasure | undefined> {
    const found = this.o.sources.find(id);
    const key = found ? sealed(found) : await this.o.shared?.source(id);
    if (!key) return undefined;
    const { clock } = this.o;
    const ends = clock.now() + this.config.duration;
    const until = isoTime(clock.wall() + this.config.duration);
    const known = this.#against(key.measured);
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
      elsewhere: false,
    };
    measure.until = until;
    measure.ends = ends;
    if (!known) {
      if (this.#measures.size >= this.config.max) await this.#endFirst();
      this.#measures.set(key.measured, measure);
    }
    this.#endLater(measure);
    void this.o.shared?.put(toldOf(measure), this.config.duration);
    await this.#tell(known ? 'extended' : 'reported', measure, by);
    return shown(measure);
  }

  /** Ends what is in force against the source of this identifier; undefined where nothing is. */
  async undo(id: string, by: string): Promise<ShownMeasure | undefined> {
    const found = this.o.sources.find(id);
    const measured = found ? seal(found.measured) : (await this.o.shared?.source(id))?.measured;
    const measure =
      (measured === undefined ? undefined : this.#measures.get(measured)) ??
      [...this.#measures.values()].find((each) => each.id === id);
    if (!measure) return undefined;
    this.#remove(measure);
    void this.o.shared?.undone(toldOf(measure), measure.ends - this.o.clock.now());
    await this.#tell('undone', measure, by);
    return shown(measure);
  }

  list(): ShownMeasure[] {
    return [...this.#measures.values()].map(shown);
  }

  told(): ReadonlyMap<string, ToldMeasure> {
    return new Map([...this.#measures.values()].map((measure) => [measure.id, toldOf(measure)]));
  }

  /** Nothing is in force for longer than if it had been reported here, whatever another border says. */
  apply(told: ToldMeasure, leftMs: number): void {
    const left = Math.min(leftMs, this.config.duration);
    if (!(left > 0)) return;
    const { clock } = this.o;
    const ends = clock.now() + left;
    const known = this.#against(told.key.measured);
    if (known && known.ends >= ends) return;
    const until = isoTime(clock.wall() + left);
    if (known) Object.assign(known, { ends, until });
    const measure: Measure = known ?? {
      ...told,
      ...{ until, ends, refused: 0, elsewhere: true },
      bucket: new TokenBucket(this.config.rate, clock.now()),
    };
    if (!known) {
      if (this.#measures.size >= this.config.max) void this.#endFirst();
      this.#measures.set(told.key.measured, measure);
    }
    this.#endLater(measure);
  }

  retract({ id, measured }: { readonly id: string; readonly measured?: string }): ToldMeasure | undefined {
    const measure =
      (measured === undefined ? undefined : this.#measures.get(measured)) ??
      [...this.#measures.values()].find((each) => each.id === id);
    if (!measure) return undefined;
    this.#remove(measure);
    return toldOf(measure);
  }

  close(): void {
    this.o.shared?.close();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #endLater(measure: Measure): void {
    const { measured } = measure.key;
    this.#timers.get(measured)?.cancel();
    const timer = this.o.clock.after(measure.ends - this.o.clock.now(), () => {
      this.#remove(measure);
      if (!measure.elsewhere) void this.#tell('ended', measure);
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

function toldOf({ id, key, action, by, since, until }: Measure): ToldMeasure {
  return { id, key, action, by, since, until };
}

function shown({ id, action, by, since, until, refused, key }: Measure): ShownMeasure {
  const where = key.peer === undefined ? { address: key.origin } : { peer: key.peer };
  return { id, action, by, since, until, refused, ...where };
}
