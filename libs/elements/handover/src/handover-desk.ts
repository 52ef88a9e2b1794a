import { randomUUID } from 'node:crypto';
import { type Clock, type Logger, type Result, err, isoTime, messageOf, ok } from '@esinet/kernel';
import type { SchemaValidator } from '@esinet/handover';
import type { RecordWrite, Records } from '@esinet/platform';
import { approvalDigest, sealsDigest } from './approval-digest.js';
import type { AuditTrail } from './audit/audit-trail.js';
import type { Authorities } from './authorities.js';
import { CaseEnds } from './case-ends.js';
import { CaseFiles } from './case-files.js';
import { CaseIntake } from './case-intake.js';
import type { CaseCommand } from './case-steps.js';
import { CaseTurns, type DeskRefusal, refused } from './case-turns.js';
import { CaseSending } from './delivery/case-sending.js';
import { CaseSplits } from './delivery/case-splits.js';
import { isApproved } from './delivery/may-leave.js';
import type { Outbox, OutboxEntry } from './delivery/outbox.js';
import type { IntakeLimits, IntakeRequest } from './intake.js';
import { notInForce } from './in-force.js';
import type { HandoverCase, Person } from './model.js';
import { ObjectIndex } from './object-index.js';
import { LiidBatches, type LiidSettings, defaultLiidSettings } from './running/liid-batches.js';
import { startedOrResumed } from './running/liid-state.js';
import type { ReviewDecision } from './sealing.js';
import { SealingRoom } from './sealing-room.js';
import { type FrozenMessage, type RecordsView, snapshotOf } from './snapshot.js';
import type { CaseVault } from './vault/case-vault.js';

export type { DeskRefusal } from './case-turns.js';

export interface HandoverSettings {
  /** Where objects are fetched from us, ending with a slash. */
  readonly objectsUrl: string;
  /** How long an object can be fetched after it was sealed. */
  readonly objectsMs: number;
  readonly longestChatMs: number;
  readonly intake: IntakeLimits;
  readonly liid?: LiidSettings;
}

export interface DeskPorts {
  readonly authorities: Authorities;
  readonly vault: CaseVault;
  readonly audit: AuditTrail;
  readonly outbox: Outbox;
  /** What the chat service keeps: to be read only. */
  readonly chats: RecordsView;
  readonly own: Records;
  readonly validator: SchemaValidator;
  readonly settings: HandoverSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told when something waits to be sent. */
  readonly onQueued: () => void;
  /** Told when nothing of a case may leave any more, so that what is on its way is cut. */
  readonly onStopped?: (caseId: string) => void;
}

/** What people do with cases. Each step is decided by `caseStep`; rejects when nothing can be stored. */
export class HandoverDesk {
  readonly files: CaseFiles;
  /** Objects that can be fetched from us. */
  readonly objects: ObjectIndex;
  /** Batches of the LIIDs that run. */
  readonly batches: LiidBatches;
  readonly splits: CaseSplits;
  readonly ends: CaseEnds;
  readonly room: SealingRoom;
  readonly #intake: CaseIntake;
  readonly #sending: CaseSending;
  readonly #turns: CaseTurns;

  constructor(private readonly o: DeskPorts) {
    const { settings, clock, own, validator } = o;
    const { objectsUrl, objectsMs, longestChatMs } = settings;
    this.files = new CaseFiles(o.vault);
    this.objects = new ObjectIndex(own, clock);
    this.#intake = new CaseIntake(o);
    const [files, turns] = [this.files, new CaseTurns(o)];
    this.#turns = turns;
    this.room = new SealingRoom({
      ...{ files, index: this.objects, own, validator, objectsUrl, objectsMs, clock },
    });
    this.batches = new LiidBatches({
      ...{ ...o, turns, files, room: this.room, longestChatMs },
      settings: settings.liid ?? defaultLiidSettings,
    });
    this.#sending = new CaseSending({ ...o, turns, files, room: this.room });
    this.splits = new CaseSplits({ ...o, turns, files });
    this.ends = new CaseEnds({ ...o, turns, files, objects: this.objects });
  }

  /** `also`: what has to be stored exactly when the case is. */
  takeIn(
    request: IntakeRequest,
    by: Person,
    also?: (caseId: string) => readonly RecordWrite[],
  ): Promise<Result<HandoverCase, DeskRefusal>> {
    return this.#intake.takeIn(request, by, also);
  }

