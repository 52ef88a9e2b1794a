import type { ServerName } from '../lab/outside-servers.js';
import type { Injected, Trouble } from './fault.js';

/** kill -9, and away until healed. */
export async function killServer({ cluster }: Trouble, ...names: readonly ServerName[]): Promise<Injected> {
  const { servers } = cluster;
  if (!servers) throw new Error('there are no servers');
  await Promise.all(names.map((name) => servers[name].kill()));
  return { heal: async () => void (await Promise.all(names.map((name) => servers[name].start()))) };
}

/** SIGSTOP, until healed. */
export function freezeServer({ cluster }: Trouble, name: ServerName): Injected {
  const server = cluster.servers?.[name];
  if (!server) throw new Error('there are no servers');
  server.freeze();
  return {
    heal: () => {
      server.thaw();
      return Promise.resolve();
    },
  };
}
