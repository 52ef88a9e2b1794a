import { describe, expect, it } from 'vitest';
import { ManualClock, silentLogger } from '@esinet/kernel';
import { buildRequest } from '../codec/build.js';
import type { SipMessage } from '../codec/sip-message.js';
import { MemoryNetwork } from '../transport/memory-network.js';
import { TransactionLayer } from '../transaction/transaction-layer.js';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import { OverloadControl, type OverloadSettings } from './overload-control.js';

function shedding(settings: Partial<OverloadSettings> = {}) {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, latencyMs: 1 });
  const transactions = new TransactionLayer({
    transport: network.node({ address: '192.0.2.2' }),
    clock,
    logger: silentLogger,
  });
  const control = new OverloadControl({
    clock,
    settings: { initialRate: 10, minRate: 10, maxRate: 10, burstMs: 1_000, ...settings },
  });
  control.classOf = (message) =>
    message.to?.tag !== undefined ? 'running' : message.requestUri.includes('test') ? 'other' : 'emergency';
  transactions.admission = control;
  const taken: ServerTransaction[] = [];
  transactions.onRequest = (tx) => {
    taken.push(tx);
    tx.respond({ status: 200 });
  };
  const peer = network.node({ address: '192.0.2.1' });
  const answers: SipMessage[] = [];
  peer.onMessage = ({ message }) => void answers.push(message);
  const say = (id: string, o: { method?: string; uri?: string; tag?: string; cseq?: string } = {}) => {
    const method = o.method ?? 'MESSAGE';
    peer.send(
      '192.0.2.2:5060',
      buildRequest({
        method,
        uri: o.uri ?? 'urn:service:sos',
        headers: [
          ['Via', `SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK${id}`],
          ['Max-Forwards', '70'],
          ['From', '<sip:a@example.com>;tag=f'],
          ['To', `<urn:service:sos>${o.tag === undefined ? '' : `;tag=${o.tag}`}`],
          ['Call-ID', id],
          ['CSeq', `1 ${method}`],
        ],
      }),
    );
  };
  const statuses = () => answers.map(({ status }) => status);
  return { clock, control, transactions, taken, answers, say, statuses };
}

