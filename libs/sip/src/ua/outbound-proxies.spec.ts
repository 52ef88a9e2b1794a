import { countingIds } from '@esinet/kernel';
import { describe, expect, it } from 'vitest';
import { harness } from '../proxy/proxy-harness.js';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import { type UacOutcome, UserAgent } from './user-agent.js';

const first = '192.0.2.20';
const second = '192.0.2.21';
const answer = (status: number) => (tx: ServerTransaction) => tx.respond({ status });

function setUp(o: { readonly byName?: boolean } = {}) {
  const made = harness('tcp');
  const ua = new UserAgent({
    ...made.layer('192.0.2.1'),
    locator: {
      locate: (uri) =>
        String(uri).includes('away')
          ? Promise.reject(new Error('no such name'))
          : Promise.resolve([made.at(second)]),
    },
    ids: countingIds('c'),
    outboundProxy: o.byName
      ? [{ uri: 'sip:away.lab;transport=tcp' }, made.at(first), { uri: 'sip:bcf.lab;transport=tcp' }]
      : [made.at(first), made.at(second)],
  });
  const outcomes: UacOutcome[] = [];
  const send = () =>
    void ua
      .send({
        method: 'MESSAGE',
        uri: 'sip:ana@provider.lab',
        from: 'sip:psap@lab',
        to: 'sip:ana@provider.lab',
      })
      .then((outcome) => outcomes.push(outcome));
  const statuses = () =>
    outcomes.map((each) => (each.kind === 'response' ? each.message.status : each.reason));
  return { ...made, send, statuses };
}

describe('a user agent with several outbound proxies', () => {
  it('asks the next at once where the first is not there, or is ending', async () => {
    const { clock, callee, send, statuses } = setUp();
    callee(second, answer(200));
    send();
    await clock.run(100, 10);
    expect(statuses()).toEqual([200]);
    callee(first, answer(503));
    send();
    await clock.run(100, 10);
    expect(statuses()).toEqual([200, 200]);
  });

  it(
    'asks the next after half a second of silence, and asks the silent one last from then on',
    { meta: { clause: 'RFC 4320 4.1' } },
    async () => {
      const { clock, callee, send, statuses } = setUp();
      const silent = callee(first, (tx) => tx.discard());
      const other = callee(second, answer(200));
      send();
      await clock.run(400, 50);
      expect(statuses()).toEqual([]);
      await clock.run(300, 50);
      expect(statuses()).toEqual([200]);
      send();
      await clock.run(100, 10);
      expect(statuses()).toEqual([200, 200]);
      expect([silent.received.length, other.received.length]).toEqual([1, 2]);
    },
  );

  it('knows them by name too, and goes on where one is not found', async () => {
    const { clock, callee, send, statuses } = setUp({ byName: true });
    const other = callee(second, answer(200));
    send();
    await clock.run(100, 10);
    expect(statuses()).toEqual([200]);
    expect(other.received).toHaveLength(1);
  });

  it('waits for one that says 100', async () => {
    const { clock, callee, send, statuses } = setUp();
    const slow = callee(first);
    const other = callee(second, answer(200));
    send();
    await clock.run(2_000, 50);
    slow.received[0]?.respond({ status: 202 });
    await clock.run(100, 10);
    expect(statuses()).toEqual([202]);
    expect(other.received).toHaveLength(0);
  });

  it('tells how the last one failed where all do', async () => {
    const { clock, callee, send, statuses } = setUp();
    callee(first, (tx) => tx.discard());
    callee(second, answer(503));
    send();
    await clock.run(40_000, 250);
    expect(statuses()).toEqual(['timeout']);
  });
});
