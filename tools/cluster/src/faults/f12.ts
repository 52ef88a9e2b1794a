import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fault, backIn } from './fault.js';

/** TEST-NET-1, RFC 5737: nobody answers there. */
const nobody = 'nameserver 192.0.2.53\noptions timeout:1 attempts:1\n';

export const f12: Fault = {
  id: 'F12',
  title: 'the DNS is dead',
  goal: 'lost 0; OPTIONS answered within 50 ms',
  answer:
    'hops by address need no DNS; names are looked up beside the message path, and the last good answer serves',
  needs: ['root'],
  load: { starts: 10 },
  bounds: { refusedShare: 0.01 },
  holdMs: 4_000,
  async inject({ cluster, note }) {
    const file = join(cluster.folder, 'resolv.conf');
    await writeFile(file, nobody);
    const script = `mount --bind ${file} /etc/resolv.conf && exec "$0" "$@"`;
    const names = ['bcf-1', 'esrp-1'];
    for (const name of names) {
      const each = cluster.process(name);
      each.wrap = ['unshare', '--mount', 'sh', '-c', script];
      await each.stop();
      await each.start();
    }
    note('border and router have a name server that is not there');
    return {
      heal: async () => {
        for (const name of names) {
          cluster.process(name).wrap = [];
          await cluster.process(name).kill();
        }
        await backIn(cluster, ...names);
      },
    };
  },
};
