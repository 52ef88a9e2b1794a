import { seededRandom } from '../mutate.js';
import { answersOf } from './answers.js';
import { type Target, nextMessage } from './corpus.js';
import { properStart, startOf } from './proper-start.js';
import { LabProcess } from './lab-process.js';
import { fuzzLookups } from './lookup-fuzz.js';
import { mistakesIn } from './mistakes.js';
import { SipSocket } from './sip-socket.js';
import { StreamSender } from './stream-sender.js';
import { WebSocketSender } from './websocket-sender.js';

export interface LiveFuzzOptions {
  readonly count: number;
  readonly seed: number;
  readonly udp: boolean;
  readonly tcp: boolean;
  readonly ws: boolean;
  readonly progress: (line: string) => void;
}

export interface LiveFuzzReport {
  readonly sent: number;
  readonly seconds: number;
  readonly faults: readonly string[];
  readonly slowestOptionsMs: number;
  /** SIP responses by element and class. */
  readonly answers: string;
  readonly megabytes: { readonly before: number; readonly warm: number; readonly after: number };
}

/** An element has to answer an OPTIONS within this, whatever it was sent before. */
const aliveMs = 1_000;
const checkEvery = 1_000;
/** Messages between two looks whether the elements keep up. */
const breathEvery = 100;
/** Among the messages of the fuzzer there is somebody who needs help, as often as this. */
const innocentEvery = 97;
const innocentMs = 10_000;
const lookups = 2_000;
/** Growth of resident memory, once warm, that counts as a leak. */
const maxGrowthMegabytes = 512;

/**
 * Runs a whole ESInet as a process of its own and sends it mutated messages. The same seed sends the same messages in
 * the same order; what comes back is answered.
 */
export async function fuzzLive(o: LiveFuzzOptions): Promise<LiveFuzzReport> {
  const lab = await LabProcess.start();
  const own = await SipSocket.open();
  const streams = new StreamSender(lab.port(15_060));
  const websockets = new WebSocketSender(lab.port(15_080), '/sip');
  try {
    return await run(lab, { own, streams, websockets }, o);
  } finally {
    streams.close();
    websockets.close();
    await lab.stop();
    await own.close();
  }
}

interface Roads {
  readonly own: SipSocket;
  readonly streams: StreamSender;
  readonly websockets: WebSocketSender;
}

async function run(
  lab: LabProcess,
  { own, streams, websockets }: Roads,
  o: LiveFuzzOptions,
): Promise<LiveFuzzReport> {
  const begun = performance.now();
  const random = seededRandom(o.seed);
  const faults: string[] = [];
  const elements = [
    ['BCF', lab.port(15_060)],
    ['ESRP', lab.port(15_070)],
    ['PSAP', lab.port(15_075)],
    ['provider', lab.port(15_050)],
  ] as const;
  let slowestOptionsMs = 0;
  /** Who does not answer within `ms`. */
  const silent = async (ms: number): Promise<string[]> => {
    const asked = performance.now();
    const answers = await Promise.all(
      elements.map(async ([name, port]) => [name, await own.options(port, ms)] as const),
    );
    slowestOptionsMs = Math.max(slowestOptionsMs, performance.now() - asked);
    return answers
      .filter(([, status]) => status !== 200)
      .map(([name, status]) => `${name} ${status ?? 'silent'}`);
  };
  const innocents: Promise<void>[] = [];
  const innocent = async (serial: number): Promise<void> => {
    const { branch, bytes } = startOf(own.port, `innocent${serial}`.padEnd(26, 'x'));
    const status = await own.ask(lab.port(15_060), branch, bytes, innocentMs);
    if (status !== 200)
      faults.push(`a proper start beside message ${serial} is answered ${status ?? 'by nobody'}`);
  };
  const before = lab.residentMegabytes;
  let warm = before;
  let told = begun;
  let sent = 0;
  for (; sent < o.count && lab.ended === undefined; sent++) {
    const target = targetOf(lab, random, o);
    const bytes = nextMessage(sent, target, own.port, random);
    if (target.transport === 'tcp') await streams.send(bytes);
    else if (target.transport === 'ws') await websockets.send(bytes, random);
    else await own.send(target.port, bytes);
    if (sent % innocentEvery === 0) innocents.push(innocent(sent));
    if (sent % breathEvery === breathEvery - 1) {
      // Not a check: where a queue has built up, it gets time.
      const strict = sent % checkEvery === checkEvery - 1;
      const away = await silent(strict ? aliveMs : 5_000);
      if (away.length > 0) {
        faults.push(
          `after message ${sent}: OPTIONS not answered within ${strict ? 1 : 5} s: ${away.join(', ')}`,
        );
        if (faults.length > 20) break;
      }
    }
    if (sent === Math.floor(o.count / 5)) warm = lab.residentMegabytes;
    if (performance.now() - told >= 1_000) {
      told = performance.now();
      o.progress(
        `${sent} sent, ${own.received} received, ${lab.residentMegabytes} MB, slowest OPTIONS ${slowestOptionsMs.toFixed(0)} ms, ${faults.length} faults`,
      );
    }
  }
  await Promise.all(innocents);
  if (lab.ended === undefined) faults.push(...(await properStart(own, lab.port(15_060))));
  if (lab.ended === undefined) faults.push(...(await fuzzLookups(lab, lookups, random)).faults);
  if (lab.ended !== undefined) faults.push(`the lab ended: ${lab.ended}\n${lab.output.slice(-2_000)}`);
  faults.push(...mistakesIn(lab.output));
  const after = lab.residentMegabytes;
  const answers = lab.ended === undefined ? await answersOf(lab) : '';
  if (after - warm > maxGrowthMegabytes) faults.push(`memory grew from ${warm} to ${after} MB`);
  return {
    sent,
    seconds: (performance.now() - begun) / 1_000,
    faults,
    slowestOptionsMs,
    answers,
    megabytes: { before, warm, after },
  };
}

/** Most of it at the border, as it would come; some where only neighbours should. */
const roads = [
  { share: 55, transport: 'udp', standard: 15_060 },
  { share: 18, transport: 'tcp', standard: 15_060 },
  { share: 12, transport: 'udp', standard: 15_050 },
  { share: 5, transport: 'ws', standard: 15_080 },
  { share: 5, transport: 'udp', standard: 15_070 },
  { share: 5, transport: 'udp', standard: 15_075 },
] as const;

function targetOf(lab: LabProcess, random: () => number, o: LiveFuzzOptions): Target {
  const open = roads.filter(({ transport }) => o[transport]);
  let left = random() * open.reduce((sum, { share }) => sum + share, 0);
  for (const { share, transport, standard } of open) {
    left -= share;
    if (left < 0) return { transport, port: lab.port(standard) };
  }
  return { transport: 'udp', port: lab.port(15_060) };
}
