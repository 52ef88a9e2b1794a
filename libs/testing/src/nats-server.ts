import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { startProgram } from './outside-program.js';
import { type TestServer, serverFolder, testServer } from './test-server.js';

/** nats-server with JetStream. `config` is added to its configuration: accounts, TLS. */
export async function natsServer(
  path: string,
  o: { readonly port?: number; readonly folder?: string; readonly config?: string } = {},
): Promise<TestServer> {
  const port = o.port ?? (await freePort());
  const { folder, dispose } = serverFolder('nats', o.folder);
  const file = join(folder, 'nats.conf');
  writeFileSync(
    file,
    `listen: "127.0.0.1:${port}"\njetstream { store_dir: ${JSON.stringify(join(folder, 'jetstream'))} }\n${o.config ?? ''}\n`,
  );
  return testServer({
    port,
    url: `nats://127.0.0.1:${port}`,
    launch: () => startProgram(path, ['-c', file], { line: 'Server is ready', port }),
    dispose,
  });
}
