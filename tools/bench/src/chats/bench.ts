import { LoadCaller } from './caller.js';
import { type EsinetProcess, startEsinet } from './esinet-process.js';
import { Listener } from './listener.js';
import { type Balance, balance, isBalanced, sum } from './ledger.js';
import { type Sample, Sampler, slope, valueOf } from './sample.js';

export interface ChatBenchOptions {
  readonly count: number;
  readonly seconds: number;
  /** Between two texts of one caller. */
  readonly everySeconds: number;
  readonly heartbeatMs: number;
  /** Starts a second. */
  readonly rate: number;
  /** Readers of the event stream. */
  readonly listeners: number;
  /** Growth of the memory that is still none. */
  readonly growthMbPerMinute: number;
  readonly json: boolean;
}

export interface ChatBenchReport {
  readonly chats: number;
  /** Chats that stood at the end, at the APP and at the PSAP. */
  readonly open: { readonly app: number; readonly psap: number };
  readonly seconds: number;
  readonly toPsap: Balance;
  readonly toApp: Balance;
  /** What the readers of the event stream were told of both, all readers together. */
  readonly toListeners: Balance;
  readonly undelivered: { readonly app: number; readonly psap: number };
  readonly heartbeats: { readonly in: number; readonly out: number };
  readonly silences: number;
  readonly memory: {
    readonly firstRssMb: number;
    readonly lastRssMb: number;
    readonly mostRssMb: number;
    readonly rssMbPerMinute: number;
    readonly heapMbPerMinute: number;
    /** Over which the two are taken. */
    readonly seconds: number;
  };
  readonly cpuPercent: { readonly mean: number; readonly most: number };
  readonly loopDelayMs: { readonly median: number; readonly most: number };
  readonly samples: readonly Sample[];
  /** Chats whose books do not balance, with what their record says of the way they came. */
  readonly odd: readonly string[];
  readonly verdict: readonly string[];
}

interface RecordedChat {
  readonly phase: string;
  readonly centre: string;
  readonly messages: readonly {
    readonly direction: 'in' | 'out';
    readonly text?: string;
    readonly kind: string;
    readonly delivery?: string;
    readonly reasons?: readonly string[];
  }[];
}

/** The growth is measured over the last three minutes, or the last three fifths of a shorter run. */
const growthSeconds = 180;
const sampleSeconds = 10;
/** A run too short for the collector to have settled says nothing about growth. */
const leastForGrowth = 120;
const settleMs = 3_000;
/** Chats named where something is wrong. */
const oddShown = 5;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

/**
 * Chats with heartbeats both ways against an ESInet in one process, through the border, over UDP and TCP by turns; at
 * the end what was said is held against what was recorded and heard. Gives 1 where a message was lost.
 */
export async function chatBench(o: ChatBenchOptions): Promise<number> {
  const say = (line: string): void => void (o.json ? process.stderr : process.stdout).write(`${line}\n`);
  const esinet = await startEsinet({ heartbeatMs: o.heartbeatMs });
  const callers: LoadCaller[] = [];
  const listeners: Listener[] = [];
  const stop = async (): Promise<void> => {
    await Promise.allSettled(listeners.map((listener) => listener.close()));
    await Promise.allSettled(callers.map(({ client }) => client.close()));
    await esinet.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop().finally(() => process.exit(130)));
  }
  try {
    for (let i = 0; i < o.listeners; i++) {
      const listener = new Listener(`http://127.0.0.1:${esinet.port(15_090)}/api/events`);
      await listener.open();
      listeners.push(listener);
    }
    const report = await measure(o, esinet, callers, listeners, say);
    print(report, say);
    if (o.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    return report.verdict.length === 0 ? 0 : 1;
  } finally {
    await stop();
  }
}

