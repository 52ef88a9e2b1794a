import { ManualClock } from '@esinet/kernel';
import { expect, it } from 'vitest';
import { type ObjectAccessPorts, heldBack, objectAnswer } from './object-access.js';

const clock = new ManualClock();
const expiry = new Date(clock.wall() + 10_000).toISOString();
const offered = { authority: 'pj', case: 'c', contentType: 'image/png', expiry };

function ports(over: Partial<ObjectAccessPorts> = {}): ObjectAccessPorts {
  return {
    find: (id) => Promise.resolve(id === 'there' ? offered : undefined),
    authorityOf: (fingerprint) => ({ aa: 'pj', bb: 'gc' })[fingerprint],
    mayBeFetched: () => Promise.resolve(true),
    octets: () => Promise.resolve(Buffer.from('octets')),
    clock,
    ...over,
  };
}

it(
  'gives an object to the authority it is for',
  { meta: { clause: 'TS 103 707 C.2', shall: ['707:C.2-3'] } },
  async () => {
    expect(await objectAnswer('there', 'aa', ports())).toMatchObject({
      kind: 'given',
      contentType: 'image/png',
    });
  },
);

it.each([
  ['unknown', 'not-there', 'aa', {}],
  ['stranger', 'there', 'bb', {}],
  ['stranger', 'there', 'cc', {}],
  ['stranger', 'there', undefined, {}],
  [
    'expired',
    'there',
    'aa',
    { find: () => Promise.resolve({ ...offered, expiry: new Date(clock.wall()).toISOString() }) },
  ],
  ['not-in-force', 'there', 'aa', { mayBeFetched: () => Promise.resolve(false) }],
  ['gone', 'there', 'aa', { octets: () => Promise.resolve(undefined) }],
] as const)(
  'refuses: %s',
  { meta: { clause: 'TS 103 707 C.2', shall: ['707:C.2-4'] } },
  async (why, id, fingerprint, over) => {
    expect(await objectAnswer(id, fingerprint, ports(over))).toEqual({ kind: 'refused', why });
  },
);

it('a refusal takes its time, however soon it was found', async () => {
  const since = clock.now();
  let done = false;
  void heldBack(clock, since, 50).then(() => (done = true));
  clock.advance(49);
  await Promise.resolve();
  expect(done).toBe(false);
  clock.advance(1);
  await Promise.resolve();
  expect(done).toBe(true);
  await heldBack(clock, since, 50);
});
