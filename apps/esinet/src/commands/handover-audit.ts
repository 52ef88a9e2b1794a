import { bold, dim, exit, green, print, printJson, red } from '../terminal.js';
import { type DeskOptions, answered, deskOf, refused } from './handover-access.js';
import type { DeskAuditEntry } from './handover-answers.js';

export interface AuditOptions extends DeskOptions {
  readonly case?: string;
  readonly verify?: boolean;
  readonly limit: number;
}

interface Verified {
  readonly ok: boolean;
  readonly entries: number;
  readonly head?: string;
  readonly brokenAt?: { readonly number: number; readonly why: string };
}

/** `esinet handover audit`: who did what; with `verify` whether the chain is whole. */
export async function audit(o: AuditOptions): Promise<number> {
  if (o.verify) return verify(o);
  const query = new URLSearchParams({
    limit: String(o.limit),
    ...(o.case !== undefined && { case: o.case }),
  });
  return answered<readonly DeskAuditEntry[]>(
    o,
    'auditor',
    (desk) => desk.get(`/audit?${query}`),
    (entries) => {
      for (const entry of entries) print(entryLine(entry));
    },
  );
}

async function verify(o: AuditOptions): Promise<number> {
  const desk = await deskOf(o, 'auditor');
  if (typeof desk === 'number') return desk;
  const answer = await desk.get<Verified>('/audit/verify');
  if (!answer.ok) return refused(answer.error, o);
  const { ok, entries, head, brokenAt } = answer.value;
  if (o.json) printJson(answer.value);
  else if (ok) print(`${green('whole')}  ${entries} entries, the last is ${head ?? '(none)'}`);
  else print(red(`The chain is broken at entry ${brokenAt?.number ?? '?'}: ${brokenAt?.why ?? 'changed'}.`));
  return ok ? exit.ok : exit.failed;
}

/** Outcomes that are no refusal. */
const fine: ReadonlySet<string> = new Set(['done', 'given', 'delivered']);

function entryLine(entry: DeskAuditEntry): string {
  const { at = '', who = '', what = '', outcome, case: of, authority, counts } = entry;
  const details = [
    ...(of === undefined ? [] : [`case ${of}`]),
    ...(authority === undefined ? [] : [authority]),
    ...Object.entries(counts ?? {}).map(([name, n]) => `${n} ${name}`),
  ];
  const done = outcome === undefined || fine.has(outcome) ? '' : `  ${red(outcome)}`;
  return `${dim(at)}  ${bold(what)}  ${who}${done}  ${dim(details.join(', '))}`;
}
