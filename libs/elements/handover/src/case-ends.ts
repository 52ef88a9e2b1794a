import { type Clock, type Logger, type Result, messageOf, ok } from '@esinet/kernel';
import { timeOf } from '@esinet/handover';
import type { Records } from '@esinet/platform';
import type { AuditTrail } from './audit/audit-trail.js';
import type { CaseFiles } from './case-files.js';
import type { CaseTurns, DeskRefusal } from './case-turns.js';
import type { HandoverCase, Person } from './model.js';
import type { ObjectIndex } from './object-index.js';
import type { CaseVault } from './vault/case-vault.js';

/** How cases and what is kept of them end, by somebody's word or by time. TS 103 707 D.4.2 */
export class CaseEnds {
  constructor(
    private readonly o: {
      readonly turns: CaseTurns;
      readonly vault: CaseVault;
      readonly files: CaseFiles;
      readonly objects: ObjectIndex;
      readonly own: Records;
      readonly audit: AuditTrail;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly onStopped?: (caseId: string) => void;
    },
  ) {}

  async close(id: string, by: Person): Promise<Result<HandoverCase, DeskRefusal>> {
    return this.#end(id, 'close', by);
  }

  /** Closes what is over for `keepMs`: nothing of it could leave any more. How many it were. */
  async expireCases(keepMs: number): Promise<number> {
    let closed = 0;
    for (const { id, phase, until: end } of await this.o.vault.heads()) {
      const until = phase === 'closed' || end === undefined ? undefined : timeOf(end);
      if (until === undefined || this.o.clock.wall() < until + keepMs) continue;
      if ((await this.#end(id, 'expire')).ok) closed++;
    }
    return closed;
  }

  /** Octets that can no longer be fetched do not lie here until the case is closed. How many objects it were. */
  async expireObjects(): Promise<number> {
    const { objects, files, own, audit } = this.o;
    const expired = await objects.expired();
    const byCase = new Map<string, string[]>();
    for (const { id, case: of } of expired) byCase.set(of, [...(byCase.get(of) ?? []), id]);
    for (const [of, ids] of byCase) {
      await audit.write({
        what: 'objects-expired',
        who: 'handover',
        case: of,
        counts: { objects: ids.length },
      });
      await own.write(objects.gone(ids));
      for (const id of ids) await files.eraseObject(of, id);
    }
    return expired.length;
  }

  /** A crash between the word and the deed is made good. */
  async finish(): Promise<void> {
    for (const { id, phase } of await this.o.vault.heads()) {
      if (phase === 'closed') await this.#destroyed(id);
    }
  }

  async #end(id: string, how: 'close' | 'expire', by?: Person): Promise<Result<HandoverCase, DeskRefusal>> {
    const { turns, vault, objects } = this.o;
    return turns.take(id, async () => {
      const before = await vault.get(id);
      const ended = await turns.within<HandoverCase>(id, { do: how }, by, (c) => {
        const offered = (before?.seals ?? []).flatMap((seal) => seal.objects.map((object) => object.id));
        return Promise.resolve(ok({ case: c, value: c, also: objects.gone(offered) }));
      });
      if (!ended.ok) return ended;
      this.o.onStopped?.(id);
      await vault.destroy(ended.value);
      return ended;
    });
  }

  async #destroyed(id: string): Promise<void> {
    try {
      const c = await this.o.vault.get(id);
      if (c) await this.o.vault.destroy(c);
    } catch (error) {
      this.o.logger.error('handover-close-not-finished', { case: id, reason: messageOf(error) });
    }
  }
}
