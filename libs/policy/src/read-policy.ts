import { type Result, err, ok } from '@esinet/kernel';
import { type Action, endsEvaluation, readAction } from './action.js';
import { readCondition } from './condition-kinds.js';
import type { Condition } from './condition.js';
import { Fields, type FoundProblem } from './fields.js';
import { jsonFault } from './json-fault.js';
import { lineOfPath } from './json-line.js';
import { type PolicyKey, openJws } from './jws.js';
import { type Policy, type PolicyRule, policyTypes } from './policy.js';
import { type PolicyProblem, type PathStep, pathText } from './policy-problem.js';

export interface PolicyLimits {
  /** Octets of one document. */
  readonly maxBytes: number;
  readonly maxRules: number;
  /** Conditions of one rule, and its actions. */
  readonly maxConditions: number;
}

export const defaultPolicyLimits: PolicyLimits = { maxBytes: 1_048_576, maxRules: 2_000, maxConditions: 32 };

export interface ReadPolicyOptions {
  /** Stands in the problems and in the policy. */
  readonly file?: string;
  readonly limits?: Partial<PolicyLimits>;
  /** Who may have signed it. With a key, a policy that is not signed with it is refused. */
  readonly key?: PolicyKey;
}

/** Reads one policy, as JSON or as flattened JSON JWS (RFC 7515 7.2.2). Tells all that is wrong with it. */
export function readPolicy(text: string, o: ReadPolicyOptions = {}): Result<Policy, PolicyProblem[]> {
  const limits = { ...defaultPolicyLimits, ...o.limits };
  const document = readDocument(text, limits, o);
  if (!document.ok) return document;
  const { value, signature, locate } = document.value;
  const problems: FoundProblem[] = [];
  const policy = readObject(value, problems, limits);
  if (policy && problems.length === 0)
    return ok({ ...policy, signature, source: value, ...(o.file !== undefined && { file: o.file }) });
  return err(problems.map(({ path, ...rest }) => locate(path, rest)));
}

interface Document {
  readonly value: unknown;
  readonly signature: Policy['signature'];
  readonly locate: (path: readonly PathStep[], rest: Omit<FoundProblem, 'path'>) => PolicyProblem;
}

function readDocument(
  text: string,
  limits: PolicyLimits,
  { file, key }: ReadPolicyOptions,
): Result<Document, PolicyProblem[]> {
  const inFile = file === undefined ? {} : { file };
  const broken = (message: string, more: Partial<PolicyProblem> = {}): Result<never, PolicyProblem[]> =>
    err([{ ...inFile, path: '', message, ...more }]);
  if (Buffer.byteLength(text) > limits.maxBytes)
    return broken(`is larger than ${limits.maxBytes} octets`, { hint: 'policies.maxBytes' });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const { line, message } = jsonFault(text);
    return broken(`is no JSON: ${message}`, { line });
  }
  const opened = openJws(value, key);
  if (opened === undefined) {
    if (key)
      return broken('is not signed', {
        hint: 'a verification key is configured, so a policy has to be a JWS',
      });
    return ok({
      value,
      signature: 'none',
      locate: (path, rest) => ({ ...inFile, line: lineOfPath(text, path), path: pathText(path), ...rest }),
    });
  }
  if (!opened.ok) return broken(opened.error);
  // The lines of a payload are not those of the file.
  return ok({
    value: opened.value.payload,
    signature: opened.value.verified ? 'verified' : 'not-verified',
    locate: (path, rest) => ({ ...inFile, path: pathText(['payload', ...path]), ...rest }),
  });
}

