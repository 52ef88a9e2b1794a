import { type Policy, type PolicyProblem, type PolicySet, policySet } from '@esinet/policy';

export interface FittingSet {
  readonly set: PolicySet | undefined;
  readonly misfits: readonly PolicyProblem[];
}

export function setOf(policies: readonly Policy[]): FittingSet {
  const set = policySet(policies);
  return set.ok ? { set: set.value, misfits: [] } : { set: undefined, misfits: set.error };
}

/** Without the policies that do not fit to the others: one that invokes a policy whose file is broken has to go, too. */
export function fittingSet(policies: readonly Policy[]): FittingSet {
  const misfits: PolicyProblem[] = [];
  for (let left = policies; ;) {
    const set = policySet(left);
    if (set.ok) return { set: set.value, misfits };
    misfits.push(...set.error);
    const files = new Set(set.error.map(({ file }) => file));
    const fitting = left.filter(({ file }) => !files.has(file));
    if (fitting.length === left.length) return { set: undefined, misfits };
    left = fitting;
  }
}
