import { afterEach, describe, expect, it } from 'vitest';
import { SipEdge } from '@esinet/platform';
import { until } from '@esinet/testing';
import { type BorderAndRouter, startBorderAndRouter, statusOf } from './border-and-router.js';

let running: BorderAndRouter | undefined;
afterEach(() => running?.close());

const few = { minRate: 2, initialRate: 2, maxRate: 2, burst: '2500 ms' };
const callIds = (what: string, number: number) =>
  Array.from({ length: number }, (_, i) => `${what}${i}`.padEnd(24, 'x'));
const received = (o: BorderAndRouter) =>
  o.psap.received.map(({ message }) => message.header('Call-Info') ?? '');

describe('more calls than an element may take', () => {
  it(
    'running chats go on, starts are told that it is busy, and what was answered 200 has arrived',
    { meta: { clause: ['TS 103 698 6.1.2.9', 'RFC 7339 5.10.1', 'RFC 7339 5.10.2'] } },
    async () => {
      const o = (running = await startBorderAndRouter({ bcf: { ...few, status: 480 } }));
      const told: boolean[] = [];
      o.bcf.get(SipEdge).overload?.control.onOverload((active) => told.push(active));
      const starts = callIds('start', 40);
      const tests = callIds('test', 10);
      const chats = callIds('chat', 40);
      const [started, tested, gone] = await Promise.all([
        Promise.all(starts.map((callId) => o.start(callId))),
        Promise.all(tests.map((callId) => o.start(callId, 'urn:service:sos.test'))),
        Promise.all(chats.map((callId) => o.goOn(callId))),
      ]);
      expect(gone.map(statusOf)).toEqual(chats.map(() => 200));
      const statuses = started.map(statusOf);
      expect(new Set(statuses)).toEqual(new Set([200, 480]));
      expect(statuses.filter((status) => status === 480).length).toBeGreaterThan(10);
      expect(tested.map(statusOf)).toContain(480);
      for (const answer of started) {
        if (typeof answer === 'string' || answer.status === 200) continue;
        const wait = Number(answer.header('Retry-After'));
        expect(wait).toBeGreaterThanOrEqual(5);
        expect(wait).toBeLessThanOrEqual(15);
      }
      const arrived = received(o);
      starts.forEach((callId, i) => {
        expect([callId, arrived.some((value) => value.includes(callId))]).toEqual([
          callId,
          statuses[i] === 200,
        ]);
      });
      const { overload, transactions } = o.bcf.get(SipEdge);
      expect(transactions.counters.shed).toBeGreaterThan(10);
      expect(told[0]).toBe(true);
      // It is over by itself, and a call goes through again.
      await until(() => overload?.control.isOverloaded === false);
      await until(async () => statusOf(await o.start('later'.padEnd(24, 'x'))) === 200);
      expect(received(o).at(-1)).toContain('later');
    },
  );

  it(
    'what the router sheds is its word to the caller: no call goes round it',
    { meta: { clause: ['RFC 3261 16.7', 'TS 103 698 6.1.2.9'] } },
    async () => {
      const o = (running = await startBorderAndRouter({
        esrp: { ...few, feedback: false },
        bcf: { feedback: false },
      }));
      const starts = callIds('start', 30);
      const answers = await Promise.all(starts.map((callId) => o.start(callId)));
      expect(new Set(answers.map(statusOf))).toEqual(new Set([200, 486]));
      expect(o.psap.received).toHaveLength(answers.filter((answer) => statusOf(answer) === 200).length);
    },
  );

  it(
    'where refusing would take too much of the time, starts hear nothing and come in when there is room',
    { meta: { clause: ['RFC 7339 5.10.1', 'RFC 3261 17.1.2.2'] } },
    async () => {
      const slow = { minRate: 20, initialRate: 20, maxRate: 20, burst: '500 ms' };
      const o = (running = await startBorderAndRouter({ bcf: { ...slow, refusing: 0.001 } }));
      const starts = callIds('start', 50);
      const chats = callIds('chat', 30);
      const [started, gone] = await Promise.all([
        Promise.all(starts.map((callId) => o.start(callId))),
        Promise.all(chats.map((callId) => o.goOn(callId))),
      ]);
      expect(gone.map(statusOf)).toEqual(chats.map(() => 200));
      const statuses = started.map(statusOf);
      expect(statuses.every((status) => status === 200 || status === 486)).toBe(true);
      // More than came in with the first burst, by their repetitions.
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(20);
      const arrived = received(o);
      starts.forEach((callId, i) => {
        const times = arrived.filter((value) => value.includes(callId)).length;
        expect([callId, times]).toEqual([callId, statuses[i] === 200 ? 1 : 0]);
      });
      const { overload, transactions } = o.bcf.get(SipEdge);
      expect(overload?.control.counters.shed.emergency).toBeGreaterThan(transactions.counters.shed + 5);
    },
  );

  it('nothing is shed where it is turned off, or where there is room', async () => {
    const o = (running = await startBorderAndRouter({ esrp: { enabled: false } }));
    const answers = await Promise.all(callIds('start', 60).map((callId) => o.start(callId)));
    expect(new Set(answers.map(statusOf))).toEqual(new Set([200]));
    expect(o.esrp.get(SipEdge).overload).toBeUndefined();
    expect(o.bcf.get(SipEdge).transactions.counters.shed).toBe(0);
  });
});
