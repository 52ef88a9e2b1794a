import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Fault } from './fault.js';

/** A mount does not turn read-only under somebody who writes there: the PSAP is started on it. */
export const f27: Fault = {
  id: 'F27',
  title: 'the file system of a PSAP is read-only when it starts',
  goal: 'lost 0: nothing goes on as if it had been written',
  answer: 'it does not start, and says why; the other one has the chats',
  needs: ['root'],
  holdMs: 4_000,
  mayEnd: ['psap-1'],
  async inject({ cluster, note }) {
    const folder = join(cluster.folder, 'psap-1');
    const psap = cluster.process('psap-1');
    await psap.hold();
    mount('--bind', folder, folder);
    try {
      mount('-o', 'remount,bind,ro', folder);
    } catch (error) {
      spawnSync('umount', [folder]);
      throw error;
    }
    note('read-only');
    const before = psap.exits.length;
    // Whoever supervises it tries again and again.
    const starting = psap.start().catch(() => undefined);
    let tries = 0;
    return {
      heal: async () => {
        tries = psap.exits.length - before;
        await psap.hold();
        spawnSync('umount', [folder]);
        await psap.start();
        await starting;
      },
      figures: () => ({ starts: tries }),
    };
  },
};

function mount(...args: string[]): void {
  const done = spawnSync('mount', args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`mount ${args.join(' ')}: ${done.stderr}`);
}
