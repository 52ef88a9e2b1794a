import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { messageOf } from '@esinet/kernel';
import { bold, dim, exit, green, print, printJson, red, tell } from '../terminal.js';
import { type DeskOptions, answered, caseOf, deskOf, refused } from './handover-access.js';
import type { DeskCase, DeskSeal } from './handover-answers.js';
import type { HandoverClient } from './handover-client.js';
import { caseText, count } from './handover-text.js';

/** `esinet handover documents`: what was sealed; with `out` its bytes as files. */
export async function documents(id: string, o: DeskOptions & { readonly out?: string }): Promise<number> {
  const desk = await deskOf(o, 'approver1');
  if (typeof desk === 'number') return desk;
  const path = await caseOf(id, desk);
  if (!path.ok) return refused(path.error, o);
  const found = await desk.get<DeskCase>(path.value);
  if (!found.ok) return refused(found.error, o);
  const { seals = [] } = found.value;
  for (const seal of o.out === undefined ? [] : seals) {
    const octets = await desk.octets(`${path.value}/documents/${seal.id}`);
    if (!octets.ok) return refused(octets.error, o);
    const file = join(o.out ?? '.', `${seal.transactionId}.xml`);
    try {
      await mkdir(o.out ?? '.', { recursive: true, mode: 0o700 });
      await writeFile(file, octets.value, { mode: 0o600 });
    } catch (error) {
      tell(red(`${file} cannot be written: ${messageOf(error)}`));
      return exit.failed;
    }
    tell(`${file}  ${isOf(octets.value, seal) ? green('its digest is right') : red('NOT the sealed bytes')}`);
  }
  if (o.json) printJson(seals);
  else if (seals.length === 0) print(`Nothing is sealed. esinet handover review ${id} --seal does it.`);
  else for (const seal of seals) print(sealLines(seal).join('\n'));
  return exit.ok;
}

function sealLines({ transactionId, digest, bytes, items, objects }: DeskSeal): string[] {
  return [
    `${bold(transactionId)}  ${bytes} octets, ${count(items, 'message')}`,
    dim(`  sha256 ${digest}`),
    ...objects.map((each) => dim(`  ${each.id}  ${each.contentType}, ${each.bytes} octets`)),
  ];
}

export interface ApproveOptions extends DeskOptions {
  readonly digest?: string;
  readonly yes?: boolean;
}

/** `esinet handover approve`: shows what is approved, sees that the bytes are the sealed ones, and asks. */
export async function approve(id: string, o: ApproveOptions): Promise<number> {
  const desk = await deskOf(o, 'approver1');
  if (typeof desk === 'number') return desk;
  const path = await caseOf(id, desk);
  if (!path.ok) return refused(path.error, o);
  const found = await desk.get<DeskCase>(path.value);
  if (!found.ok) return refused(found.error, o);
  const c = found.value;
  const digest = o.digest ?? c.digest;
  if (digest === undefined || (c.seals?.length === 0 && c.authorisation?.running !== true)) {
    tell(red('There is nothing to approve yet.'));
    tell(dim(`esinet handover show ${id} says where it stands.`));
    return exit.failed;
  }
  const wrong = await wrongBytes(desk, c);
  if (wrong !== undefined) {
    tell(red(wrong));
    return exit.failed;
  }
  if (!o.json) tell(caseText(c).join('\n'));
  const sure = o.yes === true || (await isSure(digest));
  if (sure === undefined) {
    tell(red('An approval is given by a person: --yes where nobody can be asked.'));
    return exit.usage;
  }
  if (!sure) {
    tell('Not approved.');
    return exit.failed;
  }
  return answered<DeskCase>(
    o,
    'approver1',
    (again) => again.post(`${path.value}/approve`, { digest }),
    (approved) => {
      const { approvals = [] } = approved;
      tell(green(`approved, ${approvals.length} of 2`));
      print(caseText(approved).join('\n'));
    },
  );
}

/** Whether what would be sent is what was sealed, counted here and not there. A sentence where not. */
async function wrongBytes(desk: HandoverClient, c: DeskCase): Promise<string | undefined> {
  const { seals = [] } = c;
  for (const seal of seals) {
    const octets = await desk.octets(`/cases/${c.id}/documents/${seal.id}`);
    if (!octets.ok) return `Document ${seal.id} cannot be read: ${octets.error.detail}`;
    if (!isOf(octets.value, seal)) return `Document ${seal.id} is not what was sealed. Tell the auditor.`;
  }
  // Of records as they come the order itself is approved: its digest is made there.
  if (c.authorisation?.running === true) return undefined;
  return seals.length > 0 && c.digest !== undefined && digestOf(seals) !== c.digest
    ? 'The digest is not that of the documents. Tell the auditor.'
    : undefined;
}

/** What an approval is for: every sealed document, its objects, and their order. */
export function digestOf(seals: readonly Pick<DeskSeal, 'digest' | 'objects'>[]): string {
  const hash = createHash('sha256');
  for (const { digest, objects } of seals) {
    hash.update(`${digest}\n`);
    for (const object of objects) hash.update(`${object.id} ${object.digest}\n`);
  }
  return hash.digest('hex');
}

function isOf(octets: Buffer, { digest }: DeskSeal): boolean {
  return createHash('sha256').update(octets).digest('hex') === digest;
}

/** Undefined where there is nobody to ask. */
async function isSure(digest: string): Promise<boolean | undefined> {
  if (process.stdin.isTTY !== true) return undefined;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const said = await asking.question(`Approve exactly this, ${digest.slice(0, 16)}…? (yes/no) `);
    return /^y(es)?$/i.test(said.trim());
  } finally {
    asking.close();
  }
}
