import type { Command, Option } from 'commander';
import { httpExchange } from '@esinet/kernel';
import { bold, dim, exit, green, print, printJson, red, tell, yellow } from '../terminal.js';

interface BadActorsOptions {
  readonly url?: string;
  readonly as: string;
  readonly portOffset: number;
  readonly data: string;
  readonly json?: boolean;
}

interface Measure {
  readonly id: string;
  readonly action: string;
  readonly by: string;
  readonly since: string;
  readonly until: string;
  readonly refused: number;
  readonly peer?: string;
  readonly address?: string;
}

type Running = <A extends unknown[]>(
  command: (...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;

const timeoutMs = 5_000;
const maxBytes = 4_000_000;

const after = `
A source id stands in Call-Info of a call, purpose=emergency-source, and in the chat at the PSAP (source).
Over https: the certificate named by --as is shown: bcf.badActors.reporters says whose is taken.
Exit codes: 0 fine, 1 refused or not known, 3 nobody there.`;

/** `esinet bad-actors …`: what the border does about sources that PSAPs have reported. */
export function addBadActors(
  esinet: Command,
  running: Running,
  o: { json: Option; offset: Option; data: Option },
): void {
  const actors = esinet
    .command('bad-actors')
    .description('sources that a PSAP has reported, and what the border does about them')
    .addHelpText('after', after);
  const command = (name: string, description: string, isDefault = false): Command =>
    actors
      .command(name, { isDefault })
      .description(description)
      .option('--url <url>', 'another border than that of the lab')
      .option('--as <name>', 'certificate of the data folder to show over https', 'psap')
      .addOption(o.offset)
      .addOption(o.data)
      .addOption(o.json);

  command('list', 'what is in force now', true).action(running(list));
  command('report', 'limit or block a source for a time')
    .argument('<id>', 'source id')
    .action(running(report));
  command('undo', 'end it').argument('<id>', 'source id').action(running(undo));
}

async function list(o: BadActorsOptions): Promise<number> {
  const answer = await ask('GET', '', o);
  if (answer.status !== 200) return refused(answer);
  const { badActors } = answer.body as { badActors: readonly Measure[] };
  if (o.json) printJson(badActors);
  else if (badActors.length === 0) print('Nothing is in force against anybody.');
  else for (const measure of badActors) printMeasure(measure);
  return exit.ok;
}

async function report(id: string, o: BadActorsOptions): Promise<number> {
  return changed(await ask('POST', '', o, id), o);
}

async function undo(id: string, o: BadActorsOptions): Promise<number> {
  return changed(await ask('DELETE', `/${encodeURIComponent(id)}`, o), o, green('undone'));
}

function changed(answer: Answer, o: BadActorsOptions, what?: string): number {
  if (answer.status < 200 || answer.status >= 300) return refused(answer);
  if (o.json) printJson(answer.body);
  else printMeasure(answer.body as Measure, what);
  return exit.ok;
}

function printMeasure({ id, action, by, until, refused, peer, address }: Measure, what?: string): void {
  const where = peer === undefined ? `at ${address ?? 'an address'}` : `behind ${peer}`;
  print(`${bold(what ?? (action === 'block' ? red(action) : yellow(action)))}  ${id}`);
  print(dim(`  ${where}, until ${until}, reported by ${by}, ${refused} refused since`));
}

function refused(answer: Answer): number {
  if (answer.status === 0) {
    tell(red(`No answer from the border: ${answer.problem}`));
    tell(dim('Is the ESInet running (npm start)? Another border is named by --url URL.'));
    return exit.unreachable;
  }
  tell(red(`${answer.status}: ${answer.problem}`));
  return exit.failed;
}

interface Answer {
  /** 0: there was none. */
  readonly status: number;
  readonly body?: unknown;
  readonly problem: string;
}

async function ask(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  o: BadActorsOptions,
  body?: string,
): Promise<Answer> {
  const base = (o.url ?? `http://127.0.0.1:${15_960 + o.portOffset}`).replace(/\/$/, '');
  const url = `${base}/BadActors${path}`;
  if (!URL.canParse(url)) return { status: 0, problem: `${base} is no URL` };
  // Certificates are read for https alone.
  const agent = url.startsWith('https:')
    ? await (await import('./certificate-agent.js')).certificateAgent(o.data, o.as)
    : undefined;
  const answer = await httpExchange({
    method,
    url,
    timeoutMs,
    maxBytes,
    ...(body !== undefined && { body, headers: { 'Content-Type': 'text/plain' } }),
    ...(agent && { agent }),
  });
  agent?.destroy();
  if (!answer.ok) return { status: 0, problem: answer.error.message };
  const read = readJson(answer.value.body);
  const detail = (read as { detail?: unknown } | undefined)?.detail;
  return {
    status: answer.value.status,
    body: read,
    problem: typeof detail === 'string' ? detail : 'refused',
  };
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
