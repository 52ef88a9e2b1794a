import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boundariesFile } from '../lab/element-config.js';
import { askAllTheTime } from '../load/lookups.js';
import { type Fault, pause } from './fault.js';

export const f23: Fault = {
  id: 'F23',
  title: 'boundaries overlap',
  goal: 'the same answer every time, over a reload too',
  answer: 'of several boundaries the same one is chosen, whatever the order they were read in',
  holdMs: 0,
  async inject({ cluster }) {
    const file = join(cluster.folder, boundariesFile);
    const good = await readFile(file, 'utf8');
    const set = JSON.parse(good) as { features: { properties: Record<string, string> }[] };
    const [first] = set.features;
    const twin = first && {
      ...first,
      properties: {
        ...first.properties,
        NGUID: 'urn:esinet:lab:es:twin',
        ServiceURI: 'sip:default@psap.esinet.internal',
      },
    };
    await writeFile(file, JSON.stringify({ ...set, features: [...set.features, twin] }));
    await pause(2_500);
    const lost = `http://127.0.0.1:${cluster.port('ecrf-1', 'http')}/lost`;
    // Sevilla, which both hold.
    const lookups = askAllTheTime(lost, { latitude: 37.3891, longitude: -5.9845 }, 500);
    await pause(2_000);
    await writeFile(file, JSON.stringify({ ...set, features: [twin, ...[...set.features].reverse()] }));
    await pause(2_500);
    await lookups.end();
    return {
      heal: () => writeFile(file, good),
      check: () => [
        ...(lookups.failed > 0 ? [`${lookups.failed} of ${lookups.asked} lookups failed`] : []),
        ...(lookups.answers.size > 1 ? [`${lookups.answers.size} different answers for one place`] : []),
      ],
      figures: () => ({ lookups: lookups.asked }),
    };
  },
};
