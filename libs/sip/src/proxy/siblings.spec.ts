import { describe, expect, it } from 'vitest';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import { ask, harness, proxyAddress } from './proxy-harness.js';
import type { ForwardTarget } from './route-decision.js';

const first = '192.0.2.20';
const second = '192.0.2.21';
const last = '192.0.2.22';
const silent = (tx: ServerTransaction): void => tx.discard();
const answer = (tx: ServerTransaction): void => tx.respond({ status: 200 });

function setUp() {
  const made = harness('tcp');
  const siblings = 'esrp tcp';
  const targets: ForwardTarget[] = [
    { destination: made.at(first), siblings },
    { destination: made.at(second), siblings },
    { destination: made.at(last) },
  ];
  made.proxy({ route: () => ({ kind: 'forward', targets }) });
  return made;
}

describe('servers of one next hop', () => {
  it('the second is asked after half a second of silence', { meta: { clause: 'RFC 4320 4.1' } }, async () => {
    const { clock, at, callee, caller } = setUp();
    callee(first, silent);
    const other = callee(second, answer);
    ask(caller(), at(proxyAddress));
    await clock.run(400, 50);
    expect(other.received).toHaveLength(0);
    await clock.run(600, 50);
    expect(other.received).toHaveLength(1);
  });

  it('one that is slow says 100 and is waited for', async () => {
    const { clock, at, callee, caller } = setUp();
    const slow = callee(first);
    const other = callee(second, answer);
    ask(caller(), at(proxyAddress));
    await clock.run(5_000, 50);
    expect(slow.received).toHaveLength(1);
    expect(other.received).toHaveLength(0);
  });

  it('who only stands in for them is asked after the long time', async () => {
    const { clock, at, callee, caller } = setUp();
    callee(first, silent);
    callee(second, silent);
    const resort = callee(last, answer);
    ask(caller(), at(proxyAddress));
    await clock.run(3_000, 50);
    expect(resort.received).toHaveLength(0);
    await clock.run(2_000, 50);
    expect(resort.received).toHaveLength(1);
  });
});
