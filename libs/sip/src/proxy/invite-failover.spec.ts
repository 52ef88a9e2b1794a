import { expect, it } from 'vitest';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import { ask, harness, proxyAddress } from './proxy-harness.js';

const first = '192.0.2.20';
const second = '192.0.2.21';

function setup(answer: (tx: ServerTransaction) => void = () => undefined) {
  const made = harness();
  const targets = [first, second].map((place) => ({ destination: made.at(place) }));
  const proxy = made.proxy({ route: () => ({ kind: 'forward', targets }) });
  const one = made.callee(first, answer);
  const two = made.callee(second, (tx) => tx.respond({ status: 200 }));
  const near = made.caller();
  const call = () => ask(near, made.at(proxyAddress), { method: 'INVITE', uri: 'sip:bob@b.example' });
  return { ...made, proxyNode: proxy, one, two, near, call };
}

it.each([100, 180])(
  'a phone that said %i is not given up for its silence',
  { meta: { clause: ['RFC 3261 16.6', 'RFC 3263 4.3'] } },
  async (status) => {
    const { clock, two, call } = setup((tx) => tx.respond({ status }));
    call();
    await clock.run(60_000, 500);
    expect(two.received).toHaveLength(0);
  },
);

it.each([
  [503, 1, [180, 200]],
  [408, 1, [180, 200]],
  [486, 0, [180, 486]],
  [603, 0, [180, 603]],
])(
  'a phone that rang and then says %i',
  { meta: { clause: ['RFC 3261 16.7', 'RFC 3263 4.3'] } },
  async (status, tried, heard) => {
    const { clock, one, two, call } = setup((tx) => tx.respond({ status: 180 }));
    const asked = call();
    await clock.run(1_000, 50);
    one.received[0]!.respond({ status });
    await clock.run(1_000, 50);
    expect([two.received.length, asked.statuses]).toEqual([tried, heard]);
  },
);

it(
  'both were asked: the first 2xx wins, the other is cancelled or passed on',
  { meta: { clause: ['RFC 3261 16.7', 'RFC 6026 8.1'] } },
  async () => {
    const { clock, network, one, two, call, proxyNode } = setup((tx) =>
      tx.onCancel(() => tx.respond({ status: 487 })),
    );
    // Whatever the first one says is lost for six seconds.
    network.fate = (packet) => (packet.from.startsWith(first) && clock.now() < 6_000 ? 0 : 1);
    const asked = call();
    await clock.run(5_000, 50);
    expect([one.received.length, two.received.length, asked.statuses]).toEqual([1, 1, [100, 200]]);
    one.received[0]!.respond({ status: 180 });
    await clock.run(3_000, 50);
    one.received[0]!.respond({ status: 180 });
    await clock.run(1_000, 50);
    expect([one.received[0]!.cancelled, asked.statuses]).toEqual([true, [100, 200]]);
    await clock.run(200_000, 1_000);
    expect(proxyNode.transactions.size).toEqual({ server: 0, client: 0 });
  },
);

it(
  'a second 2xx goes to the caller, who alone can end that dialog',
  { meta: { clause: ['RFC 3261 16.7', 'RFC 6026 7.2'] } },
  async () => {
    const { clock, network, one, call } = setup();
    network.fate = (packet) => (packet.from.startsWith(first) && clock.now() < 6_000 ? 0 : 1);
    const asked = call();
    await clock.run(7_000, 50);
    one.received[0]!.respond({ status: 200 });
    await clock.run(1_000, 50);
    expect(asked.statuses).toEqual([100, 200, 200]);
  },
);
