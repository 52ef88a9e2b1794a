import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Name, type Pairs, refused, startPairs, under } from './pairs.js';

let pairs: Pairs;
beforeEach(async () => {
  pairs = await startPairs();
});
afterEach(() => pairs.close());

const load = { messages: 80, everyMs: 5 };

/** Everything was answered 200, and all of it was shown: twice at most where the first may have been taken. */
function nothingLost(outcomes: readonly { text: string; status: number | string }[]): void {
  expect(refused(outcomes)).toEqual({});
  const shown = new Set(pairs.centres.flatMap((centre) => centre.shown));
  expect(outcomes.filter(({ text }) => !shown.has(text))).toEqual([]);
}

describe('one of a pair', () => {
  it.each<Name>(['esrp-1', 'bcf-1'])(
    '%s dies under load: nobody is refused, nothing is lost',
    async (name) => {
      nothingLost(
        await under(pairs, load, async () => {
          await new Promise((resolve) => setTimeout(resolve, 200));
          await pairs.crash(name);
        }),
      );
    },
  );

  it.each<Name>(['esrp-1', 'bcf-1'])(
    '%s hangs with its connections open: the other one takes over',
    async (name) => {
      expect(await pairs.send('before')).toBe(200);
      pairs.freeze(name);
      const outcomes = await under(pairs, { messages: 50, everyMs: 10 }, () => Promise.resolve());
      nothingLost(outcomes);
    },
  );

  it('a server of a PSAP dies: the router asks the next', async () => {
    nothingLost(
      await under(pairs, load, async () => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        await pairs.centres[0].stack.stop();
      }),
    );
    expect(pairs.centres[1].shown.length).toBeGreaterThan(0);
  });
});
