import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '@esinet/kernel';
import { faults } from '../faults/all-faults.js';
import { elsewhere } from '../faults/elsewhere.js';
import type { Fault } from '../faults/fault.js';
import { missingPrograms } from '../lab/outside-servers.js';
import { type Cluster, startCluster } from '../lab/start-cluster.js';
import { type FaultResult, obstacle, runFault } from './fault-run.js';
import { killRun, randomRun } from './long-run.js';
import { available } from './needs.js';
import { seeded } from './random.js';
import { type ChaosReport, type Skipped, passed, resultLine, textReport, wrongLines } from './report-text.js';
import { writeReport } from './write-report.js';

export const chaosHelp = `npm run chaos [-- F01 F06 …] [options]

  Starts the elements as processes on NATS, Redis and PostgreSQL, lets callers talk, does to it what stands in
  docs/chaos.md, and holds what was promised against what was recorded. Without names: every fault that has a script.

  --list            what faults there are
  --random          a random fault every 30 s, for --minutes N (10)
  --kills N         kills of processes at random, until there were so many and --promises N (200000)

  --chats N         that stand (40; 500 with --random and --kills)
  --rate N          texts a second of all of them (100; 1000 with --random and --kills)
  --starts N        chats a second that begin and end (5)
  --seconds N       how long a fault stays; else as long as it needs
  --rounds N        of faults that repeat something: kills of F05, restarts of F33
  --seed N          of what is random (1)

  --quick           for a machine that does something else as well: longer waits, and no times are looked at
  --embedded        without the three servers: every process for itself, one PSAP
  --lab-ports       the ports of the lab; else any that are free
  --data FOLDER     of the cluster; else one that is deleted in the end
  --report FOLDER   where chaos.txt, chaos.json and chaos.html go (chaos-report)

Ends with 1 where something was lost or a goal was missed.
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const tell = (line: string): void => void process.stderr.write(`${line}\n`);

interface Done {
  readonly results: readonly FaultResult[];
  readonly skipped: readonly Skipped[];
}

interface Wishes {
  readonly named: readonly string[];
  readonly kills: number | undefined;
  readonly random: boolean;
  readonly numbers: Readonly<Record<string, number | undefined>>;
  readonly embedded: boolean;
  readonly quick: boolean;
  readonly labPorts: boolean;
  readonly list: boolean;
  readonly data: string | undefined;
  readonly report: string;
}

const numeric = [
  'chats',
  'rate',
  'starts',
  'seconds',
  'rounds',
  'seed',
  'minutes',
  'promises',
  'kills',
] as const;

/** @throws in a sentence */
function readWishes(args: readonly string[]): Wishes | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...Object.fromEntries(numeric.map((name) => [name, { type: 'string' } as const])),
      random: { type: 'boolean', default: false },
      embedded: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      'lab-ports': { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      data: { type: 'string' },
      report: { type: 'string', default: 'chaos-report' },
    },
  });
  if (values.help) return 'help';
  const given = values as Readonly<Record<string, unknown>>;
  const numbers: Record<string, number | undefined> = {};
  for (const name of numeric) {
    const text = given[name];
    if (typeof text !== 'string') continue;
    const value = Number(text);
    if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} needs a number, not ${text}`);
    numbers[name] = value;
  }
  const named = positionals.map((name) => name.toUpperCase());
  const known: readonly string[] = [...faults, ...elsewhere].map(({ id }) => id);
  const unknown = named.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`${unknown} is none of ${known[0]} to ${known.at(-1)}`);
  return {
    ...{ named, numbers, kills: numbers['kills'] },
    random: values.random,
    embedded: values.embedded,
    quick: values.quick,
    labPorts: values['lab-ports'],
    list: values.list,
    data: values.data,
    report: values.report,
  };
}

