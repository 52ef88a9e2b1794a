import { expect, it } from 'vitest';
import { LoudSources } from './loud-sources.js';

it('a source is loud that has a tenth of all requests, for the rest of the second and the next one', () => {
  const sources = new LoudSources();
  const loud = new Set<string>();
  const turn = (from: number) => {
    for (let i = 0; i < 2_000; i++) {
      const at = from + i / 4;
      if (sources.count('192.0.2.99', at)) loud.add('192.0.2.99');
      const quiet = `192.0.2.${i % 20}`;
      if (i % 50 === 0 && sources.count(quiet, at)) loud.add(quiet);
    }
  };
  turn(1_000);
  expect([...loud]).toEqual(['192.0.2.99']);
  expect(sources.count('192.0.2.99', 2_100)).toBe(true);
  expect(sources.count('192.0.2.99', 9_000)).toBe(false);
});

it('a few requests make nobody loud, though there is nobody else', () => {
  const sources = new LoudSources();
  for (let i = 0; i < 19; i++) expect(sources.count('192.0.2.1', i)).toBe(false);
  expect(sources.count('192.0.2.1', 19)).toBe(true);
});