async function measure(
  o: ChatBenchOptions,
  esinet: EsinetProcess,
  callers: LoadCaller[],
  listeners: readonly Listener[],
  say: (line: string) => void,
): Promise<ChatBenchReport> {
  say(`${o.count} chats, ${o.rate} starts a second, UDP and TCP by turns, process ${esinet.pid}`);
  const begun = performance.now();
  const starting: Promise<boolean>[] = [];
  for (let index = 0; index < o.count; index++) {
    const caller = await LoadCaller.open({
      index,
      transport: index % 2 === 0 ? 'udp' : 'tcp',
      port: esinet.port(15_060),
      heartbeatMs: o.heartbeatMs,
    });
    callers.push(caller);
    starting.push(caller.start());
    await wait(begun + ((index + 1) * 1_000) / o.rate - performance.now());
  }
  const started = (await Promise.all(starting)).filter(Boolean).length;
  say(`${started} stand after ${((performance.now() - begun) / 1_000).toFixed(0)} s`);

  const heartbeats = await countHeartbeats(esinet);
  const sampler = new Sampler(`http://127.0.0.1:${esinet.port(8_080)}/metrics`);
  await sampler.take();
  const from = performance.now();
  const until = from + o.seconds * 1_000;
  const talking = callers.map((caller, index) => talk(caller, index / o.count, until, o.everySeconds));
  for (let at = from + sampleSeconds * 1_000; at <= until + 500; at += sampleSeconds * 1_000) {
    await wait(at - performance.now());
    await sampler.take();
    const last = sampler.samples.at(-1);
    if (last) say(line(last));
    if (esinet.ended !== undefined) throw new Error(`the ESInet ended with ${esinet.ended}`);
  }
  await Promise.all(talking);
  await wait(settleMs);
  const after = await countHeartbeats(esinet);
  return reportOf(o, esinet, callers, listeners, sampler.samples, {
    in: after.in - heartbeats.in,
    out: after.out - heartbeats.out,
  });
}

/** Says something every so often, each caller at a moment of its own. */
async function talk(caller: LoadCaller, share: number, until: number, everySeconds: number): Promise<void> {
  await wait(share * everySeconds * 1_000);
  while (performance.now() < until) {
    const next = performance.now() + everySeconds * 1_000;
    await caller.say();
    await wait(Math.min(next, until) - performance.now());
  }
}

async function countHeartbeats(esinet: EsinetProcess): Promise<{ in: number; out: number }> {
  const text = await (await fetch(`http://127.0.0.1:${esinet.port(15_090)}/metrics`)).text();
  const count = (direction: string): number =>
    valueOf(text, 'esinet_chat_messages_total', `direction="${direction}"`, 'type="heartbeat"');
  return { in: count('in'), out: count('out') };
}

async function reportOf(
  o: ChatBenchOptions,
  esinet: EsinetProcess,
  callers: readonly LoadCaller[],
  listeners: readonly Listener[],
  samples: readonly Sample[],
  heartbeats: { in: number; out: number },
): Promise<ChatBenchReport> {
  const toPsap: Balance[] = [];
  const toApp: Balance[] = [];
  const told: string[] = [];
  const odd: string[] = [];
  const ways: string[] = [];
  let psapOpen = 0;
  let psapUndelivered = 0;
  for (const { client, said, heard } of callers) {
    const url = `http://127.0.0.1:${esinet.port(15_090)}/api/chats/${encodeURIComponent(client.callId)}`;
    const chat = (await (await fetch(url)).json()) as RecordedChat;
    const messages = chat.messages ?? [];
    if (chat.phase === 'open') psapOpen++;
    const texts = (direction: 'in' | 'out') => messages.filter((m) => m.direction === direction && m.text);
    ways.push([chat.centre, ...messages.flatMap(({ reasons = [] }) => reasons)].join(' '));
    for (const m of messages) if (m.text) told.push(`${client.callId} ${m.direction} ${m.text}`);
    psapUndelivered += texts('out').filter((m) => m.delivery !== 'delivered').length;
    toPsap.push(balance({ said, read: texts('in').map((m) => m.text ?? '') }));
    toApp.push(balance({ said: texts('out').map((m) => m.text ?? ''), read: heard.map(({ text }) => text) }));
  }
  for (const [index, { client, name }] of callers.entries()) {
    const [a, b] = [toPsap[index], toApp[index]];
    if (a && b && (!isBalanced(a) || !isBalanced(b))) {
      odd.push(`${name} ${client.callId}: ${ways[index] ?? ''}, ${a.lost} lost on the way in, ${b.lost} out`);
    }
  }
  const window = Math.min(growthSeconds, o.seconds * 0.6);
  const late = samples.filter(({ seconds }) => seconds >= o.seconds - window - 1);
  const perMinute = (of: (s: Sample) => number) => slope(late.map((s) => [s.seconds, of(s)] as const)) * 60;
  const rss = samples.map((s) => s.rssMb);
  const cpu = samples.map((s) => s.cpuPercent);
  const delay = samples.map((s) => s.loopDelayMs).sort((a, b) => a - b);
  const report = {
    chats: o.count,
    open: { app: callers.filter(({ client }) => client.phase === 'open').length, psap: psapOpen },
    seconds: o.seconds,
    toPsap: sum(toPsap),
    toApp: sum(toApp),
    toListeners: sum(listeners.map((listener) => heardBy(listener, told))),
    undelivered: { app: callers.reduce((n, c) => n + c.undelivered, 0), psap: psapUndelivered },
    heartbeats,
    silences: callers.reduce((n, c) => n + c.silences, 0),
    memory: {
      firstRssMb: rss[0] ?? 0,
      lastRssMb: rss.at(-1) ?? 0,
      mostRssMb: Math.max(0, ...rss),
      rssMbPerMinute: perMinute((s) => s.rssMb),
      heapMbPerMinute: perMinute((s) => s.heapMb),
      seconds: window,
    },
    cpuPercent: { mean: cpu.reduce((a, b) => a + b, 0) / Math.max(1, cpu.length), most: Math.max(0, ...cpu) },
    loopDelayMs: { median: delay[delay.length >> 1] ?? 0, most: delay.at(-1) ?? 0 },
    samples,
    odd,
  };
  return { ...report, verdict: verdictOf(o, report) };
}

