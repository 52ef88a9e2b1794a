import { randomUUID } from 'node:crypto';
import { type Clock, type Logger, type Result, err, isoTime, ok } from '@esinet/kernel';
import type { SchemaValidator } from '@esinet/handover';
import type { RecordWrite, Records } from '@esinet/platform';
import { approvalDigest, sealsDigest } from './approval-digest.js';
import type { AuditTrail } from './audit/audit-trail.js';
import type { Authorities } from './authorities.js';
import { CaseEnds } from './case-ends.js';
import { CaseFiles } from './case-files.js';
import type { CaseCommand } from './case-steps.js';
import { CaseTurns, type DeskRefusal, refused } from './case-turns.js';
import { CaseSplits } from './delivery/case-splits.js';
import { currentSeals, isApproved } from './delivery/may-leave.js';
import { followUp } from './delivery/follow-up.js';
import type { Outbox, OutboxEntry } from './delivery/outbox.js';
import { type IntakeLimits, type IntakeRequest, takeIn } from './intake.js';
import { notInForce } from './in-force.js';
import type { HandoverCase, Person } from './model.js';
import { ObjectIndex } from './object-index.js';
import { CaseReferences } from './references.js';
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
  readonly #references: CaseReferences;
  readonly #turns: CaseTurns;

  constructor(private readonly o: DeskPorts) {
    const { settings, clock, own, validator } = o;
    const { objectsUrl, objectsMs, longestChatMs } = settings;
    this.files = new CaseFiles(o.vault);
    this.objects = new ObjectIndex(own, clock);
    this.#references = new CaseReferences(own, o.vault);
    const [files, turns] = [this.files, new CaseTurns(o)];
    this.#turns = turns;
    this.room = new SealingRoom({
      ...{ files, index: this.objects, own, validator, objectsUrl, objectsMs, clock },
    });
    this.batches = new LiidBatches({
      ...{ ...o, turns, files, room: this.room, longestChatMs },
      settings: settings.liid ?? defaultLiidSettings,
    });
    this.splits = new CaseSplits({ ...o, turns, files });
    this.ends = new CaseEnds({ ...o, turns, files, objects: this.objects });
  }

  /** `also`: what has to be stored exactly when the case is. */
  async takeIn(
    request: IntakeRequest,
    by: Person,
    also: (caseId: string) => readonly RecordWrite[] = () => [],
  ): Promise<Result<HandoverCase, DeskRefusal>> {
    const { authorities, vault, audit, clock, settings } = this.o;
    if (!by.roles.includes('handover-clerk')) return refused('not-allowed');
    const taken = takeIn(request, authorities.get(request.authority), clock.wall(), settings.intake);
    const problems = taken.ok ? await this.#references.problems(taken.value.authorisation) : taken.error;
    const authority = request.authority.slice(0, 63);
    if (!taken.ok || problems.length > 0) {
      const members = Object.fromEntries(problems.map(({ member }) => [member, 1]));
      await audit.write({ what: 'intake', who: by.name, authority, counts: members, outcome: 'refused' });
      return err({ kind: 'problems', problems });
    }
    const { authorisation, hash } = taken.value;
    const c: HandoverCase = {
      ...{ id: randomUUID(), authorisation, hash, phase: 'requested', createdBy: by.name },
      ...{ createdAt: isoTime(clock.wall()), approvals: [], seals: [] },
    };
    await audit.write({
      ...{ what: 'intake', who: by.name, case: c.id, authority },
      digests: { selector: hash.digest },
      counts: { selectors: authorisation.selectors.length, categories: authorisation.categories.length },
    });
    await vault.create(c, [...this.#references.taking(c), ...also(c.id)]);
    return ok(c);
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
      await this.batches.look(id);
      this.o.onQueued();
      return ok((await this.get(id)) ?? approved.value);
    }
    return approved.value.phase === 'approved' ? this.send(id) : approved;
  }

  /**
   * Puts what was approved into the queue of the authority. Also what a restart found approved and not sent; `again`: what
   * had failed for good too, as somebody asked for.
   */
  async send(id: string, o: { readonly again?: boolean } = {}): Promise<Result<HandoverCase, DeskRefusal>> {
    const { outbox, clock } = this.o;
    const sent = await this.#turns.step<HandoverCase>(id, { do: 'send' }, undefined, async (c) => {
      const { nextLevels, ...rest } = c;
      const value: HandoverCase = { ...rest, ...(nextLevels && { levels: nextLevels }) };
      const before = await outbox.ofCase(id);
      const queued = new Set(
        before.filter(({ state }) => !(o.again && state === 'failed')).map((entry) => entry.id),
      );
      const { authority } = c.authorisation;
      const entries = currentSeals(c)
        .filter((seal) => !queued.has(seal.id))
        .map((seal) => ({
          ...{ authority, case: id, kind: 'document' as const, id: seal.id, bytes: seal.bytes },
        }));
      const also = outbox.entering(entries, isoTime(clock.wall())).writes;
      return ok({ case: value, counts: { documents: entries.length }, value, also });
    });
    if (!sent.ok) return sent;
    this.o.onQueued();
    // Suspended after it was delivered, and approved once more: there is nothing left to do.
    await this.acknowledged(id);
    return ok((await this.get(id)) ?? sent.value);
  }

  /**
   * Something of a case was acknowledged (`entry`, which need not be written as delivered yet): objects of Model B follow
   * their document, and the case is delivered when nothing of it is left.
   */
  async acknowledged(id: string, entry?: OutboxEntry): Promise<void> {
    const { outbox, authorities, clock } = this.o;
    const isDone = await this.#turns.take(id, async () => {
      const c = await this.get(id);
      const authority = c && authorities.get(c.authorisation.authority);
      if (!c || !authority) return false;
      if (entry?.kind === 'document') {
        await this.room.told(authority, await this.files.document(id, entry.id));
      }
      const isModelB = authority.profile.binary === 'B';
      const next = followUp(c, await outbox.ofCase(id), { isModelB, ...(entry && { entry }) });
      await outbox.enqueue(next.objects, isoTime(clock.wall()));
      if (next.objects.length > 0) this.o.onQueued();
      return next.isDone;
    });
    if (isDone) await this.delivered(id);
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
    return this.#plain(id, { do: 'delivered' }, undefined);
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
