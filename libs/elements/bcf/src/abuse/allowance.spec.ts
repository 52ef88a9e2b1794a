import { describe, expect, it } from 'vitest';
import { Allowance, allowanceOfOne } from './allowance.js';
import { abuseConfigSchema } from './config.js';
import type { SourceKey } from './source-key.js';
import { BucketTable, TokenBucket } from './token-bucket.js';

const meta = { clause: 'RFC 3261 26.3.2.4' };

function key(origin: string, user = 'anna', peer?: string): SourceKey {
  const identity = `${origin} ${user}`;
  return {
    origin,
    identity,
    measured: peer === undefined ? origin : identity,
    ...(peer !== undefined && { peer }),
  };
}

const config = {
  address: { rate: 1, burst: 10 },
  peer: { rate: 1, burst: 20 },
  identity: { rate: 1, burst: 10 },
  reservePercent: 20,
  remembered: 100,
};

/** How many of `n` are let in. */
function taken(
  allowance: Allowance,
  n: number,
  of: (i: number) => SourceKey,
  running = false,
  now = 0,
): number {
  let count = 0;
  for (let i = 0; i < n; i++) if (!allowance.take(of(i), now, { running })) count++;
  return count;
}

it('a bucket fills with time, and no further than it is large', { meta }, () => {
  const bucket = new TokenBucket({ rate: 2, burst: 4 }, 0);
  for (let i = 0; i < 4; i++) bucket.take();
  expect([bucket.has(0), bucket.has(499), bucket.has(500), bucket.has(60_000, 3)]).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(bucket.level(60_000)).toBe(4);
  // A clock that stands still or goes back gives nothing.
  bucket.take();
  expect(bucket.level(1)).toBe(3);
});

it('a bucket smaller than its reserve still lets one through', { meta }, () => {
  expect(new TokenBucket({ rate: 1, burst: 1 }, 0).has(0, 1)).toBe(true);
});

describe('a source', () => {
  it(
    'has what is above the reserve for what is new, and all of it for what runs',
    { meta: { clause: 'TS 103 698 6.1.2.5' } },
    () => {
      const allowance = new Allowance(config);
      const users = (i: number) => key('192.0.2.1', `user${i}`);
      expect(taken(allowance, 20, users)).toBe(8);
      expect(taken(allowance, 20, users, true)).toBe(2);
      // Another address has all of its own.
      expect(taken(allowance, 20, (i) => key('192.0.2.2', `user${i}`))).toBe(8);
      expect(taken(allowance, 20, users, false, 5_000)).toBe(3);
    },
  );

  it('has less for each of its users', { meta }, () => {
    const allowance = new Allowance({ ...config, identity: { rate: 1, burst: 5 } });
    expect(taken(allowance, 20, () => key('192.0.2.1'))).toBe(4);
    expect(allowance.take(key('192.0.2.1'), 0, { running: false })).toBe('identity');
    // What one user was refused is not taken from the others.
    expect(taken(allowance, 20, () => key('192.0.2.1', 'ben'))).toBe(4);
    expect(allowance.take(key('192.0.2.1', 'cleo'), 0, { running: false })).toBe('address');
  });

  it('nobody uses up what another may ask by taking its name', { meta }, () => {
    const allowance = new Allowance(config);
    taken(allowance, 50, () => key('192.0.2.66', 'anna'));
    expect(taken(allowance, 1, () => key('192.0.2.1', 'anna'))).toBe(1);
  });

  it('a peer has more, and as it is configured', { meta }, () => {
    const allowance = new Allowance(config, [{ name: 'small', limits: { burst: 5 } }, { name: 'other' }]);
    const of = (peer: string) => (i: number) => key(`peer ${peer}`, `user${i}`, peer);
    expect(taken(allowance, 50, of('other'))).toBe(16);
    expect(taken(allowance, 50, of('small'))).toBe(4);
    expect(allowance.take(of('small')(99), 0, { running: false })).toBe('peer');
  });
});

it('however many sources there are, the memory is bounded', { meta }, () => {
  const allowance = new Allowance({ ...config, remembered: 100 });
  taken(allowance, 5_000, (i) => key(`192.0.2.${i}`, `user${i}`));
  expect(allowance.size).toBe(200);
});

it('full buckets give way first', { meta }, () => {
  const table = new BucketTable({ size: { rate: 1, burst: 1 }, max: 2 });
  table.of('empty', 0).take();
  table.of('full', 0);
  table.of('new', 0);
  expect(table.of('empty', 0).has(0)).toBe(false);
});

it('of several borders each lets in its part', () => {
  const config = { ...abuseConfigSchema.parse({}), instances: 4 };
  const [sizes, peers] = allowanceOfOne(config, [{ name: 'p', limits: { rate: 10 } }, { name: 'q' }]);
  expect(sizes.address).toEqual({ rate: 25, burst: 125 });
  expect(peers).toEqual([{ name: 'p', limits: { rate: 2.5 } }, { name: 'q' }]);
  expect(allowanceOfOne({ ...config, instances: 1 })[0].address).toEqual({ rate: 100, burst: 500 });
});
