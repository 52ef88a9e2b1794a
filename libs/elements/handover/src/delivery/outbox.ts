import type { RecordWrite, Records } from '@esinet/platform';

const collection = 'handover-outbox';
const byCase = 'handover-outbox-by-case';

/** One sealed document or object on its way to an authority. Ids and counts only. */
export interface OutboxEntry {
  readonly authority: string;
  /** Place in the queue of the authority: what came first leaves first. */
  readonly number: number;
  readonly case: string;
  readonly kind: 'document' | 'object';
  /** Id of the seal or of the object. */
  readonly id: string;
  readonly bytes: number;
  /** `replaced`: the same items are on their way in other envelopes. */
  readonly state: 'waiting' | 'delivered' | 'failed' | 'replaced';
  readonly attempts: number;
  /** Whether an attempt may have arrived without our knowing. */
  readonly mayHaveArrived: boolean;
  /** RFC 3339, of the next attempt. */
  readonly notBefore: string;
  /** RFC 3339, since when it is here. */
  readonly queuedAt?: string;
  /** Why the last attempt did not do. */
  readonly reason?: string;
}

/** Entries that are looked at however they ended: one may still be on its way into the store while others have left. */
const looksBack = 1_000;

/** The queue of each authority, on disk. What is in it stays until it is delivered or has failed for good. */
export class Outbox {
  #next: number;
  /** By authority: up to this number nothing waits, and nothing will. */
  readonly #floors = new Map<string, number>();

  private constructor(
    private readonly records: Records,
    next: number,
  ) {
    this.#next = next;
  }

  static async open(records: Records): Promise<Outbox> {
    const [last] = await records.list(`${collection}.numbers`, { reverse: true, limit: 1 });
    return new Outbox(records, Number(last?.key ?? 0) + 1);
  }

  /** All of them or none; durable when it resolves. */
  async enqueue(entries: readonly NewEntry[], notBefore: string): Promise<OutboxEntry[]> {
    const { made, writes } = this.entering(entries, notBefore);
    if (writes.length > 0) await this.records.write(writes);
    return made;
  }

  /** The same, for who stores something else in the same write. A number that is never stored is a gap, no more. */
  entering(
    entries: readonly NewEntry[],
    notBefore: string,
  ): { readonly made: OutboxEntry[]; readonly writes: RecordWrite[] } {
    const made = entries.map((entry): OutboxEntry => {
      const number = this.#next++;
      const fresh = { number, state: 'waiting', attempts: 0, notBefore, queuedAt: notBefore } as const;
      return { mayHaveArrived: false, ...entry, ...fresh };
    });
    const last = made.at(-1);
    if (!last) return { made, writes: [] };
    return {
      made,
      writes: [
        ...made.map((entry) => putting(entry)),
        ...made.map((entry) => ({
          ...{ kind: 'put' as const, collection: byCase, key: `${entry.case}/${digits(entry.number)}` },
          value: entry.authority,
        })),
        // So that a number is never given twice, also when all entries are gone.
        { kind: 'put', collection: `${collection}.numbers`, key: digits(last.number), value: 1 },
      ],
    };
  }

  /** Something else goes in its place. */
  replacing(entry: OutboxEntry, reason: string): RecordWrite {
    return putting({ ...entry, state: 'replaced', reason });
  }

  async put(entry: OutboxEntry): Promise<void> {
    await this.records.put(collection, keyOf(entry), entry);
  }

  /** Everything that waits, in its order. */
  async waiting(authority?: string): Promise<OutboxEntry[]> {
    const all: OutboxEntry[] = [];
    for (const each of authority === undefined ? await this.#authorities() : [authority]) {
      all.push(...(await this.#waitingFor(each)));
    }
    return all.sort((a, b) => a.number - b.number);
  }

  /** Those that something was ever queued for. */
  async #authorities(): Promise<string[]> {
    const found: string[] = [];
    for (let after: string | undefined; ;) {
      const [next] = await this.records.list(collection, { limit: 1, ...(after !== undefined && { after }) });
      if (!next) return found;
      const authority = next.key.slice(0, next.key.indexOf('/'));
      found.push(authority);
      after = `${authority}/~`;
    }
  }

  async #waitingFor(authority: string): Promise<OutboxEntry[]> {
    const entries: OutboxEntry[] = [];
    const prefix = `${authority}/`;
    const floor = this.#floors.get(authority) ?? 0;
    for (let after = `${prefix}${digits(floor)}`; ;) {
      const page = await this.records.list(collection, { prefix, after, limit: 1_000 });
      entries.push(
        ...page.map(({ value }) => value as OutboxEntry).filter(({ state }) => state === 'waiting'),
      );
      after = page.at(-1)?.key ?? after;
      if (page.length < 1_000) break;
    }
    const settled = Math.min(entries[0]?.number ?? this.#next, this.#next - looksBack) - 1;
    this.#floors.set(authority, Math.max(floor, settled));
    return entries;
  }

  /** Everything of a case, in the order in which it came in. */
  async ofCase(caseId: string): Promise<OutboxEntry[]> {
    const entries: OutboxEntry[] = [];
    const prefix = `${caseId}/`;
    for (let after: string | undefined; ;) {
      const page = await this.records.list(byCase, { prefix, ...(after !== undefined && { after }) });
      const found = await Promise.all(
        page.map(({ key, value }) =>
          this.records.get(collection, `${String(value)}/${key.slice(prefix.length)}`),
        ),
      );
      entries.push(...found.flatMap((entry) => (entry === undefined ? [] : [entry as OutboxEntry])));
      after = page.at(-1)?.key;
      if (page.length < 1_000) return entries;
    }
  }
}

/** What is to be sent, before it has a place in the queue. */
export type NewEntry = Pick<OutboxEntry, 'authority' | 'case' | 'kind' | 'id' | 'bytes'> &
  Partial<Pick<OutboxEntry, 'mayHaveArrived'>>;

function putting(entry: OutboxEntry): RecordWrite {
  return { kind: 'put', collection, key: keyOf(entry), value: entry };
}

function keyOf({ authority, number }: Pick<OutboxEntry, 'authority' | 'number'>): string {
  return `${authority}/${digits(number)}`;
}

function digits(number: number): string {
  return String(number).padStart(12, '0');
}
