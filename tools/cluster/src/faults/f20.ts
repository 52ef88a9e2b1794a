import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureLabPki } from '@esinet/platform';
import { type Fault, pause } from './fault.js';

export const f20: Fault = {
  id: 'F20',
  title: 'certificates are made anew under load, and once they are garbage',
  goal: 'no message fails in 10 rotations; garbage changes nothing',
  answer:
    'certificate files are watched: connections stay, new ones show the new one, what is unfit is left aside',
  load: { ways: ['tls', 'provider'] },
  bounds: { refusedShare: 0, gapMs: 1_500 },
  holdMs: 3_000,
  async inject({ cluster, rounds = 10, note }) {
    const folder = join(cluster.folder, 'pki');
    for (let round = 0; round < rounds; round++) {
      await rm(join(folder, 'bcf.cert.pem'));
      await ensureLabPki({ folder });
      await pause(500);
    }
    note('garbage');
    await writeFile(join(folder, 'bcf.cert.pem'), 'garbage\n');
    return {
      heal: async () => void (await ensureLabPki({ folder })),
      figures: () => ({ rotations: rounds }),
    };
  },
};