describe('what is more than can be done', () => {
  it(
    'is refused without state, by a status that is no 503, and told to come back at different times',
    { meta: { clause: ['TS 103 698 6.1.2.9', 'RFC 3261 8.2.7', 'RFC 3261 21.4.24'] } },
    async () => {
      const { clock, transactions, answers, say, statuses, control } = shedding();
      for (let i = 0; i < 30; i++) say(`m${i}`);
      await clock.run(20);
      expect(statuses().filter((status) => status === 200)).toHaveLength(10);
      expect(statuses().filter((status) => status === 486)).toHaveLength(20);
      expect(transactions.size.server).toBe(10);
      expect([transactions.counters.shed, control.counters.shed.emergency]).toEqual([20, 20]);
      const waits = answers
        .filter(({ status }) => status === 486)
        .map((each) => Number(each.header('Retry-After')));
      expect(new Set(waits).size).toBeGreaterThan(3);
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(5);
      expect(Math.max(...waits)).toBeLessThanOrEqual(15);
    },
  );

  it(
    'is answered the same when it is repeated, although there is room by then',
    { meta: { clause: ['RFC 3261 8.2.7', 'RFC 3261 17.1.2.2'] } },
    async () => {
      const { clock, say, answers, taken } = shedding();
      for (let i = 0; i < 10; i++) say(`m${i}`);
      say('late');
      await clock.run(20);
      const first = answers.at(-1)!;
      expect(first.status).toBe(486);
      for (const wait of [500, 1_000, 2_000, 4_000, 4_000, 4_000]) {
        await clock.run(wait, 100);
        say('late');
        await clock.run(20);
        expect(answers.at(-1)!.bytes.toString()).toBe(first.bytes.toString());
      }
      expect(taken.some(({ request }) => request.callId === 'late')).toBe(false);
      // Asked anew it is a new request.
      say('late-again');
      await clock.run(20);
      expect(answers.at(-1)!.status).toBe(200);
    },
  );

  it(
    'is never a repetition of what was taken on, an ACK, a CANCEL, or something that runs',
    { meta: { clause: ['RFC 7339 5.10.1', 'RFC 3261 17.2', 'RFC 3261 9.2'] } },
    async () => {
      const { clock, say, statuses, transactions, taken } = shedding();
      transactions.onRequest = (tx) => {
        taken.push(tx);
        if (tx.request.method === 'INVITE') tx.onCancel(() => tx.respond({ status: 487 }));
        else tx.respond({ status: 200 });
      };
      say('call', { method: 'INVITE' });
      for (let i = 0; i < 30; i++) say(`m${i}`);
      await clock.run(20);
      const refused = statuses().filter((status) => status === 486).length;
      say('m3');
      say('chat', { tag: 'x' });
      say('bye', { method: 'BYE', tag: 'x' });
      say('call', { method: 'CANCEL' });
      await clock.run(20);
      const later = statuses();
      expect(later.filter((status) => status === 486)).toHaveLength(refused);
      expect(later.slice(-5).sort()).toEqual([200, 200, 200, 200, 487]);
      const acks: SipMessage[] = [];
      transactions.onAck = (ack) => void acks.push(ack);
      say('call', { method: 'ACK', tag: 'any' });
      await clock.run(20);
      expect(acks).toEqual([]);
    },
  );

  it(
    'is a test call before it is an emergency',
    { meta: { clause: ['RFC 7339 5.10.1', 'RFC 4412 4.7.2'] } },
    async () => {
      const { clock, say, control, statuses } = shedding({ reservedPercent: 40 });
      for (let i = 0; i < 10; i++) say(`t${i}`, { uri: 'urn:service:sos.test' });
      await clock.run(5);
      for (let i = 0; i < 4; i++) say(`e${i}`);
      await clock.run(5);
      expect(control.counters.shed).toEqual({ emergency: 0, other: 4 });
      expect(statuses().slice(-4)).toEqual([200, 200, 200, 200]);
    },
  );

  it(
    'is answered 503 only where the peer is known to cope, and then without Retry-After',
    { meta: { clause: ['RFC 7339 5.10.2', 'TS 103 698 6.1.2.9'] } },
    async () => {
      const { clock, say, control, answers } = shedding();
      control.copesWith503 = (flow) => flow.remoteAddress === '192.0.2.1';
      for (let i = 0; i < 11; i++) say(`m${i}`);
      await clock.run(20);
      expect([answers.at(-1)!.status, answers.at(-1)!.has('Retry-After')]).toEqual([503, false]);
    },
  );

  it(
    'an INVITE refused so is acknowledged into nothing',
    { meta: { clause: 'RFC 3261 8.2.7' } },
    async () => {
      const { clock, say, answers, transactions } = shedding();
      for (let i = 0; i < 11; i++) say(`c${i}`, { method: 'INVITE' });
      await clock.run(20);
      const refused = answers.find(({ status }) => status === 486)!;
      const acks: SipMessage[] = [];
      transactions.onAck = (ack) => void acks.push(ack);
      say(refused.callId!, { method: 'ACK', tag: refused.to!.tag! });
      await clock.run(20);
      expect(acks).toEqual([]);
    },
  );

  it('begins and ends for whoever listens', async () => {
    const { clock, say, control } = shedding();
    const told: boolean[] = [];
    control.onOverload((active) => void told.push(active));
    for (let i = 0; i < 30; i++) say(`m${i}`);
    await clock.run(20);
    expect([told, control.isOverloaded]).toEqual([[true], true]);
    await clock.run(6_000, 20);
    expect([told, control.isOverloaded]).toEqual([[true, false], false]);
    // Nothing to watch, no timer.
    await clock.run(40_000, 500);
    expect(clock.waiting).toBe(0);
  });
});
