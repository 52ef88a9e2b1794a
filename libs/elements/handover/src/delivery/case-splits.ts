import { randomUUID } from 'node:crypto';
import { type Clock, type Logger, isoTime } from '@esinet/kernel';
import type { SchemaValidator } from '@esinet/handover';
import type { RecordWrite } from '@esinet/platform';
import type { AuditTrail } from '../audit/audit-trail.js';
import type { Authorities } from '../authorities.js';
import type { CaseFiles } from '../case-files.js';
import type { CaseTurns } from '../case-turns.js';
import type { HandoverCase, Levels, Seal } from '../model.js';
import { type Resealed, type ResealingContext, renumbered, splitInTwo } from '../splitting.js';
import type { CaseVault } from '../vault/case-vault.js';
import { currentSeals } from './may-leave.js';
import type { NewEntry, Outbox, OutboxEntry } from './outbox.js';

/** What the peer found too large (TS 103 120 Annex D 3022) goes again in two. */
export class CaseSplits {
  constructor(
    private readonly o: {
      readonly turns: CaseTurns;
      readonly vault: CaseVault;
      readonly files: CaseFiles;
      readonly outbox: Outbox;
      readonly audit: AuditTrail;
      readonly authorities: Authorities;
      readonly validator: SchemaValidator;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly onQueued: () => void;
    },
  ) {}

  /**
   * Two halves take the place of a document, and what waits behind it moves on: all of it in one write. False where it
   * cannot be divided, so that it has failed for good.
   */
  async split(entry: OutboxEntry): Promise<boolean> {
    const done = await this.o.turns.take(entry.case, () => this.#split(entry));
    if (done) this.o.onQueued();
    return done;
  }

  async #split(entry: OutboxEntry): Promise<boolean> {
    const { vault, files, audit, outbox, authorities, validator, clock, logger } = this.o;
    const about = { what: 'split', who: 'handover', case: entry.case, authority: entry.authority };
    const c = await vault.get(entry.case);
    const profile = authorities.get(entry.authority)?.profile;
    const seal = c && currentSeals(c).find(({ id }) => id === entry.id);
    const document = seal && (await files.document(entry.case, seal.id));
    if (!c || !profile || !seal || !document) return false;
    const context: ResealingContext = { profile, validator, uuid: randomUUID, wallMs: clock.wall() };
    const halves = splitInTwo(seal, document, context);
    const behind = halves.ok ? await this.#behind(c, seal, entry, context) : undefined;
    if (!halves.ok || !behind) {
      const why = halves.ok ? 'not-now' : halves.error;
      await audit.write({ ...about, outcome: why });
      logger.error('handover-not-split', { case: entry.case, number: entry.number, reason: why });
      return false;
    }
    const moved = behind.flatMap(({ seal: of, made }) => (made ? [[of, made] as const] : []));
    for (const { seal: own, bytes } of [...halves.value, ...moved.map(([, made]) => made)]) {
      await files.putDocument(c.id, own.id, bytes);
    }
    const made = new Map<string, readonly Seal[]>([
      [seal.id, halves.value.map((half) => half.seal)],
      ...moved.map(([of, one]): [string, readonly Seal[]] => [of.id, [one.seal]]),
    ]);
    const entries: NewEntry[] = [
      ...halves.value.map((half) => ({
        ...entryOf(c, half.seal),
        // Of a message of several objects some may be there already: they will say so.
        ...(profile.collections ? {} : { mayHaveArrived: true }),
      })),
      ...behind.map(({ seal: of, made: one }) => entryOf(c, one?.seal ?? of)),
    ];
    const writes: RecordWrite[] = [
      outbox.replacing(entry, 'error-3022'),
      ...behind.map(({ entry: old }) => outbox.replacing(old, 'behind-a-split')),
      ...outbox.entering(entries, isoTime(clock.wall())).writes,
    ];
    await audit.write({
      ...{ ...about, outcome: 'done', counts: { number: entry.number, moved: moved.length } },
      digests: {
        whole: seal.digest,
        first: halves.value[0].seal.digest,
        second: halves.value[1].seal.digest,
      },
    });
    await vault.put(withSplit(c, made, profile.collections ? 1 : 0), writes);
    return true;
  }

  /** Documents of the case that wait behind, with their new numbers; undefined where one of them has left already. */
  async #behind(
    c: HandoverCase,
    seal: Seal,
    entry: OutboxEntry,
    context: ResealingContext,
  ): Promise<{ entry: OutboxEntry; seal: Seal; made?: Resealed }[] | undefined> {
    const seals = currentSeals(c);
    const later = new Map(seals.slice(seals.indexOf(seal) + 1).map((each) => [each.id, each]));
    const found: { entry: OutboxEntry; seal: Seal; made?: Resealed }[] = [];
    for (const old of await this.o.outbox.ofCase(c.id)) {
      const own = later.get(old.id);
      if (!own || old.kind !== 'document' || old.number < entry.number || old.state === 'replaced') continue;
      if (old.state !== 'waiting' || old.attempts > 0) return undefined;
      // Where every item is an object of its own the numbers stay.
      if (!context.profile.collections) {
        found.push({ entry: old, seal: own });
        continue;
      }
      const document = await this.o.files.document(c.id, own.id);
      const made = document && renumbered(own, document, 1, context);
      if (!made?.ok) return undefined;
      found.push({ entry: old, seal: own, made: made.value });
    }
    return found;
  }
}

function entryOf(c: HandoverCase, { id, bytes }: Seal): NewEntry {
  return { authority: c.authorisation.authority, case: c.id, kind: 'document', id, bytes };
}

/** `made`: what takes the place of which, by id of a seal or of one that took its place before. */
function withSplit(
  c: HandoverCase,
  made: ReadonlyMap<string, readonly Seal[]>,
  numbers: number,
): HandoverCase {
  const splits: Record<string, readonly Seal[]> = { ...c.splits };
  for (const seal of c.seals) {
    const before = splits[seal.id] ?? [seal];
    const after = before.flatMap((each) => made.get(each.id) ?? [each]);
    if (after.some((each, i) => each !== before[i])) splits[seal.id] = after;
  }
  const moved = (levels: Levels): Levels => ({ ...levels, nextSequence: levels.nextSequence + numbers });
  return { ...c, splits, ...(c.levels && { levels: moved(c.levels) }) };
}