function readObject(
  value: unknown,
  problems: FoundProblem[],
  limits: PolicyLimits,
): Omit<Policy, 'signature' | 'source'> | undefined {
  const fields = Fields.of(value, [], problems);
  if (!fields) return undefined;
  const keyed = Object.keys(fields.object).find((name) => /^policyRules[._]\d+[._]/.test(name));
  if (keyed !== undefined)
    return fields.wrong(keyed, 'is a path written as a name', 'write lists and objects');
  const policyType = fields.oneOf('policyType', policyTypes);
  const policyOwner = fields.text('policyOwner', 'a domain name, or a URI with one: esrp.example');
  if (
    policyOwner !== undefined &&
    !/^[^\s@]*@?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d+)?$/.test(policyOwner)
  )
    fields.wrong('policyOwner', 'expected a domain name, or a URI with one', 'esrp.example');
  const description = fields.optionalText('description');
  const expires = fields.optionalTime('policyExpirationTime');
  fields.optionalTime('policyLastUpdateTime');
  fields.optionalTime('policyLastModifiedTime');
  const policyId = fields.optionalText('policyId');
  const policyQueueName = fields.optionalText('policyQueueName');
  checkNames(fields, policyType);
  if (!fields.has('policyRules')) fields.wrong('policyRules', 'is missing');
  const rules = readRules(fields, limits);
  fields.end();
  if (policyType === undefined || policyOwner === undefined) return undefined;
  return {
    policyType,
    policyOwner,
    rules,
    ...(policyId !== undefined && { policyId }),
    ...(policyQueueName !== undefined && { policyQueueName }),
    ...(expires && { expires: expires.ms }),
    ...(description !== undefined && { description }),
  };
}

/** NENA-STA-010 3.3.1: policies of queues have a queue, others an id, and neither has both. */
function checkNames(fields: Fields, policyType: Policy['policyType'] | undefined): void {
  if (policyType === undefined) return;
  const other = policyType === 'OtherRoutePolicy';
  const [needed, unwanted] = other
    ? (['policyId', 'policyQueueName'] as const)
    : (['policyQueueName', 'policyId'] as const);
  if (!fields.has(needed))
    fields.wrong(
      needed,
      'is missing',
      other ? 'a name for it' : 'the URI of the queue, or * for every other queue',
    );
  if (fields.has(unwanted)) fields.wrong(unwanted, `has no place in a policy of type ${policyType}`);
}

function readRules(fields: Fields, limits: PolicyLimits): PolicyRule[] {
  const rules: PolicyRule[] = [];
  const ids = new Map<string, number>();
  const priorities = new Map<number, string>();
  fields.list('policyRules', limits.maxRules).forEach(({ value, path }, n) => {
    const rule = Fields.of(value, path, fields.problems);
    if (!rule) return;
    const id = rule.text('id');
    const priority = rule.integer('priority', 0, 2_147_483_647, '0 is the lowest');
    const description = rule.optionalText('description');
    if (id !== undefined && ids.has(id)) rule.wrong('id', `is that of policyRules[${ids.get(id)}] too`);
    if (priority !== undefined && priorities.has(priority))
      rule.wrong('priority', `is that of rule ${priorities.get(priority)} too`, 'which of them goes first?');
    const conditions = readConditions(rule, limits);
    const actions = readActions(rule, limits);
    rule.end();
    if (id === undefined || priority === undefined) return;
    ids.set(id, n);
    priorities.set(priority, id);
    rules.push({ id, priority, conditions, actions, ...(description !== undefined && { description }) });
  });
  return rules.sort((a, b) => b.priority - a.priority);
}

function readConditions(rule: Fields, limits: PolicyLimits): Condition[] {
  return rule.list('conditions', limits.maxConditions).flatMap(({ value, path }) => {
    const condition = Fields.of(value, path, rule.problems);
    return (condition && readCondition(condition)) ?? [];
  });
}

function readActions(rule: Fields, limits: PolicyLimits): Action[] {
  const listed = rule.list('actions', limits.maxConditions);
  if (
    !rule.has('actions') ||
    (listed.length === 0 && Array.isArray(rule.object['actions']) && rule.object['actions'].length === 0)
  )
    rule.wrong(
      'actions',
      rule.has('actions') ? 'is empty' : 'is missing',
      'what is done where the conditions hold',
    );
  let ended: string | undefined;
  return listed.flatMap(({ value, path }) => {
    const fields = Fields.of(value, path, rule.problems);
    const action = fields && readAction(fields);
    if (!action) return [];
    if (ended !== undefined) fields.refuse(`is never reached behind ${ended}`, 'put it first');
    if (endsEvaluation(action)) ended = action.type;
    return [action];
  });
}
