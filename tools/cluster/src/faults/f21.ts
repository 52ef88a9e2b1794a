import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureLabPki } from '@esinet/platform';
import { type Fault, backIn } from './fault.js';

export const f21: Fault = {
  id: 'F21',
  title: 'the provider shows a certificate of an authority that nobody trusts',
  goal: 'messages are delivered by the next hop of the provider; the border believes nothing it asserts meanwhile',
  answer: 'the handshake is refused; the provider’s configuration names a plain hop after those with TLS',
  load: { ways: ['provider', 'udp'] },
  bounds: { recoveryMs: 12_000 },
  holdMs: 5_000,
  async inject({ cluster }) {
    const foreign = join(cluster.folder, 'foreign-pki');
    await mkdir(foreign, { recursive: true });
    await ensureLabPki({ folder: foreign });
    const folder = join(cluster.folder, 'pki');
    const files = ['provider.key.pem', 'provider.cert.pem'];
    for (const file of files) {
      await copyFile(join(folder, file), join(foreign, `own.${file}`));
      await copyFile(join(foreign, file), join(folder, file));
    }
    await cluster.process('provider').kill();
    await backIn(cluster, 'provider');
    return {
      heal: async () => {
        for (const file of files) await copyFile(join(foreign, `own.${file}`), join(folder, file));
        await cluster.process('provider').kill();
        await backIn(cluster, 'provider');
      },
    };
  },
};
