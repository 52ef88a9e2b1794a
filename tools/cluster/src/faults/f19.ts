import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fault, backIn, pause } from './fault.js';

const names = ['bcf-1', 'esrp-1', 'psap-1'];
const jumps = ['+600', '-600', '+86400', '-86400'];
const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

export const f19: Fault = {
  id: 'F19',
  title: 'the clock jumps by ten minutes and by a day, both ways',
  goal: 'chats go on; no storm of timers',
  answer: 'timers run on the monotonic clock; the wall clock is for stamps only',
  needs: ['faketime'],
  load: { starts: 5 },
  bounds: { refusedShare: 0.01 },
  holdMs: 0,
  async inject({ cluster, note }) {
    const file = join(cluster.folder, 'clock');
    await writeFile(file, '+0\n');
    const settings = [
      `LD_PRELOAD=${library}`,
      `FAKETIME_TIMESTAMP_FILE=${file}`,
      'FAKETIME_CACHE_DURATION=1',
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
    ];
    for (const name of names) {
      const each = cluster.process(name);
      each.wrap = ['env', ...settings];
      await each.stop();
      await each.start();
    }
    for (const jump of jumps) {
      note(`clock ${jump} s`);
      await writeFile(file, `${jump}\n`);
      await pause(4_000);
    }
    return {
      heal: async () => {
        for (const name of names) {
          cluster.process(name).wrap = [];
          await cluster.process(name).kill();
          await backIn(cluster, name);
        }
      },
    };
  },
};
