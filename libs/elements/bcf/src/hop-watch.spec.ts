import { ManualClock } from '@esinet/kernel';
import { nextHopSchema } from '@esinet/platform';
import { expect, it } from 'vitest';
import { HopWatch } from './hop-watch.js';

const meta = { clause: 'RFC 3263 4.3' };
const [a, b, c] = [1, 2, 3].map((n) => nextHopSchema.parse(`tcp:10.0.0.${n}:15070`));
if (!a || !b || !c) throw new Error('three hops');

it('puts what did not answer behind the others for a while', { meta }, () => {
  const clock = new ManualClock();
  const watch = new HopWatch([a, b, c], { clock, avoidMs: 10_000 });
  watch.answered(watch.ordered(), 1);
  expect(watch.ordered()).toEqual([b, c, a]);
  // The next fails as well: the one that failed first is tried first again once its time is over.
  clock.advance(6_000);
  watch.answered(watch.ordered(), 1);
  expect(watch.ordered()).toEqual([c, a, b]);
  clock.advance(4_000);
  expect(watch.ordered()).toEqual([a, c, b]);
  clock.advance(6_000);
  expect(watch.ordered()).toEqual([a, b, c]);
});

it('leaves none out when all fail, and takes back what answers', { meta }, () => {
  const watch = new HopWatch([a, b], { clock: new ManualClock(), avoidMs: 10_000 });
  // Beyond the end: the default PSAP answered.
  watch.answered(watch.ordered(), 2);
  expect(watch.ordered()).toEqual([a, b]);
  watch.answered(watch.ordered(), 0);
  expect(watch.ordered()).toEqual([a, b]);
  watch.answered([b, a], 0);
  expect(watch.ordered()).toEqual([a, b]);
});
