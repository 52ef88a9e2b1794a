import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Fault, backIn } from './fault.js';

export const f27: Fault = {
  id: 'F27',
  title: 'the file system of the PSAP turns read-only',
  goal: 'lost 0: nothing goes on as if it had been written',
  answer: 'a write that fails is a refusal; readiness says why',
  needs: ['root'],
  holdMs: 4_000,
  mayEnd: ['psap-1'],
  async inject({ cluster, note }) {
    const folder = join(cluster.folder, 'psap-1');
    const psap = cluster.process('psap-1');
    const run = (...args: string[]): void => {
      const done = spawnSync('mount', args, { encoding: 'utf8' });
      if (done.status !== 0) throw new Error(`mount ${args.join(' ')}: ${done.stderr}`);
    };
    run('--bind', folder, folder);
    await psap.kill();
    await backIn(cluster, 'psap-1');
    run('-o', 'remount,bind,ro', folder);
    note('read-only');
    return {
      heal: async () => {
        run('-o', 'remount,bind,rw', folder);
        await psap.hold();
        spawnSync('umount', [folder]);
        await psap.start();
      },
    };
  },
};
