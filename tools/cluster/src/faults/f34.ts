import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { type Fault, nothingToHeal } from './fault.js';

const mistakes: readonly (readonly [yaml: string, key: string])[] = [
  ['bcf: { http: { prot: 1 } }\n', 'bcf.http.prot'],
  ['bcf: { public: { udp: 70000 } }\n', 'bcf.public.udp'],
  ['bcf: [\n', 'yaml:'],
  ['bus: { kind: pigeons }\n', 'bus'],
];

export const f34: Fault = {
  id: 'F34',
  title: 'a configuration is wrong',
  goal: 'it does not start, and names file, line and key; what runs goes on',
  answer: 'the whole file is checked before anything starts',
  holdMs: 0,
  inject({ cluster }) {
    const wrong: string[] = [];
    const main = createRequire(import.meta.url).resolve('@esinet/app-bcf');
    for (const [yaml, key] of mistakes) {
      const file = join(cluster.folder, 'mistaken.yaml');
      writeFileSync(file, yaml);
      const { status, stderr } = spawnSync(process.execPath, [main, '--config', file], { encoding: 'utf8' });
      if (status === 0) wrong.push(`started with ${yaml.trim()}`);
      if (!stderr.includes(file) || !stderr.includes(key))
        wrong.push(`does not name ${key}: ${stderr.trim()}`);
    }
    return Promise.resolve({ heal: nothingToHeal, check: () => wrong });
  },
};
