import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { programPath } from '@esinet/testing';
import type { Need } from '../faults/fault.js';
import type { Cluster } from '../lab/start-cluster.js';

/** What can be done on this machine, to this cluster. */
export function available(cluster: Pick<Cluster, 'servers' | 'has'>): (need: Need) => boolean {
  const known: Record<Need, () => boolean> = {
    servers: () => cluster.servers !== undefined,
    'two PSAPs': () => cluster.has('psap-2'),
    faketime: () => existsSync('/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'),
    prlimit: () => programPath('prlimit') !== undefined,
    root: () => process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0,
  };
  return (need) => known[need]();
}
