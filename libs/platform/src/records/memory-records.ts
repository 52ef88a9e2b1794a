import {
  type Fence,
  type ListOptions,
  type RecordWrite,
  type Records,
  RecordsError,
  type StoredRecord,
  type WriteOutcome,
  checkCollection,
  checkKey,
  defaultListLimit,
  encodeValue,
  fencedError,
} from './records.js';

/** Records that end with the process: for tests and demonstrations, never for what a person was promised. */
export class MemoryRecords implements Records {
  readonly exclusive = true;
  readonly #collections = new Map<string, Map<string, string>>();
  readonly #epochs = new Map<string, number>();
  #closed = false;

  async append(collection: string, key: string, value: unknown): Promise<'stored' | 'duplicate'> {
    const records = this.#records(collection, key);
    const text = encodeValue(value);
    if (records.has(key)) return 'duplicate';
    records.set(key, text);
    return 'stored';
  }

  async put(collection: string, key: string, value: unknown): Promise<void> {
    this.#records(collection, key).set(key, encodeValue(value));
  }

  async get(collection: string, key: string): Promise<unknown> {
    const text = this.#records(collection, key).get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async list(collection: string, options: ListOptions = {}): Promise<StoredRecord[]> {
    const { prefix = '', limit = defaultListLimit, after, reverse = false } = options;
    const records = this.#records(collection, 'any');
    const sign = reverse ? -1 : 1;
    return [...records]
      .filter(([key]) => key.startsWith(prefix) && (after === undefined || sign * byBytes(key, after) > 0))
      .sort(([a], [b]) => sign * byBytes(a, b))
      .slice(0, limit)
      .map(([key, text]) => ({ key, value: JSON.parse(text) as unknown }));
  }

  async write(writes: readonly RecordWrite[], fence?: Fence): Promise<WriteOutcome[]> {
    const ready = writes.map(({ kind, collection, key, value }) => ({
      kind,
      key,
      records: this.#records(collection, key),
      text: encodeValue(value),
    }));
    if (fence && this.#epochs.get(fence.name) !== fence.epoch) throw fencedError(fence);
    return ready.map(({ kind, key, records, text }) => {
      if (kind === 'append' && records.has(key)) return 'duplicate';
      records.set(key, text);
      return 'stored';
    });
  }

  async claim(name: string): Promise<Fence> {
    if (this.#closed) throw new RecordsError('closed', 'the records are closed');
    checkKey(name);
    const epoch = (this.#epochs.get(name) ?? 0) + 1;
    this.#epochs.set(name, epoch);
    return { name, epoch };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async check(): Promise<string | undefined> {
    return this.#closed ? 'the records are closed' : undefined;
  }

  #records(collection: string, key: string): Map<string, string> {
    if (this.#closed) throw new RecordsError('closed', 'the records are closed');
    checkCollection(collection);
    checkKey(key);
    let records = this.#collections.get(collection);
    if (!records) this.#collections.set(collection, (records = new Map()));
    return records;
  }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
