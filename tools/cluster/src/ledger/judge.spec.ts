import { expect, it } from 'vitest';
import type { History, Recorded, Said } from './history.js';
import { gapsOf, quantile, recoveryOf } from './gaps.js';
import { isClean, judge } from './judge.js';

const said = (text: string, o: Partial<Said> = {}): Said => ({
  text,
  chat: text.charAt(0),
  path: 'udp',
  start: text.endsWith('1'),
  at: 0,
  answeredAt: 5,
  status: 200,
  ...o,
});
const under = (text: string): Said => {
  const { answeredAt: _a, status: _s, ...rest } = said(text);
  return rest;
};
const row = (text: string, o: Partial<Recorded> = {}): Recorded => ({
  chat: text.charAt(0),
  record: `record of ${text.charAt(0)}`,
  direction: 'in',
  kind: text.endsWith('1') ? 'start' : 'in-chat',
  text,
  ...o,
});
const out = (text: string, messageId: number, delivery: string): Recorded =>
  row(text, { direction: 'out', messageId, delivery, kind: messageId === 1 ? 'start' : 'in-chat' });
const history = (h: Partial<History>): History => ({
  said: [],
  recorded: [],
  told: [],
  heard: [],
  notices: [],
  ...h,
});

it('a run in which everything arrived once is clean', () => {
  const verdict = judge(
    history({
      said: [said('a1'), said('a2'), said('b1')],
      recorded: [row('a1'), row('a2'), row('b1'), out('a hello', 1, 'delivered')],
      told: [
        { record: 'record of a', text: 'a1', reader: 'psap-1' },
        { record: 'record of a', text: 'a1', reader: 'psap-2' },
      ],
      heard: [{ chat: 'a', sender: 'sip:x@psap', kind: 'start', text: 'a hello', messageId: 1 }],
    }),
  );
  expect(verdict).toMatchObject({ said: 3, promised: 3, recorded: 3, refused: 0, open: 0 });
  expect(isClean(verdict)).toBe(true);
});

it('promised and not recorded is lost, unless the sender was told', () => {
  const verdict = judge(
    history({
      said: [said('a1'), said('a2'), said('a3', { status: 500 }), said('a4', { status: 0 }), under('a5')],
      recorded: [],
      notices: ['a2'],
    }),
  );
  expect(verdict.lost).toEqual(['a1']);
  expect(verdict).toMatchObject({ promised: 2, refused: 2, open: 1 });
  expect(verdict.refusedBy).toEqual({ 'text 500': 1, 'text 0': 1 });
  expect(isClean(verdict)).toBe(false);
});

it('recorded although nobody promised it is no fault: the answer was lost', () => {
  const verdict = judge(history({ said: [said('a1', { status: 0 })], recorded: [row('a1')] }));
  expect(isClean(verdict)).toBe(true);
});

it('finds what was recorded or told twice', () => {
  const told = { record: 'record of b', text: 'b1', reader: 'psap-1' };
  const verdict = judge(
    history({
      said: [said('a1'), said('b1')],
      recorded: [row('a1'), row('a1', { kind: 'in-chat' }), row('b1')],
      told: [told, told],
    }),
  );
  expect(verdict.doubled).toEqual(['a1', 'b1']);
});

it('finds what is out of order within a chat, and nothing across chats', () => {
  const verdict = judge(
    history({
      said: [said('a1'), said('b1'), said('a2'), said('b2'), said('a3')],
      recorded: [row('b1'), row('b2'), row('a1'), row('a3'), row('a2')],
    }),
  );
  expect(verdict.disordered).toEqual(['a2']);
});

it('a chat at two centres is told apart from a text recorded twice', () => {
  const elsewhere = { record: 'record of a elsewhere' };
  const verdict = judge(
    history({
      said: [said('a1'), said('a2')],
      recorded: [row('a1'), row('a1', elsewhere), row('a2', elsewhere)],
      heard: [
        { chat: 'a', sender: 'sip:x@psap', kind: 'start', text: 'x hello', messageId: 1 },
        { chat: 'a', sender: 'sip:y@psap', kind: 'start', text: 'y hello', messageId: 1 },
      ],
    }),
  );
  expect(verdict).toMatchObject({ atTwoCentres: ['a'], doubled: [], doubleStarts: [], reusedMessageIds: [] });
  expect(verdict.lost).toEqual([]);
});

