import { readFile, readdir, readlink } from 'node:fs/promises';

/** Which program listens on a port: `nginx (pid 812)`. Undefined where /proc does not tell. */
export async function portOwner(port: number, kind: 'tcp' | 'udp' = 'tcp'): Promise<string | undefined> {
  const sockets = new Set<string>();
  for (const table of [`/proc/net/${kind}`, `/proc/net/${kind}6`]) {
    const text = await readFile(table, 'latin1').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const columns = line.trim().split(' ').filter(Boolean);
      const listening = columns[3] === (kind === 'tcp' ? '0A' : '07');
      const local = columns[1]?.split(':')[1];
      if (listening && local !== undefined && parseInt(local, 16) === port)
        sockets.add(`socket:[${columns[9] ?? ''}]`);
    }
  }
  if (sockets.size === 0) return undefined;
  const processes = (await readdir('/proc').catch(() => [])).filter((name) => Number(name) > 0);
  for (const pid of processes) {
    for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (!sockets.has(target)) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      return `${name.trim() || 'a program'} (pid ${pid})`;
    }
  }
  return undefined;
}
