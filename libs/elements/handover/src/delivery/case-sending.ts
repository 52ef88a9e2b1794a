import { type Clock, type Result, isoTime, ok } from '@esinet/kernel';
import type { Authorities } from '../authorities.js';
import type { CaseFiles } from '../case-files.js';
import type { CaseTurns, DeskRefusal } from '../case-turns.js';
import type { HandoverCase } from '../model.js';
import type { SealingRoom } from '../sealing-room.js';
import type { CaseVault } from '../vault/case-vault.js';
import { followUp } from './follow-up.js';
import { currentSeals } from './may-leave.js';
import type { Outbox, OutboxEntry } from './outbox.js';

/** What was approved is queued, and what was acknowledged is followed by what comes after it. */
export class CaseSending {
  /** By case. Two lanes may end at the same time: neither finds the other's entry written, and one has to be the last. */
  readonly #fresh = new Map<string, Set<string>>();

  constructor(
    private readonly o: {
      readonly turns: CaseTurns;
      readonly vault: CaseVault;
      readonly files: CaseFiles;
      readonly room: SealingRoom;
      readonly outbox: Outbox;
      readonly authorities: Authorities;
      readonly clock: Clock;
      readonly onQueued: () => void;
    },
  ) {}

  /**
   * Puts what was approved into the queue of the authority. Also what a restart found approved and not sent; `again`: what
   * had failed for good too, as somebody asked for.
   */
  async send(id: string, o: { readonly again?: boolean } = {}): Promise<Result<HandoverCase, DeskRefusal>> {
    const { outbox, clock } = this.o;
    const sent = await this.o.turns.step<HandoverCase>(id, { do: 'send' }, undefined, async (c) => {
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
    return ok((await this.o.vault.get(id)) ?? sent.value);
  }

  /**
   * Something of a case was acknowledged (`entry`, which need not be written as delivered yet): objects of Model B follow
   * their document, and the case is delivered when nothing of it is left.
   */
  async acknowledged(id: string, entry?: OutboxEntry): Promise<void> {
    const { outbox, authorities, clock } = this.o;
    const fresh = this.#fresh.get(id) ?? new Set();
    if (entry) this.#fresh.set(id, fresh.add(entry.id));
    const isDone = await this.o.turns.take(id, async () => {
      const c = await this.o.vault.get(id);
      const authority = c && authorities.get(c.authorisation.authority);
      if (!c || !authority) return false;
      if (entry?.kind === 'document') {
        await this.o.room.told(authority, await this.o.files.document(id, entry.id));
      }
      const isModelB = authority.profile.binary === 'B';
      const known = await outbox.ofCase(id);
      const next = followUp(c, known, { isModelB, fresh });
      for (const { id: written, state } of known) if (state === 'delivered') fresh.delete(written);
      if (fresh.size === 0 || next.isDone) this.#fresh.delete(id);
      await outbox.enqueue(next.objects, isoTime(clock.wall()));
      if (next.objects.length > 0) this.o.onQueued();
      return next.isDone;
    });
    if (isDone) await this.delivered(id);
  }

  /** Everything of it was acknowledged. */
  delivered(id: string): Promise<Result<HandoverCase, DeskRefusal>> {
    return this.o.turns.step<HandoverCase>(id, { do: 'delivered' }, undefined, (c) =>
      Promise.resolve(ok({ case: c, value: c })),
    );
  }
}
