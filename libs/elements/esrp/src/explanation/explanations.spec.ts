import { ManualClock, isoTime } from '@esinet/kernel';
import { expect, it } from 'vitest';
import { type Explanation, Explanations } from './explanations.js';

const clock = new ManualClock();
const of = (callId: string, sipCallId = `${callId}@sip`): Explanation => ({
  at: isoTime(clock.wall()),
  element: 'esrp',
  callId,
  sipCallId,
  method: 'MESSAGE',
  role: 'emergency',
  tookMs: 1,
});

it('keeps so many and no more, the oldest goes first', { meta: { clause: 'RFC 6280' } }, () => {
  const kept = new Explanations(clock, { max: 3, keepMs: 60_000 });
  for (let i = 0; i < 10; i++) kept.add(of(`call-${i}`));
  expect(kept.recent(10).map(({ callId }) => callId)).toEqual(['call-9', 'call-8', 'call-7']);
  expect(kept.of('call-6')).toEqual([]);
  expect(kept.of('call-6@sip')).toEqual([]);
  expect(kept.of('call-8@sip')).toHaveLength(1);
  kept.close();
});

it('forgets what is too old, also while nobody calls', { meta: { clause: 'RFC 6280' } }, () => {
  const kept = new Explanations(clock, { max: 100, keepMs: 60_000 });
  kept.add(of('old'));
  clock.advance(30_000);
  kept.add(of('young'));
  clock.advance(30_001);
  expect(kept.of('old')).toEqual([]);
  expect(kept.of('young')).toHaveLength(1);
  clock.advance(120_000);
  expect(kept.size).toBe(0);
  kept.close();
});

it(
  'has every decision about a call, and what became of each',
  { meta: { clause: 'TS 103 698 6.1.2.6' } },
  () => {
    const kept = new Explanations(clock, { max: 100, keepMs: 60_000 });
    const ended = kept.add(of('call', 'first'));
    kept.add(of('call', 'second'));
    ended({ at: isoTime(clock.wall()), status: 200, uri: 'sip:madrid@psap.lab' });
    expect(kept.of('call').map(({ outcome }) => outcome?.status)).toEqual([200, undefined]);
    expect(kept.of('second')).toHaveLength(1);
    kept.close();
    expect(kept.of('call')).toEqual([]);
  },
);

it('keeps nothing where it is turned off', { meta: { clause: 'RFC 6280' } }, () => {
  const kept = new Explanations(clock, { max: 0, keepMs: 60_000 });
  kept.add(of('call'))({ at: '', status: 200 });
  expect(kept.recent(5)).toEqual([]);
});
