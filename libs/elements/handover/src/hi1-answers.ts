import { createHash } from 'node:crypto';
import type { RecordWrite, Records } from '@esinet/platform';
import type { Authority } from './model.js';

const answers = 'handover-hi1-answers';
const objects = 'handover-hi1-objects';

interface StoredAnswer {
  readonly digest: string;
  readonly body: string;
}

/** What an object of a request became: the transaction it came in, and its case. */
export interface KnownObject {
  readonly transactionId: string;
  readonly case: string;
}

/** What requests were answered with: a repetition gets the same. Ids and codes only. */
export class Hi1Answers {
  constructor(private readonly records: Records) {}

  /** The answer to that transaction; `other` where it had another message. */
  async of(authority: Authority, transactionId: string, xml: Buffer): Promise<Buffer | 'other' | undefined> {
    const found = (await this.records.get(answers, `${authority.id}/${transactionId}`)) as
      StoredAnswer | undefined;
    if (!found) return undefined;
    return found.digest === digestOf(xml) ? Buffer.from(found.body) : 'other';
  }

  async put(authority: Authority, transactionId: string, xml: Buffer, body: Buffer): Promise<void> {
    const value: StoredAnswer = { digest: digestOf(xml), body: body.toString() };
    await this.records.put(answers, `${authority.id}/${transactionId}`, value);
  }

  async object(authority: Authority, objectId: string): Promise<KnownObject | undefined> {
    return (await this.records.get(objects, `${authority.id}/${objectId}`)) as KnownObject | undefined;
  }

  /** To be stored together with the case. */
  becoming(authority: Authority, objectId: string, known: KnownObject): RecordWrite {
    return { kind: 'put', collection: objects, key: `${authority.id}/${objectId}`, value: known };
  }
}

function digestOf(xml: Buffer): string {
  return createHash('sha256').update(xml).digest('hex');
}
