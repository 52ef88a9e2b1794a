import { MessageType } from '@esinet/lmpe';
import { environment } from '@esinet/platform';
import { expect, it } from 'vitest';
import type { MessageRecord } from '../message-record.js';
import { PodWorld } from './pods-fixture.js';

const { start, inChat } = MessageType;

/** `ESINET_KILLS=200` makes it the long run. */
const rounds = environment.kills === undefined ? 25 : environment.kills * 20;
const seed = 20_261_129;

/** mulberry32 */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Run {
  readonly world: PodWorld;
  readonly next: () => number;
  readonly log: string[];
  readonly leaving: Promise<void>[];
}

const chance = (run: Run, of: number): boolean => run.next() < of;
const pick = <T>(run: Run, of: readonly T[]): T => of[Math.floor(run.next() * of.length)] as T;

const names = ['a', 'b', 'c'] as const;

function reachable({ world }: Run): string[] {
  return [...world.pods.values()].filter(({ life }) => life !== 'dead').map(({ name }) => name);
}

/** Says something until it is answered 200: elsewhere, if one does not answer. */
async function promised(run: Run, chat: string, id: number): Promise<void> {
  const { world } = run;
  const text = `${chat} ${id}`;
  const type = id === 1 ? start : inChat;
  let raw = world.message({ chat, type, id, text });
  for (let attempt = 1; attempt < 60; attempt++) {
    const pods = reachable(run);
    if (pods.length === 0) {
      await world.pass(250);
      continue;
    }
    const to = pick(run, pods);
    const asked = [world.pod(to).deliver(raw)];
    // A copy, by another border.
    if (chance(run, 0.15)) asked.push(world.pod(pick(run, pods)).deliver(raw));
    let status = 0;
    const answered = Promise.any(
      asked.map((each) => each.then((got) => (got === 200 ? got : Promise.reject(new Error(String(got)))))),
    ).then(
      (got) => (status = got),
      () => (status = 500),
    );
    for (let waited = 0; status === 0 && waited < 4_000; waited += 100) {
      await world.pass(100);
      await Promise.race([answered, Promise.resolve()]);
    }
    run.log.push(`${world.clock.now()} ${text} to ${to}: ${status}`);
    if (status === 200) return;
    if (chance(run, 0.5)) raw = world.message({ chat, type, id, text });
  }
  throw new Error(`${text} was never answered`);
}

/** What goes wrong meanwhile. */
async function trouble(run: Run): Promise<void> {
  const { world } = run;
  const name = pick(run, names);
  const pod = world.pods.get(name);
  const dice = run.next();
  const what =
    !pod || pod.life === 'dead'
      ? dice < 0.6
        ? 'start'
        : 'nothing'
      : pod.life === 'frozen'
        ? dice < 0.5
          ? 'thaw'
          : dice < 0.6
            ? 'kill'
            : 'nothing'
        : dice < 0.1
          ? 'kill'
          : dice < 0.25
            ? 'freeze'
            : dice < 0.3
              ? 'leave'
              : dice < 0.36
                ? 'store'
                : dice < 0.42
                  ? 'bus'
                  : dice < 0.45
                    ? 'flush'
                    : 'nothing';
  if (what !== 'nothing') run.log.push(`${world.clock.now()} ${what} ${name}`);
  if (what === 'start') await world.start(name);
  if (what === 'thaw') pod?.thaw();
  if (what === 'kill') pod?.kill();
  if (what === 'freeze') pod?.freeze();
  if (what === 'leave' && pod) run.leaving.push(pod.leave());
  if (what === 'store') world.storeAway = !world.storeAway;
  if (what === 'bus') world.busAway = !world.busAway;
  if (what === 'flush') for (const key of await world.store.keys('')) await world.store.delete(key);
}

async function play(number: number): Promise<void> {
  const run: Run = {
    world: new PodWorld({ pods: { audit: '4 s' } }),
    next: random(seed + number),
    log: [],
    leaving: [],
  };
  const { world } = run;
  try {
    for (const name of names) await world.start(name);
    let over = false;
    const chats = ['x', 'y', 'z'].slice(0, 1 + Math.floor(run.next() * 3));
    const said = 3 + Math.floor(run.next() * 5);
    const troubled = (async () => {
      while (!over) {
        await world.pass(run.next() * 900);
        await trouble(run);
      }
    })();
    for (let id = 1; id <= said; id++) for (const chat of chats) await promised(run, chat, id);
    over = true;
    await troubled;
    world.storeAway = world.busAway = false;
    for (const pod of world.pods.values()) pod.thaw();
    await world.until(Promise.race([Promise.all(run.leaving), world.pass(10_000, 100)]));
    if (reachable(run).length === 0) await world.start('a');
    await world.pass(12_000, 100);
    for (const chat of chats) await check(run, chat, said);
  } catch (error) {
    throw new Error(`run ${number}: ${String(error)}\n${run.log.join('\n')}`, { cause: error });
  } finally {
    await world.close();
  }
}

async function check({ world }: Run, chat: string, said: number): Promise<void> {
  const messages = await world.messages(chat);
  const own = messages.filter(({ direction }) => direction === 'out');
  const theirs = messages.filter(({ direction }) => direction === 'in').map(({ text }) => text);
  expect(theirs).toEqual(Array.from({ length: said }, (_, i) => `${chat} ${i + 1}`));
  const starts = own.filter(({ messageType }) => messageType === start);
  expect(starts, 'starts of ours').toHaveLength(1);
  const unique = (of: (m: MessageRecord) => unknown, among: readonly MessageRecord[]): boolean =>
    new Set(among.map(of)).size === among.length;
  expect(
    unique((m) => m.messageId, own),
    'a number of ours twice',
  ).toBe(true);
  // Two that write count twice.
  expect(messages.map(({ sequence }) => sequence)).toEqual(messages.map((_, i) => i + 1));
  expect(
    own.every(({ delivery }) => delivery !== 'pending'),
    'all delivered',
  ).toBe(true);
  const numbers = world.heard(chat).filter((m) => !m.includes('/-'));
  expect(new Set(numbers.map((m) => m.split(' ', 1)[0])).size, 'numbers on the wire').toBe(numbers.length);
  expect(world.owners(chat), 'processes that have it').toHaveLength(1);
}

it(
  'whatever dies, sleeps or goes away: each message answered 200 is there once, and a chat has one writer',
  { timeout: 60_000 + rounds * 1_000 },
  async () => {
    for (let i = 0; i < rounds; i++) {
      await play(i);
      if (environment.kills !== undefined && i % 500 === 499) process.stdout.write(`${i + 1} runs\n`);
    }
  },
);
