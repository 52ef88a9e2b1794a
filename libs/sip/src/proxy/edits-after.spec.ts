import { expect, it } from 'vitest';
import { ask, harness, proxyAddress } from './proxy-harness.js';
import type { ForwardTarget, TriedTarget } from './route-decision.js';

const places = ['192.0.2.20', '192.0.2.21', '192.0.2.22'] as const;

function setup(edits: (tried: readonly TriedTarget[]) => string) {
  const made = harness();
  const targets = places.map((place): ForwardTarget => ({
    destination: made.at(place),
    edits: [{ op: 'append', name: 'X-Always', value: place }],
    editsAfter: (tried) => [{ op: 'append', name: 'X-Tried', value: edits(tried) }],
  }));
  made.proxy({
    route: () => ({ kind: 'forward', targets }),
    failoverMs: 500,
    failoverOn: (status) => status >= 400,
  });
  return made;
}

const text = (tried: readonly TriedTarget[]) =>
  tried.map((t) => `${t.target}=${t.status}`).join(' ') || 'none';

it.each(['MESSAGE', 'INVITE'])(
  'a target of a %s is told what became of those before it',
  { meta: { clause: ['RFC 7044 9.3', 'RFC 7044 10.2'] } },
  async (method) => {
    const { clock, at, callee, caller } = setup(text);
    const refusing = callee(places[0], (tx) => tx.respond({ status: 480 }));
    const answering = callee(places[2], (tx) => tx.respond({ status: 200 }));
    const asked = ask(caller(), at(proxyAddress), { method });
    await clock.run(2_000, 50);
    const told = [refusing, answering].map(({ received }) => received[0]?.request.header('X-Tried'));
    expect(told).toEqual(['none', '0=480 1=408']);
    expect(answering.received[0]?.request.header('X-Always')).toBe(places[2]);
    expect(asked.statuses.at(-1)).toBe(200);
  },
);

it('edits that cannot be made do not stop the request', { meta: { clause: 'RFC 3261 16.6' } }, async () => {
  const { clock, at, callee, caller } = setup(() => {
    throw new Error('no edits');
  });
  const far = callee(places[0], (tx) => tx.respond({ status: 200 }));
  ask(caller(), at(proxyAddress), {});
  await clock.run(1_000, 50);
  expect(far.received[0]?.request.header('X-Always')).toBe(places[0]);
  expect(far.received[0]?.request.has('X-Tried')).toBe(false);
});
