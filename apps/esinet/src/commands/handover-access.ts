import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok } from '@esinet/kernel';
import { dim, exit, printJson, red, tell, yellow } from '../terminal.js';
import type { DeskCaseHead } from './handover-answers.js';
import { type DeskAnswer, type DeskProblem, HandoverClient } from './handover-client.js';

/** The port of the lab's hand-over desk. */
const labDeskPort = 15_092;

export interface DeskOptions {
  readonly url?: string;
  readonly portOffset: number;
  readonly data: string;
  /** In whose name: its token stands in `handover/people.json` of the data folder. */
  readonly as?: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** A desk to be asked in somebody's name; an exit code where there is no token for it. */
export async function deskOf(o: DeskOptions, usual: string): Promise<HandoverClient | number> {
  const url = o.url ?? `http://127.0.0.1:${labDeskPort + o.portOffset}`;
  if (o.token !== undefined) return new HandoverClient(url, o.token);
  const name = o.as ?? usual;
  const file = join(o.data, 'handover', 'people.json');
  let people: Readonly<Record<string, unknown>>;
  try {
    people = JSON.parse(await readFile(file, 'utf8')) as Readonly<Record<string, unknown>>;
  } catch {
    tell(red(`${file} cannot be read: it has the tokens of the people of the lab.`));
    tell(dim('Is the ESInet running here (npm start)? Else: --data FOLDER, or --token TOKEN.'));
    return exit.unreachable;
  }
  const token = people[name];
  if (typeof token === 'string') return new HandoverClient(url, token);
  tell(red(`There is nobody called ${name}.`));
  tell(dim(`--as takes ${Object.keys(people).join(', ')}`));
  return exit.usage;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The path of a case that is named by its id, the beginning of it, or `last`. */
export async function caseOf(id: string, desk: HandoverClient): Promise<DeskAnswer<string>> {
  if (uuid.test(id)) return ok(`/cases/${id}`);
  const heads = await desk.get<readonly DeskCaseHead[]>('/cases');
  if (!heads.ok) return heads;
  const byAge = [...heads.value].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  const named = id === 'last' ? byAge.slice(-1) : byAge.filter((each) => each.id.startsWith(id));
  const [only, ...others] = named;
  if (only && others.length === 0) return ok(`/cases/${only.id}`);
  const detail = only ? `${named.length} cases begin with ${id}` : `there is no case ${id}`;
  return err({ status: 404, detail, problems: [] });
}

/** Asks, and shows the answer: as JSON or as `show` does. The exit code. */
export async function answered<T>(
  o: DeskOptions,
  usual: string,
  ask: (desk: HandoverClient) => Promise<DeskAnswer<T>>,
  show: (value: T) => void,
): Promise<number> {
  const desk = await deskOf(o, usual);
  if (typeof desk === 'number') return desk;
  const answer = await ask(desk);
  if (!answer.ok) return refused(answer.error, o);
  if (o.json) printJson(answer.value);
  else show(answer.value);
  return exit.ok;
}

/** The same of a case: `ask` is given its path. */
export function answeredOf<T>(
  id: string,
  o: DeskOptions & { readonly usual: string },
  ask: (desk: HandoverClient, path: string) => Promise<DeskAnswer<T>>,
  show: (value: T) => void,
): Promise<number> {
  const asked = async (desk: HandoverClient): Promise<DeskAnswer<T>> => {
    const path = await caseOf(id, desk);
    return path.ok ? ask(desk, path.value) : path;
  };
  return answered(o, o.usual, asked, show);
}

/** Says why not, and what helps. */
export function refused(problem: DeskProblem, o: DeskOptions): number {
  if (o.json) printJson(problem);
  if (problem.status === 0) {
    tell(red(`No answer from the hand-over desk: ${problem.detail}`));
    tell(dim('Is the ESInet running with its hand-over (npm start)? Another desk is named by --url URL.'));
    return exit.unreachable;
  }
  tell(`${yellow(String(problem.refusal ?? problem.status))}  ${problem.detail}`);
  for (const { member, problem: what } of problem.problems) tell(`  ${member}: ${what}`);
  const hint = hints[problem.refusal ?? ''] ?? hints[problem.status];
  if (hint !== undefined) tell(dim(hint));
  return exit.failed;
}

/** What a person can do about it. */
const hints: Readonly<Record<string, string>> = {
  401: 'The token is not known there: --token TOKEN, or --data FOLDER of the lab that runs.',
  403: 'This is for somebody with another role: --as NAME (clerk, reviewer, approver1, approver2, admin, auditor).',
  404: 'esinet handover cases lists the cases.',
  'not-now': 'esinet handover show CASE says where it stands and what comes next.',
  'not-in-force': 'The order is not in force at this moment: not yet, no longer, or suspended.',
  'not-allowed': 'This is for somebody with another role: --as NAME.',
  'same-person': 'Two people approve, and neither of them made the request or the review.',
  'other-bytes': 'What is there is not what you saw: look again with esinet handover documents CASE.',
};
