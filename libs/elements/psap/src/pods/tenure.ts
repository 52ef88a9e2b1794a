import {
  type Fence,
  type RecordWrite,
  type Records,
  RecordsError,
  type WriteOutcome,
} from '@esinet/platform';

/**
 * What this process has of a call: while it lasts, nobody else writes what belongs to the call. It is found out when
 * something is written, however long this process had been asleep.
 */
export class Tenure {
  #over = false;
  /** Chats and transfers in memory that are written under it. */
  readonly users = new Set<object>();

  constructor(
    readonly key: string,
    /** Absent where no other process can write. */
    readonly fence?: Fence,
    /** The records refused a write: somebody else has the call. */
    private readonly onFenced: (tenure: Tenure) => void = () => undefined,
  ) {}

  get over(): boolean {
    return this.#over;
  }

  end(): void {
    this.#over = true;
  }

  /** All of it or nothing, in one sync. @throws RecordsError `fenced` when the call is another's, or what the records say */
  async write(records: Records, writes: readonly RecordWrite[]): Promise<WriteOutcome[]> {
    if (this.#over) throw new RecordsError('fenced', 'another process has the call');
    return writes.length === 0 ? [] : this.#write(records, writes);
  }

  /** Whether the call is still ours, as the records say. @throws RecordsError for another reason than that it is not */
  async check(records: Records): Promise<boolean> {
    if (this.#over || !this.fence) return !this.#over;
    try {
      await this.#write(records, []);
      return true;
    } catch (error) {
      if (isFenced(error)) return false;
      throw error;
    }
  }

  async #write(records: Records, writes: readonly RecordWrite[]): Promise<WriteOutcome[]> {
    try {
      return await records.write(writes, this.fence);
    } catch (error) {
      if (isFenced(error)) this.onFenced(this);
      throw error;
    }
  }
}

/** Of a process that shares its records with nobody. */
export const alone = new Tenure('');

export function isFenced(error: unknown): boolean {
  return error instanceof RecordsError && error.code === 'fenced';
}
