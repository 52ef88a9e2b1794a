import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { freePort } from '../sip/free-port.js';

/** Border and router as processes of their own, before a PSAP at `sinkPort`. */
export interface Elements {
  /** Where callers send to, over UDP. */
  readonly port: number;
  readonly bcf: ChildProcess;
  readonly esrp: ChildProcess;
  /** Resident memory of both, bytes. */
  rss(): number;
  /** CPU time so far, milliseconds. */
  cpuMs(): { readonly bcf: number; readonly esrp: number };
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);

/** Keeps a process on one core, where `taskset` is there. */
export function pin(pid: number | undefined, core: number): void {
  if (pid === undefined) return;
  spawn('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' }).on(
    'error',
    () => undefined,
  );
}

export async function startElements(o: {
  readonly folder: string;
  readonly name: string;
  readonly sinkPort: number;
  readonly overload: boolean;
  /** Whether the border counts what each source asks: with one source for all, it would be the limit. */
  readonly abuse: boolean;
  readonly cores: { readonly bcf: number; readonly esrp: number };
}): Promise<Elements> {
  const [udp, inside, esrpPort] = [await freePort(), await freePort(), await freePort()];
  const [bcfHttp, esrpHttp] = [await freePort(), await freePort()];
  const overload = `  overload: { enabled: ${o.overload} }`;
  const esrp = spawnElement('@esinet/app-esrp', o.folder, `${o.name}-esrp`, [
    'esrp:',
    `  http: { port: ${esrpHttp} }`,
    `  listen: { udp: null, tcp: ${esrpPort}, tls: null }`,
    `  hosts: { psap.esinet.internal: ['tcp:127.0.0.1:${o.sinkPort}'] }`,
    `  bcf: ['tcp:127.0.0.1:${inside}']`,
    // Nobody is there: calls go to the default PSAP, as they must.
    `  ecrf: { url: 'http://127.0.0.1:${await freePort()}/lost' }`,
    '  held: { lis: null }',
    overload,
  ]);
  const bcf = spawnElement('@esinet/app-bcf', o.folder, `${o.name}-bcf`, [
    'bcf:',
    `  http: { port: ${bcfHttp} }`,
    `  public: { udp: ${udp}, tcp: null, tls: null }`,
    `  private: { udp: null, tcp: ${inside} }`,
    `  esrp: ['tcp:127.0.0.1:${esrpPort}']`,
    `  psaps: { '*': ['tcp:127.0.0.1:${o.sinkPort}'] }`,
    `  abuse: { enabled: ${o.abuse} }`,
    overload,
  ]);
  await Promise.all([isReady(esrp, esrpHttp), isReady(bcf, bcfHttp)]);
  pin(esrp.pid, o.cores.esrp);
  pin(bcf.pid, o.cores.bcf);
  return {
    port: udp,
    bcf,
    esrp,
    rss: () => rssOf(bcf.pid) + rssOf(esrp.pid),
    cpuMs: () => ({ bcf: cpuMsOf(bcf.pid), esrp: cpuMsOf(esrp.pid) }),
    async stop() {
      await Promise.all([end(bcf), end(esrp)]);
    },
  };
}

function spawnElement(app: string, folder: string, name: string, section: string[]): ChildProcess {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, [`data: ${join(folder, name)}`, 'log: { level: error }', ...section, ''].join('\n'));
  const child = spawn(process.execPath, [require.resolve(app), '--config', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr?.on('data', (text: Buffer) =>
    process.stderr.write(`[${name}] ${text.toString('latin1', 0, 500)}`),
  );
  return child;
}

async function isReady(child: ChildProcess, port: number): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (child.exitCode !== null) throw new Error('an element did not start');
    try {
      if ((await fetch(`http://127.0.0.1:${port}/readyz`)).ok) return;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('an element was not ready in time');
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    const late = setTimeout(() => child.kill('SIGKILL'), 8_000);
    child.once('exit', () => {
      clearTimeout(late);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** VmRSS of /proc, in bytes; 0 where there is none. */
function rssOf(pid: number | undefined): number {
  try {
    const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return Number(line?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

/** utime and stime of /proc, in hundredths of a second as Linux counts; 0 where there is none. */
function cpuMsOf(pid: number | undefined): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [utime = '0', stime = '0'] = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return (Number(utime) + Number(stime)) * 10;
  } catch {
    return 0;
  }
}
