import { type LoopbackAgent, loopbackAgent, until } from '@esinet/testing';
import { afterEach, expect, it } from 'vitest';
import { type RouterLab, fallback, madrid, startRouterLab, textOf, toledo } from './router-lab.js';

let lab: RouterLab | undefined;
const extra: LoopbackAgent[] = [];

afterEach(async () => {
  await lab?.close();
  lab = undefined;
  await Promise.all(extra.splice(0).map((agent) => agent.stop()));
});

const queues = {
  list: [{ uri: madrid, alternates: [toledo] }],
  nextHops: { probeEvery: '200 ms', probeTimeout: '500 ms' },
};

it(
  'a PSAP that died is replaced at once, passed over after that, and comes back by itself',
  { timeout: 30_000, meta: { clause: ['RFC 3263 4.3', 'RFC 3261 16.9'] } },
  async () => {
    lab = await startRouterLab(queues);
    const running = lab;
    expect(await lab.call('chat 1')).toBe(200);
    expect(lab.madrid.received.map(textOf)).toEqual(['chat 1']);
    const port = lab.madrid.port('tcp');
    await lab.madrid.stop();
    expect(await lab.call('chat 2')).toBe(200);
    expect(await lab.call('chat 3')).toBe(200);
    expect(lab.toledo.received.map(textOf)).toEqual(['chat 2', 'chat 3']);
    expect(lab.events).toMatchObject([{ event: 'passed-over', nextHop: madrid, why: 'Unreachable' }]);
    expect(await lab.queues()).toMatchObject({
      queues: [{ queueUri: madrid, state: 'Unreachable' }],
      nextHops: [{ hop: 'psap.madrid.internal', state: 'Unreachable' }],
    });
    const again = await loopbackAgent([{ name: 'tcp', transport: 'tcp', host: '127.0.0.1', port }]);
    extra.push(again);
    await until(async () => (await running.queues()).queues[0]?.state === 'Active');
    expect(await lab.call('chat 4')).toBe(200);
    expect(again.received.map(textOf)).toEqual(['chat 4']);
  },
);

it(
  'a PSAP that is silent is joined by the alternate, and passed over by the next call',
  { timeout: 30_000, meta: { clause: 'RFC 3263 4.3' } },
  async () => {
    lab = await startRouterLab(
      { ...queues, nextHops: { ...queues.nextHops, probeEvery: '10 s' } },
      { failover: '1 s' },
    );
    // It takes connections and answers nothing: not with 100, and no OPTIONS.
    lab.madrid.stack.transport.onMessage = () => undefined;
    expect(await lab.call('chat 1')).toBe(200);
    expect(lab.toledo.received.map(textOf)).toEqual(['chat 1']);
    expect(await lab.call('chat 2')).toBe(200);
    expect(lab.toledo.received.map(textOf)).toEqual(['chat 1', 'chat 2']);
    expect(lab.events).toMatchObject([{ nextHop: madrid, why: 'Unreachable' }]);
  },
);

it('with every PSAP but the last one away, the last one answers', { timeout: 30_000 }, async () => {
  lab = await startRouterLab(queues);
  await Promise.all([lab.madrid.stop(), lab.toledo.stop()]);
  for (const text of ['chat 1', 'chat 2', 'chat 3']) expect(await lab.call(text)).toBe(200);
  expect(lab.fallback.received.map(textOf)).toEqual(['chat 1', 'chat 2', 'chat 3']);
});

it('a PSAP that is full sends calls on, until its time is over', { timeout: 30_000 }, async () => {
  lab = await startRouterLab({ ...queues, busyFor: '1 s' });
  const running = lab;
  lab.madrid.answer = () => ({ status: 486 });
  expect(await lab.call('chat 1')).toBe(200);
  expect(await lab.call('chat 2')).toBe(200);
  expect(lab.toledo.received.map(textOf)).toEqual(['chat 1', 'chat 2']);
  expect(lab.madrid.received.map(textOf)).toEqual(['chat 1']);
  expect(lab.events).toMatchObject([{ nextHop: madrid, why: 'Full' }]);
  lab.madrid.answer = () => ({ status: 200 });
  await until(async () => (await running.queues()).queues[0]?.state === 'Active');
  expect(await lab.call('chat 3')).toBe(200);
  expect(lab.madrid.received.map(textOf)).toEqual(['chat 1', 'chat 3']);
});

it(
  'a test call over the limit of its PSAP is told so, and says nothing of the queue',
  { timeout: 30_000, meta: { clause: 'TS 103 698 6.1.2.10' } },
  async () => {
    lab = await startRouterLab(queues);
    lab.madrid.answer = () => ({ status: 486 });
    expect(await lab.call('chat 1', { uri: 'urn:service:test.sos' })).toBe(486);
    lab.madrid.answer = () => ({ status: 200 });
    expect(await lab.call('chat 2')).toBe(200);
    expect(lab.madrid.received.map(textOf)).toEqual(['chat 1', 'chat 2']);
  },
);

it('all that are full answer all the same: the last one takes the call', { timeout: 30_000 }, async () => {
  const full = [madrid, toledo, fallback].map((uri) => ({ uri, maxInService: 1, maxWaiting: 0 }));
  lab = await startRouterLab({ list: full });
  const running = lab;
  for (const psap of [lab.madrid, lab.fallback]) psap.answer = () => new Promise(() => undefined);
  void lab.call('chat 1');
  await until(() => running.madrid.received.length === 1);
  void lab.call('chat 2');
  await until(() => running.fallback.received.length === 1);
  lab.fallback.answer = () => ({ status: 200 });
  expect(await lab.call('chat 3')).toBe(200);
  expect(lab.fallback.received.map(textOf)).toEqual(['chat 2', 'chat 3']);
});
