import { type Finding, fault, fine, warning } from './finding.js';

/** What a neighbour's clock said, between which moments of ours. Milliseconds of the day. */
export interface ClockAnswer {
  readonly date: number;
  readonly asked: number;
  readonly answered: number;
}

export interface Neighbour {
  /** As it is to be named: `esrp.ecrf.url http://127.0.0.1:15222/lost`. */
  readonly name: string;
  /** Undefined where it does not answer, or tells no time. */
  ask(): Promise<ClockAnswer | undefined>;
}

/** A Date header has whole seconds. */
const resolutionMs = 1_000;
const warnMs = 2_000;
const faultMs = 30_000;
/** Within the moment that is watched. */
const jumpMs = 50;
const watchMs = 300;

export interface ClockPorts {
  wall(): number;
  /** Milliseconds that only ever go on. */
  now(): number;
  wait(ms: number): Promise<void>;
}

/** Whether our clock goes as those of the neighbours that tell theirs, and evenly. */
export async function checkClock(neighbours: readonly Neighbour[], ports: ClockPorts): Promise<Finding[]> {
  const findings = await Promise.all([evenly(ports), ...neighbours.map(difference)]);
  const told = findings.filter((finding) => finding !== undefined);
  if (told.length > 1 || neighbours.length === 0) return told;
  const fix = 'Start the ESInet, and ask again.';
  return [...told, warning('No neighbour has told its time, so the clock could not be compared.', fix)];
}

async function evenly({ wall, now, wait }: ClockPorts): Promise<Finding> {
  const before = [wall(), now()] as const;
  await wait(watchMs);
  const jump = wall() - before[0] - (now() - before[1]);
  if (Math.abs(jump) <= jumpMs) return fine('The clock of this machine goes evenly.');
  const fix =
    'Let one service set the clock, by slewing (chrony, or ntpd without -g); look for a second one.';
  return fault(`The clock of this machine jumped by ${Math.round(jump)} ms while it was watched.`, fix);
}

async function difference({ name, ask }: Neighbour): Promise<Finding | undefined> {
  const answer = await ask();
  if (!answer) return undefined;
  const { date, asked, answered } = answer;
  // Anywhere between the question and the answer, and within the second, is as it should be.
  const off =
    date > answered ? date - answered : date + resolutionMs < asked ? date + resolutionMs - asked : 0;
  const seconds = (Math.abs(off) / 1_000).toFixed(1);
  if (Math.abs(off) < warnMs) return fine(`${name}: the clocks agree.`);
  const what = `${name}: its clock is ${seconds} s ${off > 0 ? 'before' : 'behind'} ours.`;
  const fix = 'Set both by NTP: certificates, expiry times and records go by them.';
  return Math.abs(off) >= faultMs ? fault(what, fix) : warning(what, fix);
}
