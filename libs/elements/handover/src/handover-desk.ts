import { randomUUID } from 'node:crypto';
import { type Clock, type Logger, type Result, err, isoTime, ok } from '@esinet/kernel';
import { type SchemaValidator, qualifiedDateTime } from '@esinet/handover';
import type { Records } from '@esinet/platform';
import type { AuditTrail } from './audit/audit-trail.js';
import type { Authorities } from './authorities.js';
import { CaseFiles } from './case-files.js';
import { type CaseCommand, type CaseRefusal, caseStep, sealsDigest } from './case-steps.js';
import type { Outbox } from './delivery/outbox.js';
import { type IntakeLimits, type IntakeProblem, type IntakeRequest, takeIn } from './intake.js';
import { notInForce } from './in-force.js';
import type { Authority, HandoverCase, Person } from './model.js';
import { type ReviewDecision, type SealingProblem, sealed } from './sealing.js';
import { type FrozenMessage, type RecordsView, snapshotOf } from './snapshot.js';
import type { CaseVault } from './vault/case-vault.js';

export interface HandoverSettings {
  /** Where objects are fetched from us, ending with a slash. */
  readonly objectsUrl: string;
  /** How long an object can be fetched after it was sealed. */
  readonly objectsMs: number;
  readonly longestChatMs: number;
  readonly intake: IntakeLimits;
}

export type DeskRefusal =
  | { readonly kind: 'unknown-case' }
  | { readonly kind: 'refused'; readonly why: CaseRefusal }
  | { readonly kind: 'problems'; readonly problems: readonly IntakeProblem[] }
  | { readonly kind: 'sealing'; readonly problem: SealingProblem };

/**
 * What people do with cases. Each step is decided by `caseStep`, and its audit entry is durable before its effect: an
 * entry without an effect can be explained, an effect without an entry cannot. Rejects when nothing can be stored.
 */
