import { afterEach, describe, expect, it } from 'vitest';
import { SipEdge } from '@esinet/platform';
import { until } from '@esinet/testing';
import { type BorderAndRouter, startBorderAndRouter, statusOf } from './border-and-router.js';

let running: BorderAndRouter | undefined;
afterEach(() => running?.close());

const few = { minRate: 2, initialRate: 2, maxRate: 2, burst: '2500 ms', validity: '1 min' };
const callId = (what: string, i: number) => `${what}${i}`.padEnd(24, 'x');

describe('a router that can take no more', () => {
  it(
    'tells its border, which keeps starts at its door and lets running chats through',
    {
      meta: { clause: ['RFC 7339 5.1', 'RFC 7339 5.2', 'RFC 7339 5.5', 'RFC 7339 5.10', 'RFC 7339 5.10.1'] },
    },
    async () => {
      const o = (running = await startBorderAndRouter({ esrp: { ...few, algorithm: 'loss' } }));
      const [border, router] = [o.bcf.get(SipEdge), o.esrp.get(SipEdge)];
      const statuses: (string | number)[] = [];
      await until(async () => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, i) => o.start(callId(`a${statuses.length}-`, i))),
        );
        statuses.push(...answers.map(statusOf));
        return border.transactions.counters.shed > 0;
      });
      expect(border.overload?.signalling?.nextHops.isControlled).toBe(true);
      expect(router.transactions.counters.shed).toBeGreaterThan(0);
      expect(new Set(statuses)).toEqual(new Set([200, 486]));
      // None went round the router: what the PSAP has is what was answered 200.
      expect(o.psap.received).toHaveLength(statuses.filter((status) => status === 200).length);
      const chats = await Promise.all(Array.from({ length: 20 }, (_, i) => o.goOn(callId('chat', i))));
      expect(chats.map(statusOf)).toEqual(chats.map(() => 200));
    },
  );

  it(
    'says nothing of it to callers outside, whatever they offer',
    { meta: { clause: ['RFC 7339 5.2', 'RFC 7339 5.6', 'RFC 7339 11'] } },
    async () => {
      const o = (running = await startBorderAndRouter({}));
      const answer = await o.start(callId('outside', 0));
      if (typeof answer === 'string') throw new Error(answer);
      expect(answer.values('Via').join()).not.toContain('oc');
      const arrived = o.psap.received[0]!.message.values('Via');
      // Hop by hop: only the router's own Via offers it to the PSAP.
      expect(arrived.map((via) => via.includes(';oc'))).toEqual([true, false, false]);
    },
  );
});
