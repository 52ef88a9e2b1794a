import { type Command, InvalidArgumentError, type Option } from 'commander';
import { bold, dim, exit, green, print, printJson, red, tell, yellow } from '../terminal.js';
import { type KnownLine, type StateRefusal, knownStates, setState } from './state-client.js';

type Running = <A extends unknown[]>(
  command: (...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;

/** HTTP ports of the lab's router and PSAP. */
const routerPort = 15_970;
const psapPort = 15_090;

const states = [
  ...['Normal', 'Unstaffed', 'ScheduledMaintenanceDown', 'ScheduledMaintenanceAvailable'],
  ...['MajorIncidentInProgress', 'Partial', 'Overloaded', 'GoingDown', 'Down'],
];
const postures = ['Green', 'Yellow', 'Orange', 'Red'];

const after = `
Examples:
  esinet state                                       every state the router knows
  esinet state --watch                               and each change
  esinet state set --posture Red --reason "attack on the network" Partial
  esinet state set Down --centre madrid --reason "fire alarm"
  esinet state set Normal --posture Green            all is well again

States: ${states.join(', ')}.
Exit codes: 0 fine, 1 refused, 2 wrong use, 3 nobody there.`;

interface ShowOptions {
  readonly url?: string;
  readonly watch?: boolean;
  readonly portOffset: number;
  readonly json?: boolean;
}

interface SetOptions {
  readonly psap?: string;
  readonly centre?: string;
  readonly posture?: string;
  readonly reason?: string;
  readonly portOffset: number;
  readonly json?: boolean;
}

/** `esinet state …`: what the router knows of others, and what a PSAP says of itself. */
export function addState(esinet: Command, running: Running, o: { json: Option; offset: Option }): void {
  const state = esinet
    .command('state')
    .description('states of elements, services and queues')
    .addHelpText('after', after);
  state
    .command('ls', { isDefault: true })
    .description('every state the router knows')
    .option('--url <url>', 'another router than that of the lab')
    .option('--watch', 'and each change, until it is interrupted')
    .addOption(o.offset)
    .addOption(o.json)
    .action(running(show));
  state
    .command('set')
    .description('what a PSAP says of its service; routers that subscribe hear it at once')
    .argument('[state]', states.join(', '), oneOf(states))
    .option('--psap <url>', 'REST interface of the PSAP; default that of the lab')
    .option('--centre <name>', 'only this centre: madrid')
    .option('--posture <colour>', postures.join(', '), oneOf(postures))
    .option('--reason <text>', 'why, for people')
    .addOption(o.offset)
    .addOption(o.json)
    .action(running(set));
}

function oneOf(words: readonly string[]): (text: string) => string {
  return (text) => {
    const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
    if (found === undefined) throw new InvalidArgumentError(`One of ${words.join(', ')}.`);
    return found;
  };
}

async function set(state: string | undefined, o: SetOptions): Promise<number> {
  if (state === undefined && o.posture === undefined) {
    tell(red('A state, or a posture with --posture.'));
    return exit.usage;
  }
  if (state === undefined && o.reason !== undefined) {
    tell(red('A reason goes with a state: esinet state set Normal --posture Red --reason "…".'));
    return exit.usage;
  }
  const answer = await setState(o.psap ?? `http://127.0.0.1:${psapPort + o.portOffset}`, {
    ...(o.centre !== undefined && { centre: o.centre }),
    ...(state !== undefined && { state }),
    ...(o.reason !== undefined && { reason: o.reason }),
    ...(o.posture !== undefined && { posture: o.posture }),
  });
  if (!answer.ok) return refused(answer.error, 'PSAP', '--psap');
  if (o.json) printJson(answer.value);
  else {
    const said = [state, o.posture && `security posture ${o.posture}`].filter(Boolean).join(', ');
    print(`${o.centre ?? 'all centres'}: ${said}`);
  }
  return exit.ok;
}

async function show(o: ShowOptions): Promise<number> {
  const url = o.url ?? `http://127.0.0.1:${routerPort + o.portOffset}`;
  const first = await knownStates(url);
  if (!first.ok) return refused(first.error, 'router', '--url');
  if (!o.watch) {
    if (o.json) printJson(first.value);
    else if (first.value.length === 0) print(dim('Nothing is known of anybody.'));
    else for (const line of [heading, ...first.value.map(row)]) print(line);
    return exit.ok;
  }
  return follow(url, first.value, o.json === true);
}

/** Milliseconds between two looks. */
const lookMs = 500;

async function follow(url: string, first: readonly KnownLine[], json: boolean): Promise<number> {
  let ended = false;
  const end = (): void => void (ended = true);
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  const told = new Map<string, string>();
  const tellNew = (lines: readonly KnownLine[]): void => {
    for (const line of lines) {
      const text = JSON.stringify(line.state);
      if (told.get(nameOf(line)) === text) continue;
      told.set(nameOf(line), text);
      print(json ? JSON.stringify(line) : `${dim(new Date().toTimeString().slice(0, 8))}  ${row(line)}`);
    }
  };
  tellNew(first);
  let away = false;
  while (!ended) {
    await new Promise((resolve) => setTimeout(resolve, lookMs));
    const next = await knownStates(url);
    if (next.ok) tellNew(next.value);
    else if (!away) tell(yellow(`The router does not answer: ${next.error.message}.`));
    away = !next.ok;
  }
  return exit.ok;
}

const heading = dim(`${'kind'.padEnd(8)} ${'state'.padEnd(24)} ${'heard'.padEnd(14)} of`);

function row(line: KnownLine): string {
  const word = wordOf(line).padEnd(24);
  const heard = line.heardAt === undefined ? 'never' : line.heardAt.slice(11, 19);
  const text = [bold(nameOf(line).split(' ').slice(1).join(' ')), detailOf(line)].filter(Boolean).join('  ');
  return `${line.kind.padEnd(8)} ${colour(wordOf(line))(word)} ${`${heard} ${line.origin}`.padEnd(14)} ${text}`;
}

function wordOf({ kind, state }: KnownLine): string {
  const inner = kind === 'service' ? (state['serviceState'] as { state?: unknown } | undefined) : state;
  return String(inner?.['state' as keyof typeof inner] ?? '');
}

function nameOf({ kind, state }: KnownLine): string {
  if (kind === 'element') return `element ${String(state['elementId'])}`;
  if (kind === 'queue') return `queue ${String(state['queueUri'])}`;
  const { name, domain, serviceId } = state['service'] as Record<string, string | undefined>;
  return `service ${name} ${serviceId ?? domain}`;
}

function detailOf({ kind, state }: KnownLine): string {
  if (kind === 'queue')
    return `${String(state['queueLength'])} of ${String(state['queueMaxLength'])} waiting`;
  const inner = (kind === 'service' ? state['serviceState'] : state) as { reason?: string };
  const posture = (state['securityPosture'] as { posture?: string } | undefined)?.posture;
  const shown = posture === undefined || posture === 'Green' ? '' : yellow(`posture ${posture}`);
  return [shown, inner.reason === undefined ? '' : dim(inner.reason)].filter(Boolean).join('  ');
}

function colour(word: string): (text: string) => string {
  if (word === 'Normal' || word === 'Active') return green;
  return ['Down', 'Unreachable', 'Inactive', 'Full', 'Disabled'].includes(word) ? red : yellow;
}

function refused({ code, message }: StateRefusal, who: string, option: string): number {
  tell(red(code === 'unreachable' ? `The ${who} does not answer: ${message}.` : `${message}.`));
  if (code !== 'unreachable') return exit.failed;
  tell(dim(`Is the ESInet running (npm start)? Another one is named by ${option} URL.`));
  return exit.unreachable;
}
