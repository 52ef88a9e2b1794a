import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '@esinet/kernel';
import type { PolicyProblem } from '@esinet/policy';
import type { Policies } from './policies.js';

/** The policy a request names. */
export interface NamedPolicy {
  readonly owner: string;
  /** Its policyId or policyQueueName. */
  readonly id: string;
  readonly policyType?: string | undefined;
}

export interface PolicyChange {
  /** refused: with it the policies would not be good, so nothing has changed; failed: it could not be kept. */
  readonly result: 'created' | 'replaced' | 'deleted' | 'absent' | 'ambiguous' | 'refused' | 'failed';
  readonly problems?: readonly PolicyProblem[];
  readonly reason?: string;
}

/**
 * Puts a policy in the place of the one of that name, or beside the others. It is in force and in its file when this says
 * so; the files are what a restart begins with, and there is no other copy.
 */
export function putPolicy(policies: Policies, named: NamedPolicy, text: string): Promise<PolicyChange> {
  return policies.inTurn(() => put(policies, named, text));
}

async function put(policies: Policies, named: NamedPolicy, text: string): Promise<PolicyChange> {
  const tried = policies.with(named, text);
  if (!tried.ok) return tried.error;
  const { before, policy } = tried.value;
  const file = before?.file ?? newFile(policies, named, policy.policyType);
  if (file === undefined)
    return { result: 'failed', reason: 'no folder among policies.files exists to keep it in' };
  return keep(policies, before ? 'replaced' : 'created', file, () => replaceFile(file, text));
}

/** Takes a policy out of force, and its file away. */
export function deletePolicy(policies: Policies, named: NamedPolicy): Promise<PolicyChange> {
  return policies.inTurn(() => remove(policies, named));
}

async function remove(policies: Policies, named: NamedPolicy): Promise<PolicyChange> {
  const found = policies.find(named);
  const [policy] = found;
  if (found.length > 1) return { result: 'ambiguous', reason: 'say which by ?policyType=' };
  const file = policy?.file;
  if (!policy || file === undefined) return { result: 'absent' };
  const problems = policies.without(policy);
  if (problems.length > 0) return { result: 'refused', problems };
  return keep(policies, 'deleted', file, () => rmSync(file));
}

/** Changes a file and loads all; where that is refused (another file is broken), the file is as it was. */
async function keep(
  policies: Policies,
  result: PolicyChange['result'],
  file: string,
  change: () => void,
): Promise<PolicyChange> {
  const before = contentOf(file);
  try {
    change();
    const done = await policies.reloadNow('request');
    if (done.result === 'ok') return { result };
    if (before === undefined) rmSync(file, { force: true });
    else replaceFile(file, before);
    return { result: 'refused', problems: done.problems };
  } catch (error) {
    return { result: 'failed', reason: messageOf(error) };
  }
}

function contentOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Whoever reads it finds the old one or the new one, whole. */
function replaceFile(file: string, content: string | Buffer): void {
  const beside = join(dirname(file), `.${randomBytes(6).toString('hex')}.part`);
  writeFileSync(beside, content, { mode: 0o640, flush: true });
  renameSync(beside, file);
}

/** Names come from outside, so none of their signs but the harmless ones is in the name of a file. */
function newFile(policies: Policies, { owner, id }: NamedPolicy, policyType: string): string | undefined {
  const { folder } = policies;
  if (folder === undefined) return undefined;
  const word = id.replace(/[^A-Za-z0-9-]+/g, '-').slice(0, 40);
  const hash = createHash('sha256').update(`${policyType}\n${owner.toLowerCase()}\n${id}`).digest('hex');
  return join(folder, `${word}.${hash.slice(0, 12)}.json`);
}
