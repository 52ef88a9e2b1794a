import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { messageOf } from '@esinet/kernel';

/** Sets a limit of a running process: `fsize`, `nofile`. @throws in a sentence */
export function limit(pid: number | undefined, what: 'fsize' | 'nofile', value: number | 'unlimited'): void {
  // The soft limit alone, which may be raised again.
  const setting = `--${what}=${value}:`;
  const done = spawnSync('prlimit', ['--pid', String(pid ?? 0), setting], { encoding: 'utf8' });
  if (done.status !== 0)
    throw new Error(`prlimit ${setting}: ${done.error ? messageOf(done.error) : done.stderr}`);
}

/** Files and sockets that a process has open. */
export function openFiles(pid: number | undefined): number {
  return readdirSync(`/proc/${pid ?? 0}/fd`).length;
}
