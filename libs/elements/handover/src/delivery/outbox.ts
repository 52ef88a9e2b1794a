import type { Records } from '@esinet/platform';

const collection = 'handover-outbox';

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
  readonly state: 'waiting' | 'delivered' | 'failed';
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

/** The queue of each authority, on disk. What is in it stays until it is delivered or has failed for good. */
export class Outbox {
  #next: number;

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
  async enqueue(
    entries: readonly Pick<OutboxEntry, 'authority' | 'case' | 'kind' | 'id' | 'bytes'>[],
    notBefore: string,
  ): Promise<OutboxEntry[]> {
    const made = entries.map((entry): OutboxEntry => {
      const number = this.#next++;
      const fresh = { state: 'waiting', attempts: 0, mayHaveArrived: false } as const;
      return { ...entry, number, ...fresh, notBefore, queuedAt: notBefore };
    });
    const last = made.at(-1);
    if (!last) return [];
    await this.records.write([
      ...made.map((entry) => ({ kind: 'put' as const, collection, key: keyOf(entry), value: entry })),
      // So that a number is never given twice, also when all entries are gone.
      { kind: 'put', collection: `${collection}.numbers`, key: digits(last.number), value: 1 },
    ]);
    return made;
  }

  async put(entry: OutboxEntry): Promise<void> {
    await this.records.put(collection, keyOf(entry), entry);
  }

  /** Everything that waits, in its order. */
  async waiting(authority?: string): Promise<OutboxEntry[]> {
    const all: OutboxEntry[] = [];
    const prefix = authority === undefined ? '' : `${authority}/`;
    for (let after: string | undefined; ;) {
      const page = await this.records.list(collection, {
        prefix,
        limit: 1_000,
        ...(after !== undefined && { after }),
      });
      for (const { value } of page) {
        const entry = value as OutboxEntry;
        if (entry.state === 'waiting') all.push(entry);
      }
      after = page.at(-1)?.key;
      if (page.length < 1_000) return all.sort((a, b) => a.number - b.number);
    }
  }

  async ofCase(caseId: string): Promise<OutboxEntry[]> {
    const page = await this.records.list(collection, { limit: 100_000 });
    return page.map(({ value }) => value as OutboxEntry).filter((entry) => entry.case === caseId);
  }
}

function keyOf({ authority, number }: Pick<OutboxEntry, 'authority' | 'number'>): string {
  return `${authority}/${digits(number)}`;
}

function digits(number: number): string {
  return String(number).padStart(12, '0');
}
