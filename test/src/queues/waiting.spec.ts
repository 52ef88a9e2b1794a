import { until } from '@esinet/testing';
import { afterEach, expect, it } from 'vitest';
import { type RouterLab, gate, madrid, startRouterLab, textOf, toledo } from './router-lab.js';

let lab: RouterLab | undefined;

afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

const chats = 500;
const priorityOf = (i: number): number => (i * 7) % 5;

/** Fills the one place of Madrid, then sends `chats` of mixed priorities, one after the other. */
async function crowd(running: RouterLab): Promise<Promise<number | string>[]> {
  const first = running.call('chat first');
  await until(() => running.madrid.received.length === 1);
  const others = Array.from({ length: chats }, (_, i) =>
    running.call(`chat ${i}`, { priority: `esnet.${priorityOf(i)}` }),
  );
  return [first, ...others];
}

it(
  '500 waiting chats of mixed priorities leave in order, and none is lost',
  { timeout: 60_000, meta: { clause: ['RFC 4412 4.5.2', 'RFC 7135 3.2'] } },
  async () => {
    lab = await startRouterLab({
      list: [{ uri: madrid, maxInService: 1, maxWaiting: chats, maxWait: '25 s' }],
    });
    const running = lab;
    const door = gate(lab.madrid);
    const answers = await crowd(lab);
    // Seldom: asking takes time from those that are on their way.
    const isCrowded = async () => (await running.queues()).queues[0]?.queueLength === chats;
    while (!(await isCrowded())) await new Promise((resolve) => setTimeout(resolve, 250));
    expect((await lab.queues()).queues[0]).toMatchObject({ state: 'Full', inService: 1 });
    door.open();
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
    const order = Array.from({ length: chats }, (_, i) => i);
    order.sort((a, b) => priorityOf(b) - priorityOf(a) || a - b);
    expect(lab.madrid.received.map(textOf)).toEqual(['chat first', ...order.map((i) => `chat ${i}`)]);
    expect((await lab.queues()).queues[0]).toMatchObject({ queueLength: 0, inService: 0, state: 'Active' });
  },
);

it(
  'when fewer may wait, the lowest make room and are answered at the alternate',
  { timeout: 60_000, meta: { clause: 'RFC 4412 4.5.2' } },
  async () => {
    const places = 300;
    lab = await startRouterLab({
      list: [{ uri: madrid, maxInService: 1, maxWaiting: places, maxWait: '25 s', alternates: [toledo] }],
    });
    const running = lab;
    const door = gate(lab.madrid);
    const answers = await crowd(lab);
    await until(() => running.toledo.received.length === chats - places);
    const displaced = lab.toledo.received.map(textOf);
    door.open();
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
    const kept = lab.madrid.received.slice(1).map(textOf);
    expect(new Set([...kept, ...displaced]).size).toBe(chats);
    const priority = (text: string): number => priorityOf(Number(text.slice('chat '.length)));
    // 500 chats, 100 of each of five priorities: the 200 lowest are those displaced.
    expect(displaced.map(priority).every((each) => each <= 1)).toBe(true);
    expect(kept.map(priority)).toEqual(kept.map(priority).toSorted((a, b) => b - a));
    expect(lab.events.some(({ event, nextHop }) => event === 'pre-empted' && nextHop === madrid)).toBe(true);
  },
);

it('what waits too long is answered at the default PSAP', { timeout: 30_000 }, async () => {
  lab = await startRouterLab({ list: [{ uri: madrid, maxInService: 1, maxWait: '200 ms' }] });
  const running = lab;
  const door = gate(lab.madrid);
  const first = lab.call('chat first');
  await until(() => running.madrid.received.length === 1);
  expect(await lab.call('chat second')).toBe(200);
  expect(lab.fallback.received.map(textOf)).toEqual(['chat second']);
  door.open();
  expect(await first).toBe(200);
});
