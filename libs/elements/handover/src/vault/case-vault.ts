import type { RecordWrite, Records } from '@esinet/platform';
import type { HandoverCase } from '../model.js';
import { type CaseKeys, KeyDestroyedError } from './case-keys.js';

const cases = 'handover-cases';
const parts = 'handover-parts';

/** Octets of one stored value: a document or object may be larger than a record, so it is kept in pieces. */
const pieceBytes = 1_048_576;

/** What stands beside the encrypted case, for lists: nothing of it is sensitive. */
export interface CaseHead {
  readonly id: string;
  readonly phase: HandoverCase['phase'];
  readonly authority: string;
  readonly reference: string;
  readonly createdAt: string;
  /** When its order is over. */
  readonly until?: string;
}

interface StoredCase extends CaseHead {
  readonly sealed: string;
}

interface StoredPiece {
  /** Of how many pieces; 0 where it was erased. */
  readonly count: number;
  readonly octets: string;
}

/** Cases, sealed documents and objects, each encrypted with the key of its case. Rejects with RecordsError. */
export class CaseVault {
  constructor(
    private readonly records: Records,
    private readonly keys: CaseKeys,
  ) {}

  async create(c: HandoverCase, also: readonly RecordWrite[] = []): Promise<void> {
    await this.keys.create(c.id);
    await this.put(c, also);
  }

  /** The case, and whatever has to be there exactly when it is as it is then: all of it or nothing. */
  async put(c: HandoverCase, also: readonly RecordWrite[] = []): Promise<void> {
    const sealed = await this.keys.encrypt(c.id, Buffer.from(JSON.stringify(c)));
    const value = { ...headOf(c), sealed: sealed.toString('base64') } satisfies StoredCase;
    await this.records.write([{ kind: 'put', collection: cases, key: c.id, value }, ...also]);
  }

  /** Undefined where there is none. A case whose key was destroyed is known by its head only. */
  async get(id: string): Promise<HandoverCase | undefined> {
    const stored = (await this.records.get(cases, id)) as StoredCase | undefined;
    if (!stored) return undefined;
    try {
      return JSON.parse(
        (await this.keys.decrypt(id, Buffer.from(stored.sealed, 'base64'))).toString(),
      ) as HandoverCase;
    } catch (error) {
      if (error instanceof KeyDestroyedError) return undefined;
      throw error;
    }
  }

  /** What is known of a case whatever became of its key. */
  async head(id: string): Promise<CaseHead | undefined> {
    const stored = (await this.records.get(cases, id)) as StoredCase | undefined;
    if (!stored) return undefined;
    const { sealed: _, ...head } = stored;
    return head;
  }

  async heads(): Promise<CaseHead[]> {
    const heads: CaseHead[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.records.list(cases, { limit: 1_000, ...(after !== undefined && { after }) });
      for (const { value } of page) {
        const { sealed: _, ...head } = value as StoredCase;
        heads.push(head);
      }
      after = page.at(-1)?.key;
      if (page.length < 1_000) return heads;
    }
  }

  /** Puts octets away under a name of the case. */
  async store(caseId: string, name: string, octets: Buffer): Promise<void> {
    const sealed = await this.keys.encrypt(caseId, octets);
    const count = Math.max(1, Math.ceil(sealed.length / pieceBytes));
    await Promise.all(
      Array.from({ length: count }, (_, i) =>
        this.records.put(parts, pieceKey(caseId, name, i), {
          count,
          octets: sealed.toString('base64', i * pieceBytes, Math.min(sealed.length, (i + 1) * pieceBytes)),
        }),
      ),
    );
  }

  /** @throws KeyDestroyedError; undefined where there is no such name */
  async load(caseId: string, name: string): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    for (let i = 0, count = 1; i < count; i++) {
      const piece = (await this.records.get(parts, pieceKey(caseId, name, i))) as StoredPiece | undefined;
      if (!piece || piece.count === 0) return undefined;
      count = piece.count;
      pieces.push(Buffer.from(piece.octets, 'base64'));
    }
    return this.keys.decrypt(caseId, Buffer.concat(pieces));
  }

  /** Overwrites what was put away under a name; `load` then finds nothing. */
  async erase(caseId: string, name: string): Promise<void> {
    const first = (await this.records.get(parts, pieceKey(caseId, name, 0))) as StoredPiece | undefined;
    if (!first || first.count === 0) return;
    await this.records.write(
      Array.from({ length: first.count }, (_, i) => ({
        ...{ kind: 'put' as const, collection: parts, key: pieceKey(caseId, name, i) },
        value: { count: 0, octets: '' } satisfies StoredPiece,
      })),
    );
  }

  /** The end of a case: what stays is its head and what the audit says. */
  async destroy(c: HandoverCase, also: readonly RecordWrite[] = []): Promise<void> {
    await this.keys.destroy(c.id);
    const value = { ...headOf(c), sealed: '' } satisfies StoredCase;
    await this.records.write([{ kind: 'put', collection: cases, key: c.id, value }, ...also]);
  }
}

function headOf(c: HandoverCase): CaseHead {
  const { id, phase, createdAt, authorisation } = c;
  return {
    id,
    phase,
    authority: authorisation.authority,
    reference: authorisation.reference.value,
    createdAt,
    until: authorisation.validity.until,
  };
}

function pieceKey(caseId: string, name: string, i: number): string {
  return `${caseId}/${name}/${String(i).padStart(6, '0')}`;
}
