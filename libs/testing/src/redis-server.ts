import { freePort } from './free-port.js';
import { startProgram } from './outside-program.js';
import { type TestServer, serverFolder, testServer } from './test-server.js';

/** redis-server that keeps nothing on disk, as Debian's does by default. `args` are added: `['--requirepass', 'x']`. */
export async function redisServer(
  path: string,
  o: { readonly port?: number; readonly folder?: string; readonly args?: readonly string[] } = {},
): Promise<TestServer> {
  const port = o.port ?? (await freePort());
  const { folder, dispose } = serverFolder('redis', o.folder);
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--daemonize',
    'no',
  ];
  return testServer({
    port,
    url: `redis://127.0.0.1:${port}`,
    launch: () =>
      startProgram(path, [...args, ...(o.args ?? [])], { line: 'Ready to accept connections', port }),
    dispose,
  });
}
