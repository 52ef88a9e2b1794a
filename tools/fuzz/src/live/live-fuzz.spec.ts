import { expect, it } from 'vitest';
import { seededRandom } from '../mutate.js';
import { nextMessage } from './corpus.js';
import { fuzzLive } from './live-fuzz.js';

it(
  'an ESInet lives through mutated messages and bodies, and serves the next caller',
  { meta: { clause: 'house rules: no input ends a process' }, timeout: 90_000 },
  async () => {
    const lines: string[] = [];
    const report = await fuzzLive({
      count: 3_000,
      seed: 3,
      udp: true,
      tcp: true,
      ws: true,
      progress: (line) => lines.push(line),
    });
    expect(report.faults).toEqual([]);
    expect(report.sent).toBe(3_000);
  },
);

it(
  'the same seed sends the same messages',
  { meta: { clause: 'house rules: a fault can be repeated' } },
  () => {
    const messages = (): string[] => {
      const random = seededRandom(42);
      return Array.from({ length: 200 }, (_, i) =>
        nextMessage(i, { transport: 'udp', port: 15_060 }, 9, random).toString('latin1'),
      );
    };
    expect(messages()).toEqual(messages());
  },
);
