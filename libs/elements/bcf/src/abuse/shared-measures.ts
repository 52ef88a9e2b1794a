import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';
import type { Bus, Store, Subscription } from '@esinet/platform';
import { z } from 'zod';
import type { SourceKey } from './source-key.js';

/** Said when a measure begins, is extended or is undone, so that the other borders need not wait for the store. */
const subject = 'bcf.blocks';

/** Names of all measures that stand in the store. */
const indexKey = 'bcf:blocks';

/** How often what is in force is compared with the store. */
const compareMs = 10_000;

/** Attempts to change the index while others do as well. */
const indexTries = 5;

const keySchema = z.object({
  origin: z.string().max(300),
  peer: z.string().max(64).exactOptional(),
  identity: z.string().max(100),
  measured: z.string().max(100),
});

const measureSchema = z.object({
  id: z.string().min(1).max(300),
  /** Sealed. */
  key: keySchema,
  action: z.enum(['limit', 'block']),
  by: z.string().max(300),
  since: z.string().max(40),
  until: z.string().max(40),
});

/** A measure as borders tell each other of it. */
export type ToldMeasure = z.infer<typeof measureSchema>;

const saidSchema = z.discriminatedUnion('what', [
  z.object({
    what: z.literal('measure'),
    from: z.string(),
    measure: measureSchema,
    leftMs: z.number().positive(),
  }),
  z.object({ what: z.literal('undone'), from: z.string(), id: z.string(), measured: z.string() }),
]);

const storedSchema = z.union([measureSchema, z.object({ undone: z.literal(true) })]);

/** The side of `BadActors` that others reach. */
export interface MeasuresHere {
  /** What was reported here or is known of others, by identifier. */
  told(): ReadonlyMap<string, ToldMeasure>;
  /** Of another border, to be in force here for `leftMs` more. */
  apply(measure: ToldMeasure, leftMs: number): void;
  /** It was undone elsewhere: what was in force here against that source, or under that identifier. */
  retract(which: { readonly id: string; readonly measured?: string }): ToldMeasure | undefined;
}

/**
 * Measures that one border takes are in force at all of them. What is new is said on the bus; the store keeps it for those
 * who did not hear it or start later. With both away each border goes on with what it knows, and compares afterwards.
 */
export class SharedMeasures {
  #here: MeasuresHere | undefined;
  #timer: Timer | undefined;
  #subscription: Subscription | undefined;
  #closed = false;

  constructor(
    private readonly o: {
      readonly store: Store;
      readonly bus: Bus;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly instance: string;
      readonly rememberMs: number;
      readonly max: number;
    },
  ) {}

  start(here: MeasuresHere): void {
    this.#here = here;
    this.#subscription = this.o.bus.subscribe(subject, (payload) => this.#heard(payload));
    const compare = (): void => {
      if (this.#closed) return;
      this.#timer = this.o.clock.after(compareMs, compare);
      void this.compare();
    };
    compare();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#subscription?.unsubscribe();
  }

  /** The source of a call that this border gave an identifier, for reports that reach another. */
  remember(id: string, key: SourceKey): void {
    const { store, rememberMs } = this.o;
    store.set(sourceKey(id), JSON.stringify(key), { ttlMs: rememberMs }).catch(this.#failed);
  }

  forget(id: string): void {
    this.o.store.delete(sourceKey(id)).catch(this.#failed);
  }

  /** The source that another border gave this identifier. Never rejects. */
  async source(id: string): Promise<SourceKey | undefined> {
    try {
      return read(keySchema, await this.o.store.get(sourceKey(id)));
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** A measure that begins or is extended here. Resolves when the others can know; never rejects. */
  /** Never rejects: what cannot be said is in the store. */
  async put(measure: ToldMeasure, leftMs: number): Promise<void> {
    this.#say({ what: 'measure', from: this.o.instance, measure, leftMs });
    await this.#write(measure, leftMs);
  }

  /** Never rejects. */
  async undone(measure: ToldMeasure, leftMs: number): Promise<void> {
    const { id, key } = measure;
    this.#say({ what: 'undone', from: this.o.instance, id, measured: key.measured });
    await this.#writeUndone(id, leftMs);
  }

  /** What is in force here and what stands in the store become the same. Never rejects. */
  async compare(): Promise<void> {
    const here = this.#here;
    if (!here) return;
    try {
      const own = here.told();
      const ids = new Set([...own.keys(), ...idsOf(await this.o.store.get(indexKey))]);
      const over: string[] = [];
      for (const id of ids) {
        const stored = read(storedSchema, await this.o.store.get(blockKey(id)));
        const mine = own.get(id);
        if (stored && 'undone' in stored) here.retract({ id });
        else if (stored) here.apply(stored, this.#left(stored));
        // A store that was emptied.
        else if (mine) await this.#write(mine, this.#left(mine));
        else over.push(id);
      }
      if (over.length > 0) await this.#reindex((known) => known.filter((id) => !over.includes(id)));
    } catch (error) {
      this.#failed(error);
    }
  }

  #say(what: object): void {
    try {
      this.o.bus.publish(subject, what);
    } catch (error) {
      this.#failed(error);
    }
  }

  #heard(payload: unknown): void {
    const said = saidSchema.safeParse(payload);
    if (!said.success || said.data.from === this.o.instance) return;
    if (said.data.what === 'measure') return this.#here?.apply(said.data.measure, said.data.leftMs);
    const { id, measured } = said.data;
    const retracted = this.#here?.retract({ id, measured });
    // Both borders had been told of the same source at the same time, each under another name.
    if (retracted && retracted.id !== id) void this.#writeUndone(retracted.id, this.#left(retracted));
  }

  async #write(measure: ToldMeasure, leftMs: number): Promise<void> {
    if (!(leftMs > 0)) return;
    try {
      await this.o.store.set(blockKey(measure.id), JSON.stringify(measure), { ttlMs: leftMs });
      await this.#reindex((ids) => (ids.includes(measure.id) ? ids : [...ids, measure.id]));
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Kept for as long as somebody who has not heard of it would hold on to the measure. */
  async #writeUndone(id: string, leftMs: number): Promise<void> {
    if (!(leftMs > 0)) return;
    await this.o.store
      .set(blockKey(id), JSON.stringify({ undone: true }), { ttlMs: leftMs })
      .catch(this.#failed);
  }

  async #reindex(change: (ids: readonly string[]) => readonly string[]): Promise<void> {
    for (let tries = 0; tries < indexTries; tries++) {
      const before = await this.o.store.get(indexKey);
      const ids = idsOf(before);
      const changed = change(ids);
      if (changed === ids) return;
      const after = JSON.stringify(changed.slice(-this.o.max));
      if (await this.o.store.compareAndSet(indexKey, before, after)) return;
    }
  }

  /** Clocks of machines may differ: nothing lasts longer for it than where it began, as `apply` sees to. */
  #left({ until }: ToldMeasure): number {
    return Date.parse(until) - this.o.clock.wall();
  }

  readonly #failed = (error: unknown): void => {
    this.o.logger.debug('bcf-blocks-not-shared', { reason: messageOf(error) });
  };
}

function blockKey(id: string): string {
  return `bcf:block:${id}`;
}

function sourceKey(id: string): string {
  return `bcf:source:${id}`;
}

function idsOf(text: string | undefined): readonly string[] {
  return read(z.array(z.string().min(1).max(300)).max(100_000), text) ?? [];
}

/** Undefined where it is nothing, or not what it should be. */
function read<T>(schema: z.ZodType<T>, text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    const result = schema.safeParse(JSON.parse(text));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}
