import { type Clock, isoTime } from '@esinet/kernel';
import { type Records, RecordsError } from '@esinet/platform';
import { type AuditEntry, type AuditEvent, brokenAt, chained } from './audit-chain.js';

const collection = 'handover-audit';
const page = 1_000;

/** What a look through the whole trail found. */
export interface AuditCheck {
  readonly entries: number;
  /** Hash of the last entry: noted elsewhere, it shows later that the end was not cut off. */
  readonly head: string;
  readonly broken?: { readonly number: number; readonly why: 'changed' | 'missing' };
}

/** The audit trail: nothing that has an effect happens before its entry is on disk. */
export class AuditTrail {
  #last: AuditEntry | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly records: Records,
    private readonly clock: Clock,
    last: AuditEntry | undefined,
  ) {
    this.#last = last;
  }

  static async open(records: Records, clock: Clock): Promise<AuditTrail> {
    const [last] = await records.list(collection, { reverse: true, limit: 1 });
    return new AuditTrail(records, clock, last?.value as AuditEntry | undefined);
  }

  /** Resolves when it is durable. @throws RecordsError */
  write(event: AuditEvent): Promise<AuditEntry> {
    const written = this.#turn.then(async () => {
      const entry = chained(event, isoTime(this.clock.wall()), this.#last);
      const stored = await this.records.append(collection, keyOf(entry.number), entry);
      // Somebody else writes into the same trail: two would each leave out the other's.
      if (stored === 'duplicate') throw new RecordsError('locked', 'the audit trail has another writer');
      this.#last = entry;
      return entry;
    });
    this.#turn = written.catch(() => undefined);
    return written;
  }

  /** Goes through all of it. */
  async check(): Promise<AuditCheck> {
    let before: AuditEntry | undefined;
    for await (const entry of this.entries()) {
      const broken = brokenAt(entry, before);
      if (broken) return { entries: before?.number ?? 0, head: before?.hash ?? '', broken };
      before = entry;
    }
    return { entries: before?.number ?? 0, head: before?.hash ?? '' };
  }

  /** In their order, behind number `after`. */
  async *entries(
    o: { readonly case?: string | undefined; readonly after?: number | undefined } = {},
  ): AsyncGenerator<AuditEntry> {
    for (let after = o.after === undefined ? undefined : keyOf(o.after); ;) {
      const found = await this.records.list(collection, {
        limit: page,
        ...(after !== undefined && { after }),
      });
      for (const { value } of found) {
        const entry = value as AuditEntry;
        if (o.case === undefined || entry.case === o.case) yield entry;
      }
      after = found.at(-1)?.key;
      if (found.length < page) return;
    }
  }
}

function keyOf(number: number): string {
  return String(number).padStart(12, '0');
}
