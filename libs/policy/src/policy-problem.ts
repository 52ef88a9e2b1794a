/** A step into a JSON document: a member's name or an element's place. */
export type PathStep = string | number;

/** What is wrong with a policy, where, and what would be right. */
export interface PolicyProblem {
  /** As the loader was given it. */
  readonly file?: string;
  /** From 1; where it could be told. */
  readonly line?: number;
  /** `policyRules[2].conditions[0].operator`; '' for the document. */
  readonly path: string;
  readonly message: string;
  /** What was found there, short. */
  readonly value?: string;
  readonly hint?: string;
}

/** Problems told of one document; who has more has something else on their hands. */
export const MAX_POLICY_PROBLEMS = 100;
const MAX_VALUE = 60;

export function pathText(steps: readonly PathStep[]): string {
  return steps.reduce<string>(
    (path, step) => (typeof step === 'number' ? `${path}[${step}]` : path === '' ? step : `${path}.${step}`),
    '',
  );
}

/** `night.json:12: policyRules[0].priority: expected a whole number, found "high" (0 is the lowest)`. */
export function formatPolicyProblem(p: PolicyProblem): string {
  const place = [p.file, p.line].filter((each) => each !== undefined).join(':');
  const where = [place, p.path].filter((each) => each !== '').join(': ');
  const found = p.value === undefined ? '' : `, found ${p.value}`;
  const hint = p.hint === undefined ? '' : ` (${p.hint})`;
  return `${where === '' ? '' : `${where}: `}${p.message}${found}${hint}`;
}

export function shortValue(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}
