import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@esinet/kernel';

/** The people of the lab's hand-over: whoever tries it out is all of them. */
export const labPeople = {
  clerk: ['handover-clerk'],
  reviewer: ['handover-reviewer'],
  approver1: ['approver'],
  approver2: ['approver'],
  admin: ['administrator'],
  auditor: ['auditor'],
} as const;

export type LabTokens = Readonly<Record<keyof typeof labPeople, string>>;

/** Tokens by name, made once: `people.json`, for its owner only. @throws Error that names the file */
export async function labTokens(folder: string): Promise<LabTokens> {
  const file = join(folder, 'people.json');
  const known = await kept(file, () => '{}');
  let tokens: Record<string, unknown>;
  try {
    tokens = JSON.parse(known) as Record<string, unknown>;
  } catch (error) {
    throw new Error(`${file} is no JSON (${messageOf(error)}); delete it to have it made anew`, {
      cause: error,
    });
  }
  const names = Object.keys(labPeople) as (keyof typeof labPeople)[];
  const all = Object.fromEntries(
    names.map((name) => [name, tokenOf(tokens[name]) ?? randomBytes(24).toString('base64url')]),
  ) as Record<keyof typeof labPeople, string>;
  if (names.some((name) => tokens[name] !== all[name])) {
    await writeFile(file, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
  }
  return all;
}

/** The file of the key that wraps the keys of cases; made once. A lab's: elsewhere it comes from a secret store. */
export async function labMasterKey(folder: string): Promise<string> {
  const file = join(folder, 'master.key');
  await kept(file, () => `${randomBytes(32).toString('hex')}\n`);
  return file;
}

function tokenOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.length >= 16 ? value : undefined;
}

async function kept(file: string, make: () => string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
    const text = make();
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
    return text;
  }
}
