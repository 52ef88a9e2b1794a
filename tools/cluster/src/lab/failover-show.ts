import { pause } from '../faults/fault.js';
import { Load } from '../load/load.js';
import { gapsOf } from '../ledger/gaps.js';
import { isPromised } from '../ledger/judge.js';
import type { Cluster } from './start-cluster.js';

/** `esrp-1`, or `esrp-1,after 5s`. */
export interface Kill {
  readonly instance: string;
  readonly afterMs: number;
}

const defaultAfterMs = 4_000;
const watchMs = 8_000;

export function parseKill(text: string): Kill | undefined {
  const [, instance, seconds] =
    /^([a-z]+(?:-\d)?)(?:\s*,\s*after\s*(\d+(?:\.\d+)?)\s*s?)?$/.exec(text.trim()) ?? [];
  if (instance === undefined) return undefined;
  return { instance, afterMs: seconds === undefined ? defaultAfterMs : Number(seconds) * 1_000 };
}

/** Chats of its own, a kill in the middle of them, and a timeline of who answered what and when. */
export async function showFailover(cluster: Cluster, kill: Kill, say: (line: string) => void): Promise<void> {
  const shape = {
    chats: 4,
    rate: 8,
    starts: 2,
    ways: ['udp', 'tcp', 'tls', 'provider'],
    byReference: false,
    lingerMs: 5_000,
  } as const;
  const load = await Load.open(cluster, shape);
  const at = (ms: number): string => `${(ms / 1_000).toFixed(2).padStart(7)} s`;
  try {
    const from = load.now();
    say(`${at(0)}  four chats stand (UDP, TCP, TLS, by the provider); two more begin every second`);
    load.begin();
    await pause(kill.afterMs);
    const process = cluster.process(kill.instance);
    const killed = load.now();
    say(`${at(killed - from)}  kill -9 ${kill.instance}, pid ${process.pid}`);
    await process.kill();
    await process.ready();
    const back = load.now();
    await pause(watchMs);
    const end = load.now();
    await load.end(40_000);
    const near = load.said.filter(
      (each) => (each.answeredAt ?? end) >= killed - 300 && each.at <= back + 1_000,
    );
    const lines = near.map((each) => {
      const { path, start, answeredAt, status } = each;
      const what = start ? 'start' : 'text';
      const answer =
        answeredAt === undefined ? 'no answer' : `${status} after ${(answeredAt - each.at).toFixed(0)} ms`;
      return { when: answeredAt ?? end, line: `${what} over ${path}: ${answer}` };
    });
    lines.push({
      when: back,
      line: `${kill.instance} serves again, pid ${process.pid}, after ${(back - killed).toFixed(0)} ms`,
    });
    for (const { when, line } of lines.sort((a, b) => a.when - b.when)) say(`${at(when - from)}  ${line}`);
    say('');
    for (const { path, ms } of gapsOf(load.said, killed - 1_000, end))
      say(`  longest gap over ${path.padEnd(8)} ${ms.toFixed(0)} ms`);
    const starts = load.said.filter(({ start }) => start).map((each) => ({ ...each, path: 'starts' }));
    for (const { ms } of gapsOf(starts, killed - 1_000, end))
      say(`  longest gap between starts  ${ms.toFixed(0)} ms`);
    const refused = load.said.filter((each) => !isPromised(each)).length;
    say(
      `  ${load.said.length} texts, ${refused} not answered 200. What is said every 0.25 s cannot show shorter gaps.`,
    );
  } finally {
    await load.close();
  }
}
