import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '@esinet/kernel';
import { clusterBanner } from './cluster-banner.js';
import { type Kill, parseKill, showFailover } from './failover-show.js';
import { missingPrograms } from './outside-servers.js';
import { type Cluster, startCluster } from './start-cluster.js';

const help = `npm run lab:cluster [-- options]

  The elements as processes of their own, two of each that may have two, on NATS, Redis and PostgreSQL. A process that
  dies is started again within a second.

  --kill NAME[,after Ns]  chats of its own, kill -9 of that process in the middle, and what came of it: esrp-1, bcf-1, psap-1
  --once                  ends after that instead of staying
  --embedded              without the three servers: every process for itself, one PSAP
  --port-offset N         every port moved
  --data FOLDER           of configuration, records, logs; else one that is deleted in the end
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const tell = (line: string): void => void process.stderr.write(`${line}\n`);

interface Wishes {
  readonly kill: Kill | undefined;
  readonly once: boolean;
  readonly embedded: boolean;
  readonly offset: number;
  readonly data: string | undefined;
}

/** @throws in a sentence */
function readWishes(args: readonly string[]): Wishes | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kill: { type: 'string' },
      once: { type: 'boolean', default: false },
      embedded: { type: 'boolean', default: false },
      'port-offset': { type: 'string', default: '0' },
      data: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const kill = values.kill === undefined ? undefined : parseKill(values.kill);
  if (values.kill !== undefined && !kill) {
    throw new Error(`--kill ${values.kill}: expected a process such as esrp-1, or "esrp-1,after 5s"`);
  }
  const offset = Number(values['port-offset']);
  if (!Number.isSafeInteger(offset) || offset < 0 || offset > 40_000) {
    throw new Error(`--port-offset needs a whole number from 0 to 40000, not ${values['port-offset']}`);
  }
  const { once, embedded } = values;
  return { kill, once, embedded, offset, data: values.data === undefined ? undefined : resolve(values.data) };
}

/** `npm run lab:cluster`: the exit code. */
export async function clusterCommand(args: readonly string[]): Promise<number> {
  let wishes: Wishes | 'help';
  try {
    wishes = readWishes(args);
  } catch (error) {
    tell(`lab:cluster: ${messageOf(error)}`);
    return 2;
  }
  if (wishes === 'help') {
    say(help);
    return 0;
  }
  const { embedded, offset, kill } = wishes;
  const missing = embedded ? [] : missingPrograms();
  if (missing.length > 0) {
    tell(`${missing.join('\n')}\nWithout the servers: npm run lab:cluster -- --embedded`);
    return 2;
  }
  const folder = wishes.data ?? mkdtempSync(join(tmpdir(), 'esinet-cluster-'));
  const begun = performance.now();
  tell(`Starting in ${folder} …`);
  let running = false;
  let cluster: Cluster;
  try {
    cluster = await startCluster({
      ...{ folder, embedded, ports: offset },
      onEvent: ({ at, who, what }) => {
        if (running) say(`${new Date(at).toISOString().slice(11, 23)}  ${who} ${what}`);
      },
    });
  } catch (error) {
    tell(`The cluster cannot start: ${messageOf(error)}`);
    return 1;
  }
  const end = async (): Promise<void> => {
    running = false;
    tell('Stopping: requests under way are finished first.');
    await cluster.close();
    if (wishes.data === undefined) rmSync(folder, { recursive: true, force: true });
  };
  const told = new Promise<void>((resolveTold) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        resolveTold();
      });
    }
  });
  say(clusterBanner(cluster, performance.now() - begun, offset));
  running = true;
  try {
    if (kill) {
      // Says in a sentence if there is none of that name.
      cluster.process(kill.instance);
      await showFailover(cluster, kill, say);
    }
    if (!wishes.once) await told;
    return 0;
  } catch (error) {
    tell(`lab:cluster: ${messageOf(error)}`);
    return 1;
  } finally {
    await end();
  }
}
