import { expect, it } from 'vitest';
import { ManualClock, silentLogger } from '@esinet/kernel';
import { buildRequest } from '../codec/build.js';
import { MemoryNetwork } from '../transport/memory-network.js';
import type { ServerTransaction } from './server-transaction.js';
import { TransactionLayer } from './transaction-layer.js';

it(
  'a full table refuses what is new, and still cancels, acknowledges and repeats',
  { meta: { clause: ['RFC 3261 9.2', 'RFC 3261 17.2', 'TS 103 698 6.1.2.9'], shall: '6.1.2.9-1' } },
  async () => {
    const clock = new ManualClock();
    const network = new MemoryNetwork({ clock, latencyMs: 1 });
    const transactions = new TransactionLayer({
      transport: network.node({ address: '192.0.2.2' }),
      clock,
      logger: silentLogger,
      limits: { maxTransactions: 1 },
    });
    const received: ServerTransaction[] = [];
    transactions.onRequest = (tx) => {
      received.push(tx);
      tx.onCancel(() => tx.respond({ status: 487 }));
    };
    const peer = network.node({ address: '192.0.2.1' });
    const answers: string[] = [];
    peer.onMessage = ({ message }) => void answers.push(`${message.cseq?.method} ${message.status}`);
    const say = (method: string, branch: string, callId: string) =>
      peer.send(
        '192.0.2.2:5060',
        buildRequest({
          method,
          uri: 'urn:service:sos',
          headers: [
            ['Via', `SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK${branch}`],
            ['Max-Forwards', '70'],
            ['From', '<sip:a@example.com>;tag=f'],
            ['To', '<urn:service:sos>'],
            ['Call-ID', callId],
            ['CSeq', `1 ${method}`],
          ],
        }),
      );
    say('INVITE', 'i', 'call');
    await clock.run(300, 10);
    say('MESSAGE', 'm', 'other');
    say('CANCEL', 'x', 'call');
    await clock.run(10);
    expect(answers).toEqual(['INVITE 100', 'MESSAGE 480', 'CANCEL 480']);
    say('CANCEL', 'i', 'call');
    await clock.run(10);
    expect(answers.slice(3).sort()).toEqual(['CANCEL 200', 'INVITE 487']);
    say('INVITE', 'i', 'call');
    await clock.run(10);
    expect(answers.slice(5)).toEqual(['INVITE 487']);
    say('ACK', 'i', 'call');
    await clock.run(6_000, 100);
    expect(answers.length).toBe(6);
    expect([received.length, transactions.size.server]).toEqual([1, 0]);
  },
);

it(
  'the last places of a table are for requests with priority',
  { meta: { clause: ['TS 103 698 6.1.2.5', 'RFC 4412 4.7.2'], shall: ['6.1.2.5-2', '6.1.2.5-4'] } },
  async () => {
    const clock = new ManualClock();
    const network = new MemoryNetwork({ clock, latencyMs: 1 });
    const transactions = new TransactionLayer({
      transport: network.node({ address: '192.0.2.2' }),
      clock,
      logger: silentLogger,
      limits: { maxTransactions: 10, reservedPercent: 20 },
    });
    transactions.hasPriority = (message) => message.header('Resource-Priority') === 'esnet.1';
    transactions.onRequest = () => undefined;
    const peer = network.node({ address: '192.0.2.1' });
    const refused: string[] = [];
    peer.onMessage = ({ message }) => void (message.status === 480 && refused.push(message.callId ?? ''));
    const say = (callId: string, priority?: string) =>
      peer.send(
        '192.0.2.2:5060',
        buildRequest({
          method: 'MESSAGE',
          uri: 'urn:service:sos',
          headers: [
            ['Via', `SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK${callId}`],
            ['Max-Forwards', '70'],
            ['From', '<sip:a@example.com>;tag=f'],
            ['To', '<urn:service:sos>'],
            ['Call-ID', callId],
            ['CSeq', '1 MESSAGE'],
            ...(priority === undefined ? [] : [['Resource-Priority', priority] as const]),
          ],
        }),
      );
    for (let i = 0; i < 12; i++) say(`ordinary${i}`);
    await clock.run(10);
    expect(refused).toEqual(['ordinary8', 'ordinary9', 'ordinary10', 'ordinary11']);
    for (let i = 0; i < 3; i++) say(`urgent${i}`, 'esnet.1');
    await clock.run(10);
    expect(refused.slice(4)).toEqual(['urgent2']);
  },
);
