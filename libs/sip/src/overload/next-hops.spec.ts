import { describe, expect, it } from 'vitest';
import type { LoadClass } from './load-class.js';
import { NextHops } from './next-hops.js';

const hop = '192.0.2.9:5060';

function hops(silentAfter = 5) {
  let seed = 1;
  // The same numbers each time: a test must not depend on luck.
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const next = new NextHops({ silentAfter }, random);
  let sequence = 0;
  const say = (
    oc: number,
    now: number,
    o: { algorithm?: string; validityMs?: number; whole?: number } = {},
  ) =>
    next.heard(
      hop,
      {
        oc,
        algorithm: o.algorithm ?? 'loss',
        validityMs: o.validityMs ?? 500,
        sequence: { whole: o.whole ?? ++sequence, fraction: 0 },
      },
      now,
    );
  const share = (load: LoadClass, now: number, times = 2_000) => {
    let sent = 0;
    for (let i = 0; i < times; i++) if (next.verdict(hop, load, now) === 'send') sent++;
    return sent / times;
  };
  return { next, say, share };
}

describe('a next hop', () => {
  it('that has said nothing gets everything', { meta: { clause: ['RFC 7339 5', 'RFC 7339 5.1'] } }, () => {
    const { next, share } = hops();
    expect(share('other', 0)).toBe(1);
    expect(next.isControlled).toBe(false);
  });

  it(
    'that asks for less gets so much less, until the validity is over',
    { meta: { clause: ['RFC 7339 5.5', 'RFC 7339 5.7', 'RFC 7339 7.1', 'RFC 7339 4.3'] } },
    () => {
      const { next, say, share } = hops();
      say(40, 0);
      expect(next.isControlled).toBe(true);
      // Eighty of a hundred are taken for subject to it before anything was counted: 40 / 80.
      expect(share('emergency', 100)).toBeCloseTo(0.5, 1);
      expect(share('emergency', 499)).toBeCloseTo(0.5, 1);
      expect(share('emergency', 500)).toBe(1);
      expect(next.isControlled).toBe(false);
    },
  );

  it('ends it by a validity of 0, whatever oc says', { meta: { clause: 'RFC 7339 5.7' } }, () => {
    const { say, share } = hops();
    say(100, 0, { validityMs: 10_000 });
    expect(share('emergency', 1)).toBe(0);
    say(100, 2, { validityMs: 0 });
    expect(share('emergency', 3)).toBe(1);
  });

  it(
    'is heeded only by a higher number, or one that has begun anew',
    { meta: { clause: ['RFC 7339 5.4', 'RFC 7339 4.4'] } },
    () => {
      const { next, say, share } = hops();
      say(100, 0, { whole: 1_000_000, validityMs: 1_000 });
      // The same again: neither a new value nor a new validity.
      say(0, 900, { whole: 1_000_000 });
      expect(share('emergency', 950)).toBe(0);
      expect(share('emergency', 1_001)).toBe(1);
      say(100, 2_000, { whole: 1_000_010, validityMs: 1_000 });
      // Late on its way.
      say(0, 2_001, { whole: 1_000_009 });
      expect(share('emergency', 2_002)).toBe(0);
      say(0, 2_003, { whole: 5 });
      expect(share('emergency', 2_004)).toBe(1);
      say(100, 2_005, { whole: 6 });
      expect(share('emergency', 2_006)).toBe(0);
      // No number at all, where there was one.
      next.heard(hop, { oc: 0, algorithm: 'loss', validityMs: 500, sequence: undefined }, 2_007);
      expect(share('emergency', 2_008)).toBe(0);
    },
  );

  it('is told apart by address and port', { meta: { clause: 'RFC 7339 5.4' } }, () => {
    const { next, say } = hops();
    say(100, 0);
    expect(next.verdict(hop, 'emergency', 1)).toBe('held');
    expect(next.verdict('192.0.2.9:5062', 'emergency', 1)).toBe('send');
    expect(next.verdict('192.0.2.10:5060', 'emergency', 1)).toBe('send');
  });

  it(
    'that speaks of an algorithm we cannot do, or of more than all, is not heeded',
    { meta: { clause: ['RFC 7339 4.2', 'RFC 7339 7.1'] } },
    () => {
      const { say, share } = hops();
      say(50, 0, { algorithm: 'window' });
      say(101, 1);
      expect(share('emergency', 2)).toBe(1);
    },
  );
});

