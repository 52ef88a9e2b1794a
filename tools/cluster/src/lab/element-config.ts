import { join } from 'node:path';
import { LAB_PSAPS, labDevices } from '@esinet/app-esinet';
import { type ClusterPlan, type Seat, seatsOf } from './cluster-plan.js';

/** Files in the folder of the plan. */
export const boundariesFile = 'lab.geojson';
export const dialogsSecretFile = 'dialogs.secret';
export const transactionSecretFile = 'transactions.secret';
export const postgresPasswordFile = 'postgres.password';

export const psapDomain = 'psap.esinet.internal';
/** A next hop that is silent for so long is joined by the next one. */
const failover = ({ patient }: ClusterPlan): string => (patient ? '3 s' : '400 ms');
/** How long processes of a PSAP wait for each other on a machine that does something else as well. */
const patientPods = { lease: '8 s', passOn: '8 s', storeWait: '3 s', ask: '2 s' };
/** Callers of the load come from one address and through one provider: neither is a flood. */
const manyFromOne = { rate: 100_000, burst: 200_000 };
/** Accounts of the provider beside those of the one-process lab. */
export const loadAccounts = 1_000;

/** The configuration of one process, as it stands in its file. */
export function elementConfig(plan: ClusterPlan, seat: Seat): object {
  return {
    instance: seat.instance,
    data: seat.data,
    pki: { folder: join(plan.folder, 'pki'), name: seat.element, check: '2 s' },
    log: { level: 'info', format: 'json' },
    ...clusterServers(plan),
    [seat.element]: sections[seat.element](plan, seat),
  };
}

/** Bus, store and records of the whole cluster, and what its processes know each other's requests by. */
function clusterServers({ servers, folder, patient }: ClusterPlan): object {
  if (!servers) return {};
  const records = new URL(servers.postgres);
  records.password = '';
  return {
    bus: { kind: 'nats', servers: [servers.nats] },
    store: { kind: 'redis', url: servers.redis, ...(patient && { timeout: '2 s' }) },
    sip: { transactionSecretFile: join(folder, transactionSecretFile) },
    records: {
      ...{ kind: 'postgres', url: records.href, passwordFile: join(folder, postgresPasswordFile) },
      ...(patient && { connectTimeout: '5 s', timeout: '20 s', spool: { slow: '8 s' } }),
    },
  };
}

const sections: Record<Seat['element'], (plan: ClusterPlan, seat: Seat) => object> = {
  bcf: (plan, { ports, instance }) => ({
    http: { port: ports['http'] },
    public: { udp: ports['public'], tcp: ports['public'], tls: ports['publicTls'] },
    private: { udp: ports['private'], tcp: ports['private'] },
    element: `${instance}.esinet.lab`,
    esrp: hops(plan, 'esrp', 'sip'),
    psaps: { '*': hops(plan, 'psap', 'sip') },
    domains: { 'provider.lab': hops(plan, 'provider', 'sip') },
    dialogs: { secretFile: join(plan.folder, dialogsSecretFile) },
    failover: failover(plan),
    abuse: {
      address: manyFromOne,
      peer: manyFromOne,
      identity: manyFromOne,
      chatsPerAddress: 100_000,
    },
  }),
  esrp: (plan, { ports }) => ({
    http: { port: ports['http'] },
    listen: { udp: ports['sip'], tcp: ports['sip'] },
    hosts: { [psapDomain]: hops(plan, 'psap', 'sip') },
    bcf: hops(plan, 'bcf', 'private'),
    ecrf: { url: url(plan, 'ecrf', '/lost'), ...ways(plan) },
    held: { lis: url(plan, 'lis', '/held'), allowedHosts: lisHosts(plan), ...ways(plan) },
    dialogs: { secretFile: join(plan.folder, dialogsSecretFile) },
    failover: failover(plan),
    states: {
      subscribe: [
        { uri: `sip:${psapDomain}`, packages: ['ServiceState'], name: 'PSAP' },
        ...centres().map(({ uri }) => ({ uri, packages: ['QueueState'], name: 'PSAP' })),
      ],
    },
  }),
  psap: (plan, { ports, instance }) => ({
    listeners: [
      { name: 'psap-udp', transport: 'udp', port: ports['sip'] },
      { name: 'psap-tcp', transport: 'tcp', port: ports['sip'] },
    ],
    http: { port: ports['http'] },
    centres: centres(),
    ...outwards(plan, instance),
    held: { allowedHosts: lisHosts(plan) },
    script: 'echo',
    ...(plan.patient && { pods: patientPods }),
  }),
  ecrf: (plan, { ports }) => ({
    http: { port: ports['http'] },
    boundaries: [join(plan.folder, boundariesFile)],
    // The lab's outlines are simplified by up to 200 m.
    nearestWithinMetres: 5_000,
    reload: { watch: true },
  }),
  lis: (plan, { ports }) => ({
    http: { port: ports['http'] },
    sip: { listen: { udp: ports['sip'], tcp: ports['sip'] } },
    devices: labDevices(),
    routing: { lost: url(plan, 'ecrf', '/lost') },
  }),
  provider: (plan, { ports }) => ({
    http: { port: ports['http'] },
    listen: { udp: ports['sip'], tcp: ports['sip'], ws: ports['ws'], wss: ports['wss'] },
    accounts: accounts(),
    bcf: [
      ...hops(plan, 'bcf', 'publicTls', 'tls').map((hop) => `${hop};esinet.lab`),
      ...hops(plan, 'bcf', 'public'),
    ],
    failover: failover(plan),
  }),
};

/** On the bus whichever ECRF or LIS is there answers; HTTP is the second way. */
function ways(plan: ClusterPlan): object {
  return plan.servers ? { via: ['bus', 'http'] } : {};
}

function hops(plan: ClusterPlan, element: Seat['element'], port: string, transport = 'tcp'): string[] {
  return seatsOf(plan, element).map(({ ports }) => `${transport}:127.0.0.1:${ports[port]}`);
}

function url(plan: ClusterPlan, element: Seat['element'], path: string): string {
  return `http://127.0.0.1:${seatsOf(plan, element)[0]?.ports['http']}${path}`;
}

function lisHosts(plan: ClusterPlan): string[] {
  return seatsOf(plan, 'lis').map(({ ports }) => `127.0.0.1:${ports['http']}`);
}

/** The second PSAP goes out by the second border. Without a common store only the border of a caller knows the way back. */
function outwards(plan: ClusterPlan, instance: string): object {
  const borders = hops(plan, 'bcf', 'private');
  if (instance === 'psap-2') borders.reverse();
  return { outboundProxy: plan.servers ? borders : borders[0] };
}

function centres(): { uri: string; name: string }[] {
  const listed = LAB_PSAPS.map(({ slug, name }) => ({
    uri: `sip:${slug}@${psapDomain}`,
    name: `112 ${name} (lab)`,
  }));
  return [...listed, { uri: `sip:default@${psapDomain}`, name: '112 default centre (lab)' }];
}

function accounts(): { user: string; password: string }[] {
  const people = Array.from({ length: 9 }, (_, i) => `caller${i + 1}`);
  const load = Array.from({ length: loadAccounts }, (_, i) => `load${i}`);
  return [...people, ...load].map((user) => ({ user, password: user }));
}
