import { type ChildProcess, fork, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../sip/free-port.js';

/** A server that is measured: a process with a port. */
export interface Contender {
  readonly child: ChildProcess;
  readonly port: number;
}

const here = dirname(fileURLToPath(import.meta.url));
const readyWithinMs = 30_000;

/** Keeps a process on one core, where `taskset` is there. */
export function pin(pid: number | undefined, core: number): void {
  if (pid)
    spawn('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' }).on(
      'error',
      () => undefined,
    );
}

export function startBareServer(): Promise<Contender> {
  const child = fork(join(here, 'bare-server.js'), [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    child.on('message', (message: { port?: number }) => {
      if (message.port !== undefined) resolve({ child, port: message.port });
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the bare server ended with ${code}`)));
  });
}

/**
 * The program of one element as it is deployed, without its log. `section` is its section of the configuration as
 * JSON, which is YAML.
 *
 * @throws Error where it does not become ready
 */
export async function startElementProcess(
  name: 'ecrf' | 'lis',
  section: (port: number) => object,
  folder: string,
  nodeArguments: readonly string[] = [],
): Promise<Contender> {
  const main = createRequire(import.meta.url).resolve(`@esinet/app-${name}`);
  const port = await freePort();
  const file = join(folder, `${name}.yaml`);
  writeFileSync(
    file,
    JSON.stringify({ data: join(folder, 'data'), log: { level: 'error' }, [name]: section(port) }),
  );
  const child = spawn(process.execPath, [...nodeArguments, main, '--config', file], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-2_000)));
  for (const until = Date.now() + readyWithinMs; Date.now() < until && child.exitCode === null;) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const answer = await fetch(`http://127.0.0.1:${port}/livez`).catch(() => undefined);
    if (answer?.ok) return { child, port };
  }
  child.kill('SIGKILL');
  throw new Error(`the ${name} did not start: ${said}`);
}