/** `npm run chaos`: the exit code. */
export async function chaosCommand(args: readonly string[]): Promise<number> {
  let wishes: Wishes | 'help';
  try {
    wishes = readWishes(args);
  } catch (error) {
    tell(`chaos: ${messageOf(error)}`);
    return 2;
  }
  if (wishes === 'help') {
    say(chaosHelp);
    return 0;
  }
  if (wishes.list) {
    for (const { id, title, needs = [] } of faults)
      say(`${id}  ${title}${needs.length ? `  (${needs.join(', ')})` : ''}`);
    for (const { id, title, elsewhere: where } of elsewhere) say(`${id}  ${title}: ${where}`);
    return 0;
  }
  const missing = wishes.embedded ? [] : missingPrograms();
  if (missing.length > 0) {
    tell(`${missing.join('\n')}\nWithout the servers: --embedded`);
    return 2;
  }
  const folder = wishes.data ?? mkdtempSync(join(tmpdir(), 'esinet-chaos-'));
  const { numbers } = wishes;
  const random = seeded(numbers['seed'] ?? 1);
  say(`Starting the cluster in ${folder} …`);
  let cluster: Cluster;
  try {
    cluster = await startCluster({
      ...{ folder, embedded: wishes.embedded, ports: wishes.labPorts ? 0 : 'free', patient: wishes.quick },
    });
  } catch (error) {
    tell(`The cluster cannot start: ${messageOf(error)}`);
    return 1;
  }
  let stopping = false;
  const end = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await cluster.close();
    if (wishes.data === undefined) rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void end().finally(() => process.exit(130)));
  }
  try {
    say(`${cluster.processes.size} processes run: ${[...cluster.processes.keys()].join(', ')}`);
    const reported = (done: Done): ChaosReport => ({
      date: new Date().toISOString(),
      machine: `${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.versions.node}`,
      settings: settingsOf(wishes),
      ...done,
    });
    // After each fault: what was measured is there, whatever comes of the rest.
    const report = reported(
      await run(cluster, wishes, random, (done) => writeReport(wishes.report, reported(done))),
    );
    await writeReport(wishes.report, report);
    say(`\n${textReport(report)}`);
    say(`Report: ${join(wishes.report, 'chaos.html')}`);
    return passed(report) ? 0 : 1;
  } catch (error) {
    tell(`chaos: ${messageOf(error)}`);
    return 1;
  } finally {
    await end();
  }
}

async function run(
  cluster: Cluster,
  { named, kills, random: randomly, numbers, quick }: Wishes,
  random: () => number,
  save: (done: Done) => Promise<void>,
): Promise<Done> {
  const { chats, rate, starts, seconds, rounds, minutes, promises } = numbers;
  const shape = {
    ...(chats !== undefined && { chats }),
    ...(rate !== undefined && { rate }),
    ...(starts !== undefined && { starts }),
    ...(quick && { lingerMs: 5_000 }),
  };
  const long = { cluster, random, say, shape: { chats: 500, rate: 1_000, ...shape } };
  const has = available(cluster);
  const possible = faults.filter((fault) => obstacle(fault, has) === undefined);
  if (randomly) {
    const suited = possible.filter((fault) => fault.random);
    return { results: [await randomRun(suited, minutes ?? 10, long)], skipped: [] };
  }
  if (kills !== undefined) {
    const names = [...cluster.processes.keys()].filter((name) => !name.startsWith('lis'));
    return { results: [await killRun(kills, promises ?? 200_000, { ...long, names })], skipped: [] };
  }
  const results: FaultResult[] = [];
  const skipped: Skipped[] = [];
  for (const fault of chosen(faults, named)) {
    const reason = obstacle(fault, has);
    if (reason !== undefined) {
      skipped.push({ ...fault, reason });
      say(`${fault.id}  ----  ${fault.title}: ${reason}`);
      continue;
    }
    say(`${fault.id}  ${fault.title} …`);
    const result = await runFault(fault, {
      ...{ cluster, shape, random, say, rounds, timed: !quick },
      ...(quick ? { calmMs: 1_500, afterMs: 3_000 } : { calmMs: 4_000, afterMs: 8_000 }),
      holdMs: seconds === undefined ? undefined : seconds * 1_000,
    });
    results.push(result);
    say(resultLine(result));
    for (const line of wrongLines(result)) say(`      ${line}`);
    await save({ results, skipped });
  }
  for (const { elsewhere: reason, ...fault } of elsewhere) {
    if (named.length === 0 || named.includes(fault.id)) skipped.push({ ...fault, reason });
  }
  return { results, skipped };
}

function chosen(all: readonly Fault[], named: readonly string[]): readonly Fault[] {
  return named.length === 0 ? all : all.filter(({ id }) => named.includes(id));
}

function settingsOf({ numbers, embedded, random, quick }: Wishes): Record<string, number | string | boolean> {
  const given = Object.entries(numbers).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return {
    adapters: embedded ? 'embedded' : 'NATS, Redis, PostgreSQL',
    ...(random && { random }),
    ...(quick && { quick }),
    ...Object.fromEntries(given),
  };
}
