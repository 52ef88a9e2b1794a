import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A whole ESInet as one process, the way `npm start` runs it, with a data folder of its own. */
export interface EsinetProcess {
  readonly pid: number;
  port(standard: number): number;
  /** The code it ended with, if it did. */
  readonly ended: number | undefined;
  stop(): Promise<void>;
}

/** Below the ports of the labs of tests, which may run beside it. */
const firstOffset = 1_300;
const offsetStep = 100;
const tries = 5;
const readyWithinMs = 60_000;

export async function startEsinet(o: { readonly heartbeatMs: number }): Promise<EsinetProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'esinet-bench-'));
  const config = join(folder, 'esinet.yaml');
  writeFileSync(
    config,
    ['log: { level: warn }', 'psap:', `  heartbeat: ${o.heartbeatMs} ms`, '  script: echo', ''].join('\n'),
  );
  const index = createRequire(import.meta.url).resolve('@esinet/app-esinet');
  const main = join(dirname(dirname(index)), 'dist', 'main.js');
  let said = '';
  for (let i = 0; i < tries; i++) {
    const offset = firstOffset + i * offsetStep;
    const child = spawn(
      process.execPath,
      [main, 'up', '--config', config, '--data', join(folder, 'data'), '--port-offset', String(offset)],
      { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    said = await ready(child);
    if (said === '') return running(child, offset, folder);
    child.kill('SIGKILL');
  }
  rmSync(folder, { recursive: true, force: true });
  throw new Error(`the ESInet did not start: ${said}`);
}

/** '' once it says so, else what it said instead. */
function ready(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let output = '';
    const timer = setTimeout(() => resolve(`not ready in time: ${output.slice(-500)}`), readyWithinMs);
    const done = (text: string): void => {
      clearTimeout(timer);
      resolve(text);
    };
    const heard = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4_000);
      if (output.includes('Ready')) done('');
    };
    child.stdout?.on('data', heard);
    child.stderr?.on('data', heard);
    child.on('exit', () => done(output.trim() || 'it ended'));
    child.on('error', (error) => done(error.message));
  });
}

function running(child: ChildProcess, offset: number, folder: string): EsinetProcess {
  let ended: number | undefined;
  const exit = new Promise<void>((resolve) => {
    child.on('exit', (code, signal) => {
      ended = code ?? (signal === null ? 0 : 128);
      resolve();
    });
  });
  return {
    pid: child.pid ?? 0,
    port: (standard) => standard + offset,
    get ended() {
      return ended;
    },
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
      if (ended === undefined) await exit;
      clearTimeout(late);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
