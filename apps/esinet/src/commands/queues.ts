import type { Command, Option } from 'commander';
import { messageOf } from '@esinet/kernel';
import { bold, dim, exit, green, print, printJson, red, tell, yellow } from '../terminal.js';

type Running = <A extends unknown[]>(
  command: (...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;

/** The port of the lab's router. */
const labEsrpPort = 15_970;
const timeoutMs = 2_000;
const clearScreen = '\u001b[2J\u001b[H';

export interface QueuesOptions {
  readonly url?: string;
  readonly portOffset: number;
  readonly watch?: boolean;
  readonly every: number;
  readonly json?: boolean;
}

interface QueueRow {
  readonly queueUri: string;
  readonly queueLength: number;
  readonly queueMaxLength: number;
  readonly state: string;
  readonly reason?: string;
  readonly inService: number;
  readonly maxInService?: number;
  readonly longestWaitMs: number;
  readonly alternates: readonly string[];
  readonly dequeuers?: readonly {
    readonly dequeuerUri: string;
    readonly preference: number;
    readonly expiresIn: number;
  }[];
}

interface Report {
  readonly queues: readonly QueueRow[];
  readonly nextHops: readonly { hop: string; state: string; failures: number; forMs: number }[];
}

/** `esinet queues`: the queues of the router, once or again and again. */
export function addQueues(
  esinet: Command,
  running: Running,
  o: { json: Option; offset: Option; seconds: (text: string) => number },
): void {
  esinet
    .command('queues')
    .description('queues of next hops: who waits, who is in service, who takes calls')
    .option('--url <url>', 'another router than that of the lab')
    .option('--watch', 'again and again, until interrupted')
    .option('--every <seconds>', 'with --watch', o.seconds, 1)
    .addOption(o.offset)
    .addOption(o.json)
    .action(running(queues));
}

export async function queues(o: QueuesOptions): Promise<number> {
  const url = `${(o.url ?? `http://127.0.0.1:${labEsrpPort + o.portOffset}`).replace(/\/$/, '')}/queues`;
  for (;;) {
    const outcome = await show(url, o);
    if (!o.watch) return outcome;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0.1, o.every) * 1_000));
  }
}

async function show(url: string, o: QueuesOptions): Promise<number> {
  let report: Report;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (!answer.ok) throw new Error(`HTTP status ${answer.status}`);
    report = (await answer.json()) as Report;
  } catch (error) {
    tell(red(`No answer from the router at ${url}: ${messageOf(error)}`));
    tell(dim('Is the ESInet running (npm start)? Another router is named by --url URL.'));
    return exit.unreachable;
  }
  if (o.json) {
    if (o.watch) print(JSON.stringify(report));
    else printJson(report);
    return exit.ok;
  }
  const lines = tableOf(report);
  print(`${o.watch && process.stdout.isTTY ? clearScreen : ''}${lines.join('\n')}`);
  return exit.ok;
}

/** The table, a line each; exported for its test. */
export function tableOf({ queues: rows, nextHops }: Report): string[] {
  const width = Math.max(5, ...rows.map(({ queueUri }) => queueUri.length));
  const head = `${'queue'.padEnd(width)}  ${'waiting'.padStart(11)}  ${'in service'.padStart(11)}  ${'longest'.padStart(8)}  state`;
  const lines =
    rows.length > 0 ? [bold(head)] : ['No queues are configured (esrp.queues.list): calls go through.'];
  for (const row of rows) {
    const waiting = `${row.queueLength}/${row.queueMaxLength}`.padStart(11);
    const served = `${row.inService}/${row.maxInService ?? '-'}`.padStart(11);
    const longest = (row.queueLength === 0 ? '-' : `${(row.longestWaitMs / 1_000).toFixed(1)} s`).padStart(8);
    const reason = row.reason === undefined ? '' : dim(`  ${row.reason}`);
    lines.push(
      `${row.queueUri.padEnd(width)}  ${waiting}  ${served}  ${longest}  ${coloured(row.state)}${reason}`,
    );
    for (const { dequeuerUri, preference, expiresIn } of row.dequeuers ?? [])
      lines.push(dim(`  ${dequeuerUri}  preference ${preference}, ${expiresIn} s left`));
    if (row.alternates.length > 0) lines.push(dim(`  else ${row.alternates.join(', ')}`));
  }
  for (const { hop, state, failures, forMs } of nextHops)
    lines.push(`${yellow(state)}  next hop ${hop}, ${failures} failures, for ${Math.round(forMs / 1_000)} s`);
  return lines;
}

function coloured(state: string): string {
  if (state === 'Active') return green(state);
  return state === 'Standby' || state === 'Full' ? yellow(state) : red(state);
}
