import { expect, it } from 'vitest';
import { SelfProbe } from './self-probe.js';

it('tells how long what arrives has waited', () => {
  const probe = new SelfProbe(0);
  expect(probe.waitMs(0)).toBe(0);
  const first = probe.make(0);
  expect(probe.takes(first, 3)).toBe(true);
  expect(probe.waitMs(3)).toBe(3);
  const sent = [20, 40, 60].map((at) => probe.make(at));
  expect(probe.takes(sent[1]!, 140)).toBe(true);
  expect(probe.waitMs(141)).toBe(100);
  // Two were lost, and nothing comes for a second.
  for (let at = 80; at <= 1_200; at += 20) probe.make(at);
  expect(probe.waitMs(1_200)).toBe(1_000);
  // After a rest all is well until something else is known.
  probe.make(9_000);
  expect(probe.waitMs(9_000)).toBe(0);
});

it('takes nothing that it has not sent', () => {
  const [one, other] = [new SelfProbe(0), new SelfProbe(0)];
  expect(one.takes(other.make(0), 1)).toBe(false);
  expect(one.takes(Buffer.from('\r\n\r\n'), 1)).toBe(false);
  expect(one.takes(Buffer.alloc(16), 1)).toBe(false);
});
