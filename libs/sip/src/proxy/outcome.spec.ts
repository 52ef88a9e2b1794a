import { expect, it } from 'vitest';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import { ask, harness, proxyAddress } from './proxy-harness.js';
import type { ForwardOutcome, ForwardTarget } from './route-decision.js';

const first = '192.0.2.20';
const second = '192.0.2.21';
const nobody = '192.0.2.99';
const answer = (status: number) => (tx: ServerTransaction) => tx.respond({ status });

function setUp(places: readonly string[], failoverOn?: (status: number) => boolean) {
  const made = harness('tcp');
  const outcomes: ForwardOutcome[] = [];
  const targets: ForwardTarget[] = places.map((place) => ({ destination: made.at(place) }));
  made.proxy({
    route: () => ({
      kind: 'forward',
      targets,
      onOutcome: (outcome) => outcomes.push(outcome),
      ...(failoverOn && { failoverOn }),
    }),
  });
  return { ...made, outcomes };
}

it(
  'tells who had no connection, who failed and who was silent before another answered',
  { meta: { clause: ['RFC 3261 16.7', 'RFC 3261 16.9'] } },
  async () => {
    const { clock, at, callee, caller, outcomes } = setUp([nobody, first, '192.0.2.22', second]);
    callee(first, answer(503));
    callee('192.0.2.22', (tx) => tx.discard());
    callee(second, answer(200));
    ask(caller(), at(proxyAddress));
    await clock.run(5_000, 50);
    expect(outcomes).toEqual([
      {
        status: 200,
        target: 3,
        tried: [
          { target: 0, status: 503, answered: false },
          { target: 1, status: 503, answered: true },
          { target: 2, status: 408, answered: false },
        ],
      },
    ]);
  },
);

it('goes on after a status that the decision names', { meta: { clause: 'RFC 3261 16.7' } }, async () => {
  const { clock, at, callee, caller, outcomes } = setUp([first, second], (status) => status === 486);
  callee(first, answer(486));
  callee(second, answer(200));
  const asked = ask(caller(), at(proxyAddress));
  await clock.run(100);
  expect(asked.statuses).toEqual([200]);
  expect(outcomes).toEqual([{ status: 200, target: 1, tried: [{ target: 0, status: 486, answered: true }] }]);
});

it('tells of a decision without targets as well', { meta: { clause: 'RFC 3261 16.5' } }, async () => {
  const { clock, at, caller, outcomes } = setUp([]);
  ask(caller(), at(proxyAddress));
  await clock.run(100);
  expect(outcomes).toEqual([{ status: 480, target: -1 }]);
});

it('tries one that answered a probe first again', { meta: { clause: 'RFC 3263 4.3' } }, async () => {
  const made = harness('tcp');
  const targets: ForwardTarget[] = [first, second].map((place) => ({ destination: made.at(place) }));
  const { core } = made.proxy({ route: () => ({ kind: 'forward', targets }) });
  const other = made.callee(second, answer(200));
  const from = made.caller();
  ask(from, made.at(proxyAddress));
  await made.clock.run(100);
  const back = made.callee(first, answer(200));
  ask(from, made.at(proxyAddress), { callId: 'call-2' });
  await made.clock.run(100);
  expect([back.received.length, other.received.length]).toEqual([0, 2]);
  core.answered(made.at(first));
  ask(from, made.at(proxyAddress), { callId: 'call-3' });
  await made.clock.run(100);
  expect([back.received.length, other.received.length]).toEqual([1, 2]);
});
