import type { Cluster } from './start-cluster.js';

/** What runs where, and what to try. */
export function clusterBanner(cluster: Cluster, milliseconds: number, offset: number): string {
  const rows = cluster.plan.seats.map(({ instance, ports }) => {
    const pid = String(cluster.process(instance).pid ?? '');
    const where = Object.entries(ports).map(([name, port]) => `${name} ${port}`);
    return `  ${instance.padEnd(9)} pid ${pid.padEnd(7)} ${where.join(', ')}`;
  });
  const servers = Object.entries(cluster.servers ?? {}).map(([name, { pid, port }]) => {
    return `  ${name.padEnd(9)} pid ${String(pid).padEnd(7)} port ${port}`;
  });
  const flag = offset === 0 ? '' : ` --port-offset ${offset}`;
  return [
    '',
    ...rows,
    ...(servers.length ? ['', ...servers] : ['', '  embedded  no servers: every process for itself']),
    '',
    `  configuration  ${cluster.folder}/*.yaml`,
    `  logs           ${cluster.folder}/logs`,
    `  certificates   ${cluster.folder}/pki`,
    '',
    `Ready after ${(milliseconds / 1_000).toFixed(1)} s. Try in another terminal:`,
    '',
    `  npx esinet chat --at 40.4168,-3.7038${flag} "help"`,
    `  npx esinet chat --at 40.4168,-3.7038 --via ws${flag} "help"`,
    `  kill -9 ${cluster.has('bcf-1') ? cluster.process('bcf-1').pid : 'PID'}   # bcf-1: it is started again`,
    `  curl http://127.0.0.1:${cluster.port('psap-1', 'http')}/api/chats`,
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n');
}
