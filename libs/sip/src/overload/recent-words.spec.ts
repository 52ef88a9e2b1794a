import { expect, it } from 'vitest';
import { RecentWords } from './recent-words.js';

const words = (i: number): [number, number] => [
  Math.imul(i, 0x9e3779b1) >>> 0,
  Math.imul(i + 1, 0x85ebca6b) >>> 0,
];

it('forgets no name before its time', { meta: { clause: 'RFC 3261 17.1.2.2' } }, () => {
  const taken = new RecentWords(32_000);
  for (let i = 0; i < 60_000; i++) taken.add(...words(i), i);
  for (let i = 0; i < 60_000; i += 7) expect(taken.has(...words(i), Math.max(60_000, i + 31_999))).toBe(true);
  let strange = 0;
  for (let i = 100_000; i < 110_000; i++) if (taken.has(...words(i), 60_000)) strange++;
  expect(strange).toBeLessThan(500);
});

it('forgets in time, also after a rest', () => {
  const taken = new RecentWords(32_000);
  taken.add(1, 2, 0);
  expect(taken.has(1, 2, 40_000)).toBe(true);
  expect(taken.has(1, 2, 100_000)).toBe(false);
});

it('knows names by their text', () => {
  const recent = new RecentWords(1_000, 7);
  for (let i = 0; i < 1_000; i++) recent.addText(`urn:emergency:uid:callid:chat${i}:app`, 0);
  for (let i = 0; i < 1_000; i++)
    expect(recent.hasText(`urn:emergency:uid:callid:chat${i}:app`, 900)).toBe(true);
  let strange = 0;
  for (let i = 0; i < 10_000; i++)
    if (recent.hasText(`urn:emergency:uid:callid:other${i}:app`, 900)) strange++;
  expect(strange).toBeLessThan(20);
});
