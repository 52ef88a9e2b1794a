import { ManualClock, countingIds, silentLogger } from '@esinet/kernel';
import {
  type Destination,
  EventSubscriber,
  MemoryNetwork,
  Notifier,
  type SipMessage,
  type SubscribeRequest,
  type SubscriptionState,
  TransactionLayer,
  UserAgent,
  parseUri,
} from '@esinet/sip';
import { type StateKind, type StateOf, statePackages } from './state-packages.js';
import { StatePackage } from './state-package.js';
import { StateValue } from './state-source.js';
import { StateTable } from './state-table.js';
import { StateWatch, type StateWatchTimes } from './state-watch.js';

/** What the specs of this library share. Not part of what it exports. */

export const notifierAt: Destination = { transport: 'udp', address: '192.0.2.75', port: 5060 };
export const madrid = 'sip:madrid@psap.example';

/** Somebody who tells three states and somebody who wants to know them, in memory with a clock by hand. */
export function statesWorld(o: { readonly admits?: boolean } = {}) {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, latencyMs: 1 });
  const told: { readonly [K in StateKind]: StateValue<StateOf[K]> } = {
    element: new StateValue<StateOf['element']>({ elementId: 'psap.example', state: 'Normal' }),
    service: new StateValue<StateOf['service']>({
      service: { name: 'PSAP', domain: 'psap.example' },
      serviceState: { state: 'Normal' },
      securityPosture: { posture: 'Green' },
    }),
    queue: new StateValue<StateOf['queue']>({
      queueUri: madrid,
      queueLength: 0,
      queueMaxLength: 50,
      state: 'Active',
    }),
  };
  const results: string[] = [];
  const made = <K extends StateKind>(kind: K) =>
    new StatePackage({
      kind,
      source: (uri) => (parseUri(uri)?.host === 'psap.example' ? told[kind] : undefined),
      admits: () => o.admits ?? true,
      onSubscribe: (result) => void results.push(result),
    });
  const open = (ids: string) => {
    const node = network.node({ address: notifierAt.address, transport: 'udp' });
    const transactions = new TransactionLayer({ transport: node, clock, logger: silentLogger });
    const agent = new UserAgent({
      transactions,
      locator: { locate: () => Promise.resolve([]) },
      clock,
      ids: countingIds(ids),
      logger: silentLogger,
      allow: ['SUBSCRIBE', 'OPTIONS'],
      onRequest: (request, flow) => notifier.subscribe(request, flow),
    });
    const packages = [made('element'), made('service'), made('queue')] as const;
    const notifier: Notifier = new Notifier({
      agent,
      sentBy: () => node.sentBy(),
      packages,
      clock,
      ids: countingIds(`t${ids}`),
      logger: silentLogger,
    });
    return { node, notifier, packages };
  };
  return { clock, network, told, results, ...open('n') };
}

export type StatesWorld = ReturnType<typeof statesWorld>;

export function watcher(world: StatesWorld, address = '192.0.2.1') {
  const { clock, network } = world;
  const node = network.node({ address, transport: 'udp' });
  const transactions = new TransactionLayer({ transport: node, clock, logger: silentLogger });
  const ids = countingIds(`w${address.slice(-1)}`);
  const agent = new UserAgent({
    transactions,
    locator: { locate: () => Promise.resolve([notifierAt]) },
    clock,
    ids,
    logger: silentLogger,
    allow: ['NOTIFY'],
    onRequest: (request) => subscriber.notify(request),
  });
  const subscriber: EventSubscriber = new EventSubscriber({ agent, clock, ids, logger: silentLogger });
  const table = new StateTable({ clock });
  const notifies: { readonly notify: SipMessage; readonly state: SubscriptionState }[] = [];
  const ends: string[] = [];
  return {
    node,
    table,
    notifies,
    ends,
    subscriber,
    get bodies(): unknown[] {
      return notifies.map(({ notify }) => JSON.parse(notify.body.toString()) as unknown);
    },
    subscribe: (kind: StateKind, more: Partial<SubscribeRequest> = {}) =>
      subscriber.subscribe({
        uri: madrid,
        from: 'sip:esrp@esrp.example',
        contact: `<sip:${address}>`,
        event: statePackages[kind].event,
        persistent: false,
        onNotify: (notify, state) => void notifies.push({ notify, state }),
        onEnd: (end) => void ends.push(JSON.stringify(end)),
        ...more,
      }),
    watch<K extends StateKind>(kind: K, uri = madrid, times: Partial<StateWatchTimes> = {}): StateWatch<K> {
      const watch = new StateWatch({
        kind,
        uri,
        from: 'sip:esrp@esrp.example',
        contact: `<sip:${address}>`,
        subscriber,
        table,
        clock,
        logger: silentLogger,
        random: () => 0.5,
        times,
      });
      watch.start();
      return watch;
    },
  };
}
