import { type Command, InvalidArgumentError, type Option } from 'commander';
import { durationOf } from '@esinet/platform/duration';
import { type CheckName, checkNames } from '../doctor/check-names.js';
import type { Examined } from '../doctor/examine.js';
import { bold, dim, exit, green, print, printJson, red, tell, yellow } from '../terminal.js';

type Running = <A extends unknown[]>(
  command: (...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;

export interface DoctorOptions {
  readonly config?: string;
  readonly only?: readonly CheckName[];
  readonly timeout: number;
  readonly json?: boolean;
}

const after = `
Checks: ${checkNames.join(', ')}.

Examples:
  esinet doctor                                      what stands in the way of this ESInet
  esinet doctor --config esinet.yaml --only tls,dns
  esinet doctor --json | jq '.[] | select(.level == "fault")'

It changes nothing: it asks the DNS, shakes hands, sends OPTIONS and LoST questions, and writes a file that it deletes.
Exit codes: 0 no fault, 1 a fault, 2 wrong use.`;

export function addDoctor(esinet: Command, running: Running, json: Option): void {
  esinet
    .command('doctor')
    .description('what is wrong with the set-up, in sentences, each with what to do')
    .option('--config <file>', 'YAML; without it esinet.yaml where there is one, else the lab')
    .option('--only <checks>', 'these checks only: dns,tls', only)
    .option('--timeout <time>', 'for each thing that is asked: 5 s', timeout, 5_000)
    .addOption(json)
    .addHelpText('after', after)
    .action(running(doctor));
}

/** `esinet doctor`: every check, and whether there is a fault. */
export async function doctor(o: DoctorOptions): Promise<number> {
  const { readEsinetConfig } = await import('../read-config.js');
  const read = readEsinetConfig(o.config);
  if (!read.ok) {
    for (const line of read.error) tell(line);
    return exit.failed;
  }
  const { examine } = await import('../doctor/examine.js');
  const found = await examine(read.value.value, { timeoutMs: o.timeout, ...(o.only && { only: o.only }) });
  if (o.json) printJson(found);
  else tellAll(found);
  return found.some(({ level }) => level === 'fault') ? exit.failed : exit.ok;
}

const marks = { ok: green('ok     '), warning: yellow('warning'), fault: red('fault  ') };

function tellAll(found: readonly Examined[]): void {
  let check: string | undefined;
  for (const { check: own, level, what, fix } of found) {
    if (own !== check) print(bold(own));
    check = own;
    print(`  ${marks[level]}  ${what}`);
    if (fix !== undefined) print(dim(`           ${fix}`));
  }
  const count = (level: Examined['level']): number => found.filter((each) => each.level === level).length;
  const [faults, warnings] = [count('fault'), count('warning')];
  const text = `${faults} fault${faults === 1 ? '' : 's'}, ${warnings} warning${warnings === 1 ? '' : 's'}.`;
  print(faults > 0 ? red(text) : warnings > 0 ? yellow(text) : green('Nothing is wrong.'));
}

function only(text: string): CheckName[] {
  return text.split(',').map((each) => {
    const name = checkNames.find((known) => known === each.trim());
    if (!name) throw new InvalidArgumentError(`Checks are ${checkNames.join(', ')}.`);
    return name;
  });
}

function timeout(text: string): number {
  const ms = durationOf(text);
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('A time such as 500 ms or 5 s.');
  return ms;
}