describe('who stays away', () => {
  it(
    'are test calls first, then starts by the mix of what is sent, never a chat that runs',
    { meta: { clause: ['RFC 7339 5.10.1', 'RFC 7339 7.2'] } },
    () => {
      const { next, say, share } = hops();
      const send = (now: number) => {
        for (let i = 0; i < 30; i++) next.verdict(hop, 'other', now);
        for (let i = 0; i < 50; i++) next.verdict(hop, 'emergency', now);
        for (let i = 0; i < 20; i++) next.verdict(hop, 'running', now);
      };
      // The hop is known, and the mix has been counted once.
      say(0, 0);
      send(1);
      send(5_001);
      say(15, 5_002);
      expect(share('other', 5_003, 600)).toBeCloseTo(0.5, 1);
      expect(share('emergency', 5_003)).toBe(1);
      say(55, 5_004);
      expect(share('other', 5_005)).toBe(0);
      expect(share('emergency', 5_005)).toBeCloseTo(0.5, 1);
      say(95, 5_006);
      expect(share('emergency', 5_007)).toBe(0);
      expect(share('running', 5_007)).toBe(1);
    },
  );
});

describe('a rate', () => {
  it(
    'lets so many through in a second, emergencies in larger bursts',
    { meta: { clause: ['RFC 7415 3.5.1', 'RFC 7415 3.5.2'] } },
    () => {
      const { next, say } = hops();
      say(100, 0, { algorithm: 'rate', validityMs: 20_000 });
      let others = 0;
      let emergencies = 0;
      for (let now = 1; now <= 10_000; now++) {
        for (let i = 0; i < 3; i++) {
          if (next.verdict(hop, 'emergency', now) === 'send') emergencies++;
          if (next.verdict(hop, 'other', now) === 'send') others++;
        }
      }
      expect(emergencies).toBeGreaterThan(980);
      expect(emergencies + others).toBeLessThanOrEqual(1_020);
      // The first few came before the bucket was that full.
      expect(others).toBeLessThan(10);
    },
  );

  it(
    'of 0 lets no start through, and a chat that runs',
    { meta: { clause: ['RFC 7415 3.4', 'RFC 7339 5.1'] } },
    () => {
      const { say, share } = hops();
      say(0, 0, { algorithm: 'rate' });
      expect(share('emergency', 1)).toBe(0);
      expect(share('running', 1)).toBe(1);
      say(0, 2, { algorithm: 'rate', validityMs: 0 });
      expect(share('emergency', 3)).toBe(1);
    },
  );
});

describe('a next hop that does not answer', () => {
  it(
    'is left alone but for probes that become fewer, until it answers',
    { meta: { clause: 'RFC 7339 5.9' } },
    () => {
      const { next } = hops(3);
      const sent = (from: number, to: number) => {
        const at: number[] = [];
        for (let now = from; now < to; now += 100) {
          if (next.verdict(hop, 'emergency', now) !== 'send') continue;
          at.push(now);
          next.failed(hop, now);
        }
        return at;
      };
      next.failed(hop, 0);
      next.failed(hop, 0);
      expect(next.verdict(hop, 'emergency', 1)).toBe('send');
      next.failed(hop, 0);
      expect(sent(1, 20_000)).toEqual([1_001, 2_001, 4_001, 8_001, 12_001, 16_001]);
      next.answered(hop);
      expect(next.verdict(hop, 'emergency', 20_000)).toBe('send');
      expect(next.verdict(hop, 'emergency', 20_000)).toBe('send');
    },
  );

  it('remembers a bounded number of them', () => {
    const { next } = hops(1);
    for (let i = 0; i < 3_000; i++) next.failed(`192.0.2.1:${i}`, i);
    expect(next.verdict('192.0.2.1:0', 'emergency', 3_000)).toBe('send');
    expect(next.verdict('192.0.2.1:2999', 'emergency', 3_000)).toBe('silent');
  });
});
