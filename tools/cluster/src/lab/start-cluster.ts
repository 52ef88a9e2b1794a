import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { labBoundaries } from '@esinet/app-esinet';
import { ensureLabPki, keptSecret } from '@esinet/platform';
import { freePorts } from '@esinet/testing';
import {
  type ClusterPlan,
  type Counts,
  type ElementKind,
  countsOf,
  planCluster,
  portsOf,
  serverPorts,
} from './cluster-plan.js';
import {
  boundariesFile,
  dialogsSecretFile,
  elementConfig,
  postgresPasswordFile,
  transactionSecretFile,
} from './element-config.js';
import { type OutsideServers, type ServerName, startServers } from './outside-servers.js';
import { SupervisedProcess } from './supervised-process.js';

/** Something that happened to a process or a server. */
export interface ClusterEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly who: string;
  readonly what: string;
}

export interface ClusterOptions {
  readonly folder: string;
  /** Without the three servers: every process for itself. */
  readonly embedded: boolean;
  /** `free` takes any ports; a number moves those of the lab. Default 0. */
  readonly ports?: 'free' | number;
  readonly counts?: Partial<Counts>;
  /** For a machine that does something else as well. */
  readonly patient?: boolean;
  readonly onEvent?: (event: ClusterEvent) => void;
}

/** The elements as processes of their own, supervised, on the three servers. */
export interface Cluster {
  readonly folder: string;
  readonly plan: ClusterPlan;
  readonly processes: ReadonlyMap<string, SupervisedProcess>;
  readonly servers: OutsideServers | undefined;
  /** @throws where there is none of that name */
  process(instance: string): SupervisedProcess;
  has(instance: string): boolean;
  port(instance: string, name: string): number;
  /** Resolves when every process that is not held down serves. */
  ready(): Promise<void>;
  /** Ends all of it, in order. */
  close(): Promise<void>;
}

/** In this order they are started, and ended the other way round. */
const order: readonly ElementKind[] = ['lis', 'ecrf', 'psap', 'esrp', 'bcf', 'provider'];

/** @throws with a sentence for the operator; what had started is ended */
export async function startCluster(o: ClusterOptions): Promise<Cluster> {
  const counts = { ...countsOf(o.embedded), ...o.counts };
  const { port, serverPort } = await portChoice(counts, o.ports ?? 0);
  const tell = (who: string, what: string): void => o.onEvent?.({ at: Date.now(), who, what });
  await mkdir(join(o.folder, 'logs'), { recursive: true });
  const servers = o.embedded ? undefined : await startServers(o.folder, serverPort);
  const plan = planCluster({
    folder: o.folder,
    counts,
    port,
    patient: o.patient ?? false,
    servers: servers && {
      nats: servers.nats.url,
      redis: servers.redis.url,
      postgres: servers.postgres.url,
    },
  });
  const processes = new Map<string, SupervisedProcess>();
  const close = async (): Promise<void> => {
    for (const kind of [...order].reverse()) {
      const ending = plan.seats.filter(({ element }) => element === kind);
      await Promise.all(ending.map(async ({ instance }) => processes.get(instance)?.stop()));
    }
    await Promise.all(Object.values(servers ?? {}).map((server) => server.dispose()));
  };
  try {
    await writeShared(plan);
    for (const seat of plan.seats) {
      const file = join(o.folder, `${seat.instance}.yaml`);
      // JSON is YAML.
      await writeFile(file, `${JSON.stringify(elementConfig(plan, seat), undefined, 2)}\n`);
      const supervised = new SupervisedProcess({
        name: seat.instance,
        command: process.execPath,
        args: [mainOf(seat.element), '--config', file],
        log: join(o.folder, 'logs', `${seat.instance}.log`),
        readyUrl: `http://127.0.0.1:${seat.ports['http']}/readyz`,
        onState: (_, what) => tell(seat.instance, what),
      });
      processes.set(seat.instance, supervised);
    }
    for (const kind of order) {
      const starting = plan.seats.filter(({ element }) => element === kind);
      await Promise.all(starting.map(async ({ instance }) => processes.get(instance)?.start()));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const at = (instance: string): SupervisedProcess => {
    const found = processes.get(instance);
    if (!found) throw new Error(`${instance} is none of ${[...processes.keys()].join(', ')}`);
    return found;
  };
  return {
    folder: o.folder,
    plan,
    processes,
    servers,
    process: at,
    has: (instance) => processes.has(instance),
    port: (instance, name) => {
      const found = plan.seats.find((seat) => seat.instance === instance)?.ports[name];
      if (found === undefined) throw new Error(`${instance} has no port ${name}`);
      return found;
    },
    async ready() {
      for (const each of processes.values()) if (each.state !== 'held') await each.ready();
    },
    close,
  };
}

/** What all of them read: certificates, boundaries, secrets. */
async function writeShared({ folder, servers }: ClusterPlan): Promise<void> {
  await ensureLabPki({ folder: join(folder, 'pki') });
  await writeFile(join(folder, boundariesFile), JSON.stringify(labBoundaries()));
  await keptSecret(join(folder, dialogsSecretFile));
  if (!servers) return;
  await writeFile(join(folder, transactionSecretFile), `${randomBytes(16).toString('hex')}\n`, {
    mode: 0o600,
  });
  const { password } = new URL(servers.postgres);
  await writeFile(join(folder, postgresPasswordFile), `${password}\n`, { mode: 0o600 });
}

/** Where the program of an element is. */
function mainOf(element: ElementKind): string {
  return createRequire(import.meta.url).resolve(`@esinet/app-${element}`);
}

async function portChoice(
  counts: Counts,
  wish: 'free' | number,
): Promise<{ port: (standard: number) => number; serverPort: (name: ServerName) => number }> {
  if (wish !== 'free') {
    return { port: (standard) => standard + wish, serverPort: (name) => serverPorts[name] + wish };
  }
  const asked = portsOf(counts);
  const free = await freePorts(asked.length + 3);
  const [nats = 0, redis = 0, postgres = 0, ...others] = free;
  const chosen = new Map(asked.map((standard, i) => [standard, others[i] ?? 0]));
  return {
    port: (standard) => chosen.get(standard) ?? 0,
    serverPort: (name) => ({ nats, redis, postgres })[name],
  };
}
