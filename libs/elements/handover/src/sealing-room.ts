import { randomUUID } from 'node:crypto';
import { type Clock, type Result, err, isoTime, ok } from '@esinet/kernel';
import { type SchemaValidator, qualifiedDateTime } from '@esinet/handover';
import type { RecordWrite, Records } from '@esinet/platform';
import type { CaseFiles } from './case-files.js';
import type { DeskRefusal } from './case-turns.js';
import type { Authority, HandoverCase, Levels, Seal } from './model.js';
import type { ObjectIndex } from './object-index.js';
import { type ReviewDecision, noLevels, sealed } from './sealing.js';
import type { FrozenMessage } from './snapshot.js';

const schemas = 'handover-schemas';

/** What came of sealing: to be stored with the case. */
export interface SealedBatch {
  readonly seals: readonly Seal[];
  readonly levels: Levels;
  readonly also: readonly RecordWrite[];
}

/** Makes documents of messages and puts them away. Nothing of it counts before the case says so. */
export class SealingRoom {
  constructor(
    private readonly o: {
      readonly files: CaseFiles;
      readonly index: ObjectIndex;
      readonly own: Records;
      readonly validator: SchemaValidator;
      readonly objectsUrl: string;
      readonly objectsMs: number;
      readonly clock: Clock;
    },
  ) {}

  async seal(
    c: HandoverCase,
    authority: Authority,
    messages: readonly FrozenMessage[],
    decisions: readonly ReviewDecision[],
    isLast: boolean,
  ): Promise<Result<SealedBatch, DeskRefusal>> {
    const { files, index, own, validator, objectsUrl, objectsMs, clock } = this.o;
    const until = clock.wall() + objectsMs;
    const made = sealed(messages, decisions, {
      ...{ authorisation: c.authorisation, authority, levels: c.levels ?? noLevels, validator },
      ...{ uuid: randomUUID, wallMs: clock.wall(), objectsUrl, isLast },
      expiry: qualifiedDateTime(until),
      knowsSchema: (await own.get(schemas, authority.id)) !== undefined,
      ...(c.liid && { deliveryId: c.liid.deliveryId }),
    });
    if (!made.ok) return err({ kind: 'sealing', problem: made.error });
    const also: RecordWrite[] = [];
    for (const { seal, bytes, objects } of made.value.documents) {
      await files.putDocument(c.id, seal.id, bytes);
      for (const [objectId, { octets }] of objects) await files.putObject(c.id, objectId, octets);
      if (authority.profile.binary === 'B') continue;
      for (const { id, contentType } of seal.objects) {
        const { authority: to } = c.authorisation;
        also.push(...index.offering(id, { authority: to, case: c.id, contentType, expiry: isoTime(until) }));
      }
    }
    return ok({ seals: made.value.documents.map(({ seal }) => seal), levels: made.value.levels, also });
  }

  /** The schema of our parameters was in a document that the authority acknowledged: from now on its name will do. */
  async told(authority: Authority, document: Buffer | undefined): Promise<void> {
    if (!document?.includes('<schemaContent>')) return;
    await this.o.own.put(schemas, authority.id, { at: isoTime(this.o.clock.wall()) });
  }
}
