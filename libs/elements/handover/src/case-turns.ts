import { type Clock, type Result, err } from '@esinet/kernel';
import type { RecordWrite } from '@esinet/platform';
import type { AuditTrail } from './audit/audit-trail.js';
import { type CaseCommand, type CaseRefusal, caseStep } from './case-steps.js';
import type { IntakeProblem } from './intake.js';
import type { HandoverCase, Person } from './model.js';
import type { SealingProblem } from './sealing.js';
import type { CaseVault } from './vault/case-vault.js';

export type DeskRefusal =
  | { readonly kind: 'unknown-case' }
  | { readonly kind: 'refused'; readonly why: CaseRefusal }
  | { readonly kind: 'problems'; readonly problems: readonly IntakeProblem[] }
  | { readonly kind: 'sealing'; readonly problem: SealingProblem };

/** What came of the effect of a step. */
export interface StepDone<T> {
  readonly case: HandoverCase;
  readonly value: T;
  readonly counts?: Readonly<Record<string, number>>;
  readonly digests?: Readonly<Record<string, string>>;
  /** What has to be stored together with the case. */
  readonly also?: readonly RecordWrite[];
}

/**
 * One step of a case at a time. Each is decided by `caseStep`, and its audit entry is durable before its effect: an entry
 * without an effect can be explained, an effect without an entry cannot. Rejects when nothing can be stored.
 */
export class CaseTurns {
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly o: { readonly vault: CaseVault; readonly audit: AuditTrail; readonly clock: Clock },
  ) {}

  /** Waits until nobody else is at the case. */
  take<T>(id: string, action: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(id) ?? Promise.resolve()).then(action, action);
    this.#turns.set(id, turn);
    void turn
      .catch(() => undefined)
      .finally(() => {
        if (this.#turns.get(id) === turn) this.#turns.delete(id);
      });
    return turn;
  }

  step<T>(
    id: string,
    command: CaseCommand,
    by: Person | undefined,
    effect: (c: HandoverCase) => Promise<Result<StepDone<T>, DeskRefusal>>,
  ): Promise<Result<T, DeskRefusal>> {
    return this.take(id, () => this.within(id, command, by, effect));
  }

  /** The same for who has the turn already. */
  async within<T>(
    id: string,
    command: CaseCommand,
    by: Person | undefined,
    effect: (c: HandoverCase) => Promise<Result<StepDone<T>, DeskRefusal>>,
  ): Promise<Result<T, DeskRefusal>> {
    const { vault, audit, clock } = this.o;
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
    const { counts, digests, also } = done.value;
    await audit.write({ ...entry, outcome: 'done', ...(counts && { counts }), ...(digests && { digests }) });
    await vault.put(done.value.case, also);
    return { ok: true, value: done.value.value };
  }
}

export function refused(why: CaseRefusal): { readonly ok: false; readonly error: DeskRefusal } {
  return err({ kind: 'refused', why });
}