export class HandoverDesk {
  readonly files: CaseFiles;
  /** One step of a case at a time. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly o: {
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
    },
  ) {
    this.files = new CaseFiles(o.vault);
  }

  async takeIn(request: IntakeRequest, by: Person): Promise<Result<HandoverCase, DeskRefusal>> {
    const { authorities, vault, audit, clock, settings } = this.o;
    if (!by.roles.includes('handover-clerk')) return refused('not-allowed');
    const taken = takeIn(request, authorities.get(request.authority), clock.wall(), settings.intake);
    // What nobody was onboarded as is somebody's text, and not for the audit.
    const authority = authorities.get(request.authority)?.id ?? 'unknown';
    if (!taken.ok) {
      const members = Object.fromEntries(taken.error.map(({ member }) => [member, 1]));
      await audit.write({ what: 'intake', who: by.name, authority, counts: members, outcome: 'refused' });
      return err({ kind: 'problems', problems: taken.error });
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
    await vault.create(c);
    return ok(c);
  }

  /** Freezes the records that the order names. A snapshot made before, and what was approved of it, is void. */
  freeze(id: string, by: Person): Promise<Result<{ messages: number; unreadable: number }, DeskRefusal>> {
    return this.#step(id, { do: 'freeze' }, by, async (c) => {
      const { chats, settings } = this.o;
      const { messages, unreadable } = await snapshotOf(c.authorisation, chats, settings);
      await this.files.putSnapshot(id, messages);
      return ok({
        case: c,
        counts: { messages: messages.length, unreadable },
        value: { messages: messages.length, unreadable },
      });
    });
  }

  /** What a reviewer looks at. Reading it is noted: it is somebody's emergency. */
  async snapshot(id: string, by: Person): Promise<Result<readonly FrozenMessage[], DeskRefusal>> {
    const c = await this.o.vault.get(id);
    if (!c) return err({ kind: 'unknown-case' });
    if (!by.roles.some((role) => role === 'handover-reviewer' || role === 'approver'))
      return refused('not-allowed');
    await this.o.audit.write({ what: 'read-snapshot', who: by.name, case: id });
    return ok(await this.files.snapshot(id));
  }

  /** The reviewer's decisions become documents: built, looked at again, validated, sealed. */
  review(
    id: string,
    decisions: readonly ReviewDecision[],
    by: Person,
  ): Promise<Result<HandoverCase, DeskRefusal>> {
    return this.#step(id, { do: 'review', seals: [] }, by, async (c) => {
      const authority = this.o.authorities.get(c.authorisation.authority);
      if (!authority) return err({ kind: 'sealing', problem: { kind: 'nothing' } });
      const made = await this.#sealed(c, authority, decisions);
      if (!made.ok) return made;
      const seals = made.value;
      return ok({
        case: { ...c, seals },
        counts: {
          documents: seals.length,
          items: seals.reduce((sum, seal) => sum + seal.items, 0),
          objects: seals.reduce((sum, seal) => sum + seal.objects.length, 0),
          decisions: decisions.length,
        },
        digests: { sealed: sealsDigest(seals) },
        value: { ...c, seals },
      });
    });
  }

  /** `of`: the digest that the person saw and means. The second approval sends. */
  async approve(id: string, of: string, by: Person): Promise<Result<HandoverCase, DeskRefusal>> {
    const approved = await this.#step(id, { do: 'approve', of }, by, (c) =>
      Promise.resolve(ok({ case: c, digests: { sealed: of }, value: c })),
    );
    if (!approved.ok || approved.value.phase !== 'approved') return approved;
    return this.send(id);
  }

  /**
   * Puts what was approved into the queue of the authority. Also what a restart found approved and not sent; `again`: what
   * had failed for good too, as somebody asked for.
   */
  async send(id: string, o: { readonly again?: boolean } = {}): Promise<Result<HandoverCase, DeskRefusal>> {
    const sent = await this.#step(id, { do: 'send' }, undefined, async (c) => {
      const { outbox, clock } = this.o;
      const entriesBefore = await outbox.ofCase(id);
      const queued = new Set(
        entriesBefore.filter(({ state }) => !(o.again && state === 'failed')).map((entry) => entry.id),
      );
      const entries = c.seals
        .filter((seal) => !queued.has(seal.id))
        .map((seal) => ({
          ...{
            authority: c.authorisation.authority,
            case: id,
            kind: 'document' as const,
            id: seal.id,
            bytes: seal.bytes,
          },
        }));
      await outbox.enqueue(entries, isoTime(clock.wall()));
      return ok({ case: c, counts: { documents: entries.length }, value: c });
    });
    if (sent.ok) this.o.onQueued();
    return sent;
  }

  suspend = (id: string, by: Person): Promise<Result<HandoverCase, DeskRefusal>> =>
    this.#plain(id, { do: 'suspend' }, by);
  resume = (id: string, by: Person): Promise<Result<HandoverCase, DeskRefusal>> =>
    this.#plain(id, { do: 'resume' }, by);
  reject = (id: string, by: Person): Promise<Result<HandoverCase, DeskRefusal>> =>
    this.#plain(id, { do: 'reject' }, by);

  /** Everything of it was acknowledged. */
  delivered(id: string): Promise<Result<HandoverCase, DeskRefusal>> {
    return this.#plain(id, { do: 'delivered' }, undefined);
  }

  /** The end: selectors, salt, snapshot, documents and objects cannot be read any more. */
  async close(id: string, by: Person): Promise<Result<HandoverCase, DeskRefusal>> {
    const closed = await this.#plain(id, { do: 'close' }, by);
    if (closed.ok) await this.o.vault.destroy(closed.value);
    return closed;
  }

  get(id: string): Promise<HandoverCase | undefined> {
    return this.o.vault.get(id);
  }

  /** Whether anything of this case may leave at this moment. */
  async mayLeave(id: string): Promise<HandoverCase | undefined> {
    const c = await this.o.vault.get(id);
    if (!c || (c.phase !== 'sending' && c.phase !== 'delivered')) return undefined;
    if (notInForce(c.authorisation, c.phase, this.o.clock.wall())) return undefined;
    const of = sealsDigest(c.seals);
    return c.approvals.length >= 2 && c.approvals.every((approval) => approval.of === of) ? c : undefined;
  }

  #plain(
    id: string,
    command: CaseCommand,
    by: Person | undefined,
  ): Promise<Result<HandoverCase, DeskRefusal>> {
    return this.#step(id, command, by, (c) => Promise.resolve(ok({ case: c, value: c })));
  }

  async #sealed(
    c: HandoverCase,
    authority: Authority,
    decisions: readonly ReviewDecision[],
  ): Promise<Result<HandoverCase['seals'], DeskRefusal>> {
    const { validator, clock, settings, own } = this.o;
    const made = sealed(await this.files.snapshot(c.id), decisions, {
      ...{ authorisation: c.authorisation, authority, levels: await this.files.levels(c.id), validator },
      ...{ uuid: randomUUID, wallMs: clock.wall(), objectsUrl: settings.objectsUrl },
      expiry: qualifiedDateTime(clock.wall() + settings.objectsMs),
      knowsSchema: (await own.get('handover-schemas', authority.id)) !== undefined,
      isLast: c.authorisation.reference.kind === 'LDID',
    });
    if (!made.ok) return err({ kind: 'sealing', problem: made.error });
    for (const { seal, bytes, objects } of made.value.documents) {
      await this.files.putDocument(c.id, seal.id, bytes);
      for (const [objectId, { octets }] of objects) await this.files.putObject(c.id, objectId, octets);
      // So that an URL is found, and told from one that never was, without a look into any case.
      for (const { id, contentType } of seal.objects) {
        const { authority: to } = c.authorisation;
        const expiry = isoTime(clock.wall() + settings.objectsMs);
        await own.put('handover-objects', id, { authority: to, case: c.id, contentType, expiry });
      }
    }
    return ok(made.value.documents.map(({ seal }) => seal));
  }

  #step<T>(
    id: string,
    command: CaseCommand,
    by: Person | undefined,
    effect: (c: HandoverCase) => Promise<
      Result<
        {
          readonly case: HandoverCase;
          readonly value: T;
          readonly counts?: Readonly<Record<string, number>>;
          readonly digests?: Readonly<Record<string, string>>;
        },
        DeskRefusal
      >
    >,
  ): Promise<Result<T, DeskRefusal>> {
    const { vault, audit, clock } = this.o;
    const step = async (): Promise<Result<T, DeskRefusal>> => {
      const c = await vault.get(id);
      if (!c) return err({ kind: 'unknown-case' });
      const who = by?.name ?? 'handover';
      const stepped = caseStep(c, command, by, clock.wall());
      const entry = { what: command.do, who, case: id, authority: c.authorisation.authority };
      if (!stepped.ok) {
        await audit.write({ ...entry, outcome: stepped.error });
        return refused(stepped.error);
      }
      const done = await effect(stepped.value);
      if (!done.ok) {
        await audit.write({ ...entry, outcome: done.error.kind });
        return done;
      }
      const { counts, digests } = done.value;
      await audit.write({
        ...entry,
        outcome: 'done',
        ...(counts && { counts }),
        ...(digests && { digests }),
      });
      await vault.put(done.value.case);
      return ok(done.value.value);
    };
    const turn = (this.#turns.get(id) ?? Promise.resolve()).then(step, step);
    this.#turns.set(id, turn);
    void turn
      .catch(() => undefined)
      .finally(() => {
        if (this.#turns.get(id) === turn) this.#turns.delete(id);
      });
    return turn;
  }
}

function refused(why: CaseRefusal): { readonly ok: false; readonly error: DeskRefusal } {
  return err({ kind: 'refused', why });
}