/** Over all chats: in which order those of two chats are told does not matter. */
function heardBy(listener: Listener, said: readonly string[]): Balance {
  const { disordered: _disordered, ...rest } = balance({ said, read: listener.told });
  return { ...rest, disordered: 0 };
}

/** Sentences that say what is wrong; none: it passed. */
function verdictOf(o: ChatBenchOptions, r: Omit<ChatBenchReport, 'verdict'>): string[] {
  const wrong: string[] = [];
  if (!isBalanced(r.toPsap)) wrong.push('what the PSAP recorded is not what the callers said');
  if (!isBalanced(r.toApp)) wrong.push('what the callers heard is not what the PSAP said');
  if (!isBalanced(r.toListeners))
    wrong.push('what readers of the event stream were told is not what was said');
  if (r.undelivered.app + r.undelivered.psap > 0) wrong.push('messages were not delivered');
  if (r.open.app < r.chats || r.open.psap < r.chats) wrong.push('chats did not stand to the end');
  if (r.silences > 0) wrong.push('a PSAP fell silent');
  const expected = Math.floor((r.seconds * 1_000) / o.heartbeatMs / 2) * r.chats;
  if (r.heartbeats.in < expected || r.heartbeats.out < expected) wrong.push('heartbeats are missing');
  if (r.seconds >= leastForGrowth && r.memory.rssMbPerMinute > o.growthMbPerMinute)
    wrong.push('memory grows');
  return wrong;
}

function line(s: Sample): string {
  const columns = [
    `${s.seconds.toFixed(0).padStart(4)} s`,
    `RSS ${s.rssMb.toFixed(0)} MB`,
    `heap ${s.heapMb.toFixed(0)} MB`,
    `CPU ${s.cpuPercent.toFixed(0)} %`,
    `loop delay p99 ${s.loopDelayMs.toFixed(1)} ms`,
  ];
  return columns.join('  ');
}

function print(r: ChatBenchReport, say: (line: string) => void): void {
  const texts = (b: Balance): string =>
    `${b.said} texts, ${b.lost} lost, ${b.doubled} doubled, ${b.disordered} out of order, ${b.strange} never said`;
  say(`APP to PSAP: ${texts(r.toPsap)}, ${r.undelivered.app} not delivered`);
  say(`PSAP to APP: ${texts(r.toApp)}, ${r.undelivered.psap} not delivered`);
  say(`event stream: ${texts(r.toListeners)}`);
  for (const odd of r.odd.slice(0, oddShown)) say(`  ${odd}`);
  say(
    `heartbeats: ${r.heartbeats.in} in, ${r.heartbeats.out} out; chats standing: ${r.open.psap} of ${r.chats}`,
  );
  const { memory } = r;
  say(
    `RSS ${memory.firstRssMb.toFixed(0)} to ${memory.lastRssMb.toFixed(0)} MB (most ${memory.mostRssMb.toFixed(0)}), ` +
      `${memory.rssMbPerMinute.toFixed(1)} MB a minute over the last ${memory.seconds.toFixed(0)} s, heap ${memory.heapMbPerMinute.toFixed(1)}`,
  );
  say(
    `CPU ${r.cpuPercent.mean.toFixed(0)} % of a core (most ${r.cpuPercent.most.toFixed(0)}), ` +
      `event loop delay p99 ${r.loopDelayMs.median.toFixed(1)} ms in the middle, ${r.loopDelayMs.most.toFixed(1)} at most`,
  );
  say(r.verdict.length === 0 ? 'PASS' : `FAIL: ${r.verdict.join('; ')}`);
}
