import {
  type Policy,
  type PolicyProblem,
  type PolicySet,
  formatPolicyProblem,
  nameOfPolicy,
  policySet,
  readPolicyFiles,
} from '@esinet/policy';
import { dim, exit, green, print, printJson, red, tell, yellow } from '../terminal.js';

export interface PolicyCheckOptions {
  readonly key?: string;
  readonly json?: boolean;
}

export interface LoadedPolicies {
  /** Undefined where the policies do not fit together. */
  readonly set: PolicySet | undefined;
  readonly policies: readonly Policy[];
  readonly problems: readonly PolicyProblem[];
  /** What to end with because of the problems. */
  readonly code: number;
}

/** The policies of files as one set, and all that is wrong with them. */
export function loadPolicies(files: readonly string[], key: string | undefined): LoadedPolicies {
  const read = readPolicyFiles({ paths: files, ...(key !== undefined && { verificationKey: key }) });
  const set = policySet(read.policies);
  const problems = [...read.problems, ...(set.ok ? [] : set.error)];
  const unreadable = problems.some(({ message }) => message.startsWith('cannot be read'));
  const code = unreadable ? exit.unreachable : problems.length > 0 ? exit.failed : exit.ok;
  return { set: set.ok ? set.value : undefined, policies: read.policies, problems, code };
}

/** `esinet policy check FILE…`: everything that is wrong with these policies, seen as one set. */
export function policyCheck(files: readonly string[], o: PolicyCheckOptions): number {
  const { policies, problems, code } = loadPolicies(files, o.key);
  if (o.json) {
    printJson({ policies: policies.map(summary), problems });
    return code;
  }
  for (const problem of problems) tell(red(formatPolicyProblem(problem)));
  for (const policy of policies) {
    const { rules, signature, file } = summary(policy);
    const signed = {
      none: '',
      verified: green('  signed'),
      'not-verified': yellow('  signed, not verified'),
    };
    print(
      `${nameOfPolicy(policy)}  ${rules} rule${rules === 1 ? '' : 's'}${signed[signature]}  ${dim(file ?? '')}`,
    );
  }
  if (code !== exit.ok) tell(red(`${problems.length} problem${problems.length === 1 ? '' : 's'}.`));
  else if (policies.length === 0) tell(yellow('No policy in there.'));
  else print(green('All of them are good.'));
  return code;
}

function summary(policy: Policy) {
  const { policyType, policyOwner, policyId, policyQueueName, signature, file } = policy;
  return { policyType, policyOwner, policyId, policyQueueName, rules: policy.rules.length, signature, file };
}
