import { randomUUID } from 'node:crypto';
import { type Clock, type Result, err, isoTime, ok } from '@esinet/kernel';
import type { RecordWrite, Records } from '@esinet/platform';
import type { AuditTrail } from './audit/audit-trail.js';
import type { Authorities } from './authorities.js';
import { type DeskRefusal, refused } from './case-turns.js';
import { type IntakeLimits, type IntakeRequest, takeIn } from './intake.js';
import type { HandoverCase, Person } from './model.js';
import { CaseReferences } from './references.js';
import type { CaseVault } from './vault/case-vault.js';

/** How a request becomes a case: checked, noted, and stored with its own key. */
export class CaseIntake {
  readonly #references: CaseReferences;

  constructor(
    private readonly o: {
      readonly authorities: Authorities;
      readonly vault: CaseVault;
      readonly audit: AuditTrail;
      readonly own: Records;
      readonly settings: { readonly intake: IntakeLimits };
      readonly clock: Clock;
    },
  ) {
    this.#references = new CaseReferences(o.own, o.vault);
  }

  async takeIn(
    request: IntakeRequest,
    by: Person,
    also: (caseId: string) => readonly RecordWrite[] = () => [],
  ): Promise<Result<HandoverCase, DeskRefusal>> {
    const { authorities, vault, audit, clock, settings } = this.o;
    if (!by.roles.includes('handover-clerk')) return refused('not-allowed');
    const taken = takeIn(request, authorities.get(request.authority), clock.wall(), settings.intake);
    const problems = taken.ok ? await this.#references.problems(taken.value.authorisation) : taken.error;
    // What nobody was onboarded as is somebody's text, and not for the audit.
    const authority = authorities.get(request.authority)?.id ?? 'unknown';
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
}
