import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boundariesFile } from '../lab/element-config.js';
import { askAllTheTime } from '../load/lookups.js';
import { type Fault, pause } from './fault.js';

interface Collection {
  features: { geometry: { type: string; coordinates: unknown } }[];
}

/** The set with one boundary spoilt, or nothing that could be a set. */
const broken: Readonly<Record<string, (good: string) => string>> = {
  'cut off': (good) => good.slice(0, good.length / 2),
  empty: () => '',
  'not closed': (good) =>
    spoilt(good, [
      [
        [0, 0],
        [1, 0],
        [1, 1],
      ],
    ]),
  'bow tie': (good) =>
    spoilt(good, [
      [
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 1],
        [0, 0],
      ],
    ]),
  'not a number': (good) =>
    spoilt(good, [
      [
        [0, 0],
        ['NaN', 0],
        [1, 1],
        [0, 0],
      ],
    ]),
};

export const f22: Fault = {
  id: 'F22',
  title: 'broken boundaries are loaded',
  goal: 'no lookup fails; the bad set is refused',
  answer: 'a new set is read and checked aside, and takes the place of the old one only when it is whole',
  holdMs: 0,
  async inject({ cluster, note }) {
    const file = join(cluster.folder, boundariesFile);
    const good = await readFile(file, 'utf8');
    const lost = `http://127.0.0.1:${cluster.port('ecrf-1', 'http')}/lost`;
    const lookups = askAllTheTime(lost, { latitude: 40.4168, longitude: -3.7038 }, 50);
    for (const [what, spoil] of Object.entries(broken)) {
      note(`boundaries: ${what}`);
      await writeFile(file, spoil(good));
      await pause(1_800);
    }
    return {
      heal: async () => {
        await writeFile(file, good);
        await pause(2_000);
        await lookups.end();
      },
      check: () => [
        ...(lookups.failed > 0 ? [`${lookups.failed} of ${lookups.asked} lookups failed`] : []),
        ...(lookups.answers.size > 1 ? ['lookups of one place named different centres'] : []),
      ],
      figures: () => ({ lookups: lookups.asked }),
    };
  },
};

function spoilt(good: string, coordinates: unknown): string {
  const set = JSON.parse(good) as Collection;
  const [first] = set.features;
  if (first) first.geometry = { type: 'Polygon', coordinates };
  return JSON.stringify(set);
}