it('finds texts nobody said', () => {
  expect(judge(history({ recorded: [row('a1')] })).strange).toEqual(['a1']);
});

it('finds second starts at either end', () => {
  const greeting = { kind: 'start', text: 'b hello', messageId: 1, chat: 'b', sender: 'sip:x@psap' };
  const verdict = judge(
    history({
      said: [said('a1'), said('b1')],
      recorded: [row('a1'), row('a2', { kind: 'start' }), row('b1')],
      heard: [greeting, { ...greeting, text: 'b hello again', messageId: 2 }],
    }),
  );
  expect(verdict.doubleStarts).toEqual(['record of a', 'b sip:x@psap']);
});

it('finds a message id that stands for two texts', () => {
  const verdict = judge(
    history({
      recorded: [out('a x', 2, 'delivered'), out('a y', 2, 'delivered'), out('b x', 2, 'delivered')],
      heard: [{ chat: 'a', sender: 'sip:x@psap', kind: 'in-chat', text: 'a x', messageId: 2 }],
    }),
  );
  expect(verdict.reusedMessageIds).toEqual(['record of a 2']);
});

it('counts the other way too', () => {
  const verdict = judge(
    history({
      recorded: [
        out('a x', 1, 'delivered'),
        out('a y', 2, 'delivered'),
        out('a z', 3, 'failed'),
        out('a w', 4, 'pending'),
      ],
      heard: [
        { chat: 'a', sender: 'sip:x@psap', kind: 'start', text: 'a x', messageId: 1 },
        { chat: 'a', sender: 'sip:x@psap', kind: 'in-chat', text: 'a z', messageId: 3 },
        { chat: 'a', sender: 'sip:x@psap', kind: 'in-chat', text: 'a z', messageId: 3 },
      ],
    }),
  );
  expect(verdict.answers).toEqual({
    said: 4,
    promised: 2,
    failed: 1,
    pending: 1,
    lost: ['a 2 a y'],
    doubled: ['a 3 a z'],
  });
});

it('gaps are between successes of one path, and at both ends', () => {
  const moments = [100, 200, 900, 1_000].map((answeredAt, i) => said(`a${i}`, { answeredAt }));
  const other = [
    said('b1', { path: 'tls', answeredAt: 300 }),
    said('b2', { path: 'tls', answeredAt: 600, status: 480 }),
  ];
  expect(gapsOf([...moments, ...other], 0, 1_100)).toEqual([
    { path: 'udp', ms: 700, at: 200 },
    { path: 'tls', ms: 800, at: 300 },
  ]);
});

it('quantiles are of what was answered 2xx', () => {
  const times = [1, 2, 3, 400].map((ms, i) => said(`a${i}`, { at: 10, answeredAt: 10 + ms }));
  expect(quantile([...times, said('b1', { at: 10, answeredAt: 9_000, status: 0 })], 0.5, 0, 100)).toBe(3);
  expect(quantile(times, 0.99, 0, 100)).toBe(400);
  expect(quantile([], 0.99, 0, 100)).toBeUndefined();
});

it('recovery is when it is back for good', () => {
  const every = (from: number, to: number, ms: number): Said[] =>
    Array.from({ length: (to - from) / 100 }, (_, i) => {
      const at = from + i * 100;
      return said(`a${at}`, { at, answeredAt: at + ms });
    });
  const moments = { calmFrom: 0, injected: 2_000, healed: 3_000, end: 8_000 };
  const run = [...every(0, 2_000, 10), ...every(3_000, 4_000, 900), ...every(4_000, 8_000, 12)];
  expect(recoveryOf(run, moments)).toEqual({ before: 10, afterMs: 1_000 });
  expect(recoveryOf([...run, ...every(7_000, 8_000, 2_000)], moments).afterMs).toBeUndefined();
});