  /** Freezes the records that the order names. A snapshot made before, and what was approved of it, is void. */
  freeze(id: string, by: Person): Promise<Result<{ messages: number; unreadable: number }, DeskRefusal>> {
    return this.#turns.step(id, { do: 'freeze' }, by, async (c) => {
      const { chats, settings } = this.o;
      const { messages, unreadable } = await snapshotOf(c.authorisation, chats, settings);
      await this.files.putSnapshot(id, messages);
      const counts = { messages: messages.length, unreadable };
      return ok({ case: c, counts, value: counts });
    });
  }

  /** What a reviewer looks at. Reading it is noted: it is somebody's emergency. */
  async snapshot(id: string, by: Person): Promise<Result<readonly FrozenMessage[], DeskRefusal>> {
    const c = await this.o.vault.get(id);
    if (!c) return err({ kind: 'unknown-case' });
    if (!by.roles.some((role) => role === 'handover-reviewer' || role === 'approver'))
      return refused('not-allowed');
    await this.o.audit.write({ what: 'read-snapshot', who: by.name, case: id });
    // Of an LIID there is one as long as a batch waits for its reviewer.
    if (c.authorisation.running && !c.liid?.pending) return ok([]);
    return ok(await this.files.snapshot(id));
  }

  /** The reviewer's decisions become documents: built, looked at again, validated, sealed. */
  async review(
    id: string,
    decisions: readonly ReviewDecision[],
    by: Person,
  ): Promise<Result<HandoverCase, DeskRefusal>> {
    if ((await this.o.vault.get(id))?.authorisation.running) return this.batches.review(id, decisions, by);
    return this.#turns.step<HandoverCase>(id, { do: 'review', seals: [] }, by, async (c) => {
      const authority = this.o.authorities.get(c.authorisation.authority);
      if (!authority) return err({ kind: 'sealing', problem: { kind: 'nothing' } });
      const made = await this.room.seal(c, authority, await this.files.snapshot(id), decisions, true);
      if (!made.ok) return made;
      const { seals, levels: nextLevels, also } = made.value;
      const reviewed: HandoverCase = { ...c, seals, nextLevels };
      return ok({
        ...{ case: reviewed, value: reviewed, also, digests: { sealed: sealsDigest(seals) } },
        counts: {
          documents: seals.length,
          items: seals.reduce((sum, seal) => sum + seal.items, 0),
          objects: seals.reduce((sum, seal) => sum + seal.objects.length, 0),
          decisions: decisions.length,
        },
      });
    });
  }

  /** `of`: the digest that the person saw and means. The second approval sends; of an LIID it begins. */
  async approve(id: string, of: string, by: Person): Promise<Result<HandoverCase, DeskRefusal>> {
    const now = isoTime(this.o.clock.wall());
    const approved = await this.#turns.step<HandoverCase>(id, { do: 'approve', of }, by, (c) => {
      const liid = c.phase === 'running' ? startedOrResumed(c.liid, { now, uuid: randomUUID }) : c.liid;
      const value: HandoverCase = { ...c, ...(liid && { liid }) };
      return Promise.resolve(ok({ case: value, digests: { approved: of }, value }));
    });
    if (!approved.ok) return approved;
    if (approved.value.phase === 'running') {
      this.batches.running.add(id);
      await this.#firstLook(id);
      this.o.onQueued();
      return ok((await this.get(id)) ?? approved.value);
    }
    return approved.value.phase === 'approved' ? this.send(id) : approved;
  }

  /** Puts what was approved into the queue; `again`: what had failed for good too, as somebody asked for. */
  send(id: string, o: { readonly again?: boolean } = {}): Promise<Result<HandoverCase, DeskRefusal>> {
    return this.#sending.send(id, o);
  }

  /** Something of a case was acknowledged, `entry` where that is known. */
  acknowledged(id: string, entry?: OutboxEntry): Promise<void> {
    return this.#sending.acknowledged(id, entry);
  }

  /** What is on its way is cut, and nothing more leaves. */
  async suspend(id: string, by: Person): Promise<Result<HandoverCase, DeskRefusal>> {
    return this.#stopping(id, await this.#plain(id, { do: 'suspend' }, by));
  }

  resume(id: string, by: Person): Promise<Result<HandoverCase, DeskRefusal>> {
    return this.#plain(id, { do: 'resume' }, by);
  }

  async reject(id: string, by: Person): Promise<Result<HandoverCase, DeskRefusal>> {
    return this.#stopping(id, await this.#plain(id, { do: 'reject' }, by));
  }

  /** Everything of it was acknowledged. */
  delivered(id: string): Promise<Result<HandoverCase, DeskRefusal>> {
    return this.#sending.delivered(id);
  }

  /** The end: selectors, salt, snapshot, documents and objects cannot be read any more. */
  close(id: string, by: Person): Promise<Result<HandoverCase, DeskRefusal>> {
    return this.ends.close(id, by);
  }

  get(id: string): Promise<HandoverCase | undefined> {
    return this.o.vault.get(id);
  }

  /** What the two who approve this case put their names to. */
  approvalDigest(c: HandoverCase): string {
    return approvalDigest(c);
  }

  /** Whether anything of this case may leave at this moment. */
  async mayLeave(id: string): Promise<HandoverCase | undefined> {
    const c = await this.o.vault.get(id);
    if (!c || !leaving.has(c.phase)) return undefined;
    if (notInForce(c.authorisation, c.phase, this.o.clock.wall())) return undefined;
    return isApproved(c) ? c : undefined;
  }

  /** It is approved whatever becomes of the first look; the next comes soon. */
  async #firstLook(id: string): Promise<void> {
    try {
      await this.batches.look(id);
    } catch (error) {
      this.o.logger.error('handover-batch-failed', { case: id, reason: messageOf(error) });
    }
  }

  #plain(
    id: string,
    command: CaseCommand,
    by: Person | undefined,
  ): Promise<Result<HandoverCase, DeskRefusal>> {
    return this.#turns.step<HandoverCase>(id, command, by, (c) => Promise.resolve(ok({ case: c, value: c })));
  }

  #stopping<T>(id: string, done: Result<T, DeskRefusal>): Result<T, DeskRefusal> {
    if (done.ok) this.o.onStopped?.(id);
    return done;
  }
}

const leaving: ReadonlySet<HandoverCase['phase']> = new Set(['running', 'sending', 'delivered']);
