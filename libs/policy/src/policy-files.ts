import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Result, err, messageOf } from '@esinet/kernel';
import { type PolicyKey, readPolicyKey } from './jws.js';
import type { Policy } from './policy.js';
import type { PolicyProblem } from './policy-problem.js';
import { type PolicyLimits, readPolicy } from './read-policy.js';

/** Files at once in folders; what is beyond is a wrong folder. */
const MAX_FILES = 10_000;

export interface ReadFiles {
  readonly policies: readonly Policy[];
  /** Files there are, good and bad. */
  readonly files: readonly string[];
  readonly problems: readonly PolicyProblem[];
}

export interface FilesPlan {
  readonly paths: readonly string[];
  readonly verificationKey?: string | null;
  readonly limits?: Partial<PolicyLimits>;
  readonly maxPolicies?: number;
}

/** Reads every policy of files and folders, and tells all that is wrong with them. Never throws. */
export function readPolicyFiles(plan: FilesPlan): ReadFiles {
  const reading = filesRead(plan);
  for (;;) {
    const step = reading.next();
    if (step.done) return step.value;
  }
}

/** The same, and lets others have their turn between two files. */
export async function readPolicyFilesByTurns(plan: FilesPlan): Promise<ReadFiles> {
  const reading = filesRead(plan);
  for (;;) {
    const step = reading.next();
    if (step.done) return step.value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Yields after each file. */
function* filesRead(plan: FilesPlan): Generator<undefined, ReadFiles> {
  const problems: PolicyProblem[] = [];
  const key = keyOf(plan.verificationKey ?? null, problems);
  const files = listPolicyFiles(plan.paths, problems);
  // Without the key nobody can tell who wrote them.
  if (plan.verificationKey && !key) return { policies: [], files, problems };
  const policies: Policy[] = [];
  if (plan.maxPolicies !== undefined && files.length > plan.maxPolicies) {
    const message = `there are ${files.length} policies, ${plan.maxPolicies} are allowed`;
    problems.push({ path: '', message, hint: 'policies.maxPolicies' });
    return { policies, files, problems };
  }
  for (const file of files) {
    const read = readOne(file, plan, key, problems);
    if (read) policies.push(read);
    yield;
  }
  return { policies, files, problems };
}

/** Files as named, and those of folders by name. */
export function listPolicyFiles(paths: readonly string[], problems: PolicyProblem[]): string[] {
  const files: string[] = [];
  for (const path of paths) {
    try {
      if (!statSync(path).isDirectory()) {
        files.push(path);
        continue;
      }
      const names = readdirSync(path).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
      files.push(...names.sort().map((name) => join(path, name)));
    } catch (error) {
      problems.push({ file: path, path: '', message: `cannot be read: ${messageOf(error)}` });
    }
    if (files.length > MAX_FILES) {
      problems.push({ file: path, path: '', message: `more than ${MAX_FILES} files` });
      return [];
    }
  }
  return [...new Set(files)];
}

function readOne(
  file: string,
  plan: FilesPlan,
  key: PolicyKey | undefined,
  problems: PolicyProblem[],
): Policy | undefined {
  const most = plan.limits?.maxBytes;
  try {
    if (most !== undefined && statSync(file).size > most) {
      const message = `is larger than ${most} octets`;
      problems.push({ file, path: '', message, hint: 'policies.maxBytes' });
      return undefined;
    }
    const read = readPolicy(readFileSync(file, 'utf8'), {
      file,
      ...(plan.limits && { limits: plan.limits }),
      ...(key && { key }),
    });
    if (read.ok) return read.value;
    problems.push(...read.error);
  } catch (error) {
    problems.push({ file, path: '', message: `cannot be read: ${messageOf(error)}` });
  }
  return undefined;
}

function keyOf(file: string | null, problems: PolicyProblem[]): PolicyKey | undefined {
  if (file === null) return undefined;
  const key = readPolicyKeyFile(file);
  if (key.ok) return key.value;
  problems.push({ file, path: '', message: key.error, hint: 'policies.verificationKey' });
  return undefined;
}

/** PEM: a public key or a certificate. */
export function readPolicyKeyFile(file: string): Result<PolicyKey, string> {
  try {
    return readPolicyKey(readFileSync(file));
  } catch (error) {
    return err(`cannot be read: ${messageOf(error)}`);
  }
}
