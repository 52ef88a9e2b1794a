import { countingIds, type Logger, ManualClock, silentLogger } from '@esinet/kernel';
import { HealthChecks, InProcessBus, MemoryStore, PrometheusMetrics, defaultLimits } from '@esinet/platform';
import {
  type Destination,
  EventSubscriber,
  MemoryNetwork,
  type SipMessage,
  type SubscribeRequest,
  type SubscriptionState,
  TransactionLayer,
  type TransportName,
  type UacRequest,
  UserAgent,
} from '@esinet/sip';
import { deviceOf, deviceSchema } from '../device-schema.js';
import { lisConfigSchema } from '../lis-config.js';
import { Lis } from '../lis.js';
import { PresenceServer } from './presence-server.js';

export const lisAt: Destination = { transport: 'udp', address: '192.0.2.85', port: 5060 };
export const madrid = { type: 'circle', center: [-3.7038, 40.4168], radius: 30 } as const;

/** A LIS as it is, on a network in memory with a clock by hand. */
export function presenceLis(
  sip: object = {},
  o: { readonly transport?: TransportName; readonly config?: object; readonly logger?: Logger } = {},
) {
  const transport = o.transport ?? 'udp';
  const logger = o.logger ?? silentLogger;
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, latencyMs: 1 });
  const config = lisConfigSchema.parse({ sip, ...o.config });
  if (!config.sip) throw new Error('no presence');
  const metrics = new PrometheusMetrics();
  const store = new MemoryStore({ clock, ...defaultLimits.store });
  const lis = new Lis(config, {
    clock,
    logger,
    metrics,
    bus: new InProcessBus({ logger, clock, limits: defaultLimits.bus }),
    store,
    ids: countingIds('i'),
    health: new HealthChecks(clock),
    limits: defaultLimits,
  });
  const node = network.node({ address: lisAt.address, transport });
  const transactions = new TransactionLayer({ transport: node, clock, logger });
  const server = new PresenceServer(config.sip, config.domain, {
    edge: {
      transactions,
      locator: () => ({ locate: () => Promise.resolve([]), forResponse: () => Promise.resolve([]) }),
      listeners: () => node.listeners(),
    },
    lis,
    clock,
    ids: countingIds('t'),
    logger,
    metrics,
  });
  lis.offerUris((token) => server.uris(token));

  /** Puts a device where it is said to be. */
  function put(place: object = { shape: madrid }, id = 'car'): void {
    const device = deviceSchema.parse({ id, identifiers: [`uri:sip:${id}@provider.lab`], ...place });
    const problem = lis.devices.put(deviceOf(id, device, clock.wall(), 'api'));
    if (problem) throw new Error(problem);
  }

  /** A location URI's token for it. */
  async function token(
    more: { readonly uses?: number; readonly ttlMs?: number; readonly id?: string } = {},
  ): Promise<string> {
    const { uses, ttlMs = 1_800_000, id = 'car' } = more;
    const made = await lis.references.create(
      { device: id, entity: 'pres:somebody@lis.esinet.lab', ...(uses === undefined ? {} : { uses }) },
      { ttlMs, policy: false },
    );
    if (!made) throw new Error('no token');
    return made.token;
  }

  return { clock, network, lis, store, server, node, transactions, transport, put, token };
}

export type PresenceLis = ReturnType<typeof presenceLis>;

/** Somebody who watches. */
export function watcher(world: PresenceLis, address = '192.0.2.1') {
  const { clock, network, transport } = world;
  const node = network.node({ address, transport });
  const transactions = new TransactionLayer({ transport: node, clock, logger: silentLogger });
  const ids = countingIds(`w${address.slice(-1)}`);
  const where: Destination = { ...lisAt, transport };
  const agent = new UserAgent({
    transactions,
    locator: { locate: () => Promise.resolve([where]) },
    clock,
    ids,
    logger: silentLogger,
    allow: ['NOTIFY'],
    onRequest: (request) => subscriber.notify(request),
  });
  const subscriber: EventSubscriber = new EventSubscriber({ agent, clock, ids, logger: silentLogger });
  const notifies: { readonly state: SubscriptionState; readonly notify: SipMessage }[] = [];
  const ends: string[] = [];
  return {
    node,
    notifies,
    ends,
    get documents(): string[] {
      return notifies.map(({ notify }) => notify.body.toString());
    },
    get states(): string[] {
      return notifies.map(({ state }) => `${state.state}${state.reason ? ` ${state.reason}` : ''}`);
    },
    watch: (token: string, o: Partial<SubscribeRequest> = {}) =>
      subscriber.subscribe({
        uri: `sip:${token}@192.0.2.85`,
        from: 'sip:psap@psap.example',
        contact: `<sip:${address}>`,
        event: 'presence',
        persistent: false,
        onNotify: (notify, state) => void notifies.push({ notify, state }),
        onEnd: (end) => void ends.push(JSON.stringify(end)),
        ...o,
      }),
    /** One SUBSCRIBE without anything behind it: its answer. */
    async ask(
      uri: string,
      more: Partial<UacRequest> & { readonly event?: string; readonly expires?: string } = {},
    ): Promise<SipMessage> {
      const { event = 'presence', expires = '600', headers = [], ...rest } = more;
      const sent = agent.send({
        method: 'SUBSCRIBE',
        uri,
        from: 'sip:psap@psap.example',
        to: uri,
        ...rest,
        headers: [['Event', event], ['Expires', expires], ['Contact', `<sip:${address}>`], ...headers],
      });
      await clock.run(50, 1);
      const outcome = await sent;
      if (outcome.kind !== 'response') throw new Error(outcome.reason);
      return outcome.message;
    },
  };
}
