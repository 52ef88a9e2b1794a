import { readdirSync, readFileSync } from 'node:fs';

/** Processes of a tree, the root included, found by parent. */
function tree(root: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      parents.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended while we looked.
    }
  }
  const found = [root];
  for (let at = 0; at < found.length; at++) {
    for (const [pid, parent] of parents) if (parent === found[at]) found.push(pid);
  }
  return found;
}

/** Seconds of CPU spent by all threads of a process and of its children, from the scheduler's own account (Linux). */
export function cpuSeconds(root: number): number {
  let nanoseconds = 0;
  for (const pid of tree(root)) {
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
      }
    } catch {
      // It ended while we looked.
    }
  }
  return nanoseconds / 1e9;
}
