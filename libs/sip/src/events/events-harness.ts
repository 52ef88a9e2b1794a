import { countingIds, ManualClock, silentLogger } from '@esinet/kernel';
import { buildRequest } from '../codec/build.js';
import type { SipMessage } from '../codec/sip-message.js';
import type { Uri } from '../codec/uri.js';
import type { Destination, TransportName } from '../transport/destination.js';
import { MemoryNetwork } from '../transport/memory-network.js';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import { TransactionLayer } from '../transaction/transaction-layer.js';
import { UserAgent } from '../ua/user-agent.js';
import type { EventPackage, NotifierSubscription, NotifySource } from './event-package.js';
import type { NotifyCause } from './notifier-machine.js';
import { Notifier, type NotifierOptions } from './notifier.js';

export const notifierAt: Destination = { transport: 'udp', address: '192.0.2.2', port: 5060 };

/** A package whose state is a text, and what the tests see of it. */
export class Weather implements EventPackage {
  readonly type = 'weather';
  readonly defaultExpires = 600;
  readonly bodyTypes = ['text/plain', 'application/weather+xml'];
  readonly filterTypes = ['text/filter'];
  rates = { usualMax: 1, highestMax: 10, highestMin: 1 };
  state: string | undefined = 'sunny';
  wanted = true;
  granted: 'active' | 'pending' = 'active';
  longest: number | undefined;
  verdict: EventPackage['subscribe'] | undefined;
  readonly subscriptions: NotifierSubscription[] = [];
  readonly causes: NotifyCause[] = [];
  refreshVerdict: ReturnType<NotifySource['refresh']> = { accepted: true };
  ended = 0;

  subscribe(asked: Parameters<EventPackage['subscribe']>[0]): ReturnType<EventPackage['subscribe']> {
    if (this.verdict) return this.verdict(asked);
    return {
      accepted: true,
      state: this.granted,
      ...(this.longest === undefined ? undefined : { longest: this.longest }),
      open: (subscription) => {
        this.subscriptions.push(subscription);
        return this.#source(asked.bodyType);
      },
    };
  }

  changed(state: string): void {
    this.state = state;
    for (const subscription of this.subscriptions) subscription.changed();
  }

  #source(type: string): NotifySource {
    return {
      wants: () => this.wanted,
      body: (cause) => {
        this.causes.push(cause);
        return this.state === undefined ? undefined : { type, content: this.state };
      },
      refresh: () => this.refreshVerdict,
      ended: () => void this.ended++,
    };
  }
}

/** A notifier of the weather and a subscriber by hand, on a network in memory with a clock by hand. */
export function weatherStation(o: Partial<NotifierOptions> = {}, transport: TransportName = 'udp') {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, latencyMs: 1 });
  const weather = new Weather();
  const node = network.node({ address: notifierAt.address, transport });
  const transactions = new TransactionLayer({ transport: node, clock, logger: silentLogger });
  const located: string[] = [];
  const locator = {
    locate: (uri: Uri | string): Promise<Destination[]> => {
      located.push(typeof uri === 'string' ? uri : uri.text);
      const host = /(\d+\.\d+\.\d+\.\d+)/.exec(located.at(-1) ?? '')?.[1];
      return Promise.resolve(host ? [{ transport, address: host, port: 5060 }] : []);
    },
  };
  const agent = new UserAgent({
    transactions,
    locator,
    clock,
    ids: countingIds('n'),
    logger: silentLogger,
    allow: ['SUBSCRIBE', 'OPTIONS'],
    allowEvents: ['weather'],
    onRequest: (request, flow) => notifier.subscribe(request, flow),
  });
  const notifier: Notifier = new Notifier({
    agent,
    sentBy: () => node.sentBy(),
    packages: [weather],
    clock,
    ids: countingIds('t'),
    logger: silentLogger,
    ...o,
  });
  return { clock, network, weather, node, transactions, notifier, located, agent };
}

export type Station = ReturnType<typeof weatherStation>;

/** A subscriber that does nothing by itself but answer NOTIFYs as it is told. */
export function watcher(station: Station, address = '192.0.2.1', transport: TransportName = 'udp') {
  const node = station.network.node({ address, transport });
  const transactions = new TransactionLayer({
    transport: node,
    clock: station.clock,
    logger: silentLogger,
  });
  const notifies: SipMessage[] = [];
  const made = {
    node,
    transactions,
    notifies,
    answer: ((tx) => tx.respond({ status: 200 })) as (tx: ServerTransaction) => void,
    get states(): string[] {
      return notifies.map((n) => n.header('Subscription-State') ?? '');
    },
    get bodies(): string[] {
      return notifies.map((n) => n.body.toString());
    },
    async subscribe(parts: Parts = {}): Promise<SipMessage> {
      const responses: SipMessage[] = [];
      transactions.request(
        { bytes: subscribeBytes(address, parts), destination: { ...notifierAt, transport } },
        { onResponse: (r) => void responses.push(r), onFailure: () => undefined },
      );
      await station.clock.run(parts.runMs ?? 20, 1);
      const last = responses.at(-1);
      if (!last) throw new Error('no answer');
      return last;
    },
    /** The dialog of the first NOTIFY, as parts of the next SUBSCRIBE. */
    inDialog(cseq: number, parts: Parts = {}): Parts {
      const first = notifies[0];
      return {
        ...parts,
        cseq,
        toTag: first?.from?.tag ?? 'none',
        ...(parts.toTag && { toTag: parts.toTag }),
      };
    },
  };
  transactions.onRequest = (tx) => {
    notifies.push(tx.request);
    made.answer(tx);
  };
  return made;
}

export interface Parts {
  readonly cseq?: number;
  readonly callId?: string;
  readonly event?: string | readonly string[] | null;
  readonly expires?: string | null;
  readonly contact?: string | null;
  readonly toTag?: string;
  readonly fromTag?: string | null;
  readonly body?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly uri?: string;
  readonly runMs?: number;
}

export function subscribeBytes(address: string, o: Parts): Buffer {
  const events = o.event === null ? [] : typeof o.event === 'string' ? [o.event] : (o.event ?? ['weather']);
  const uri = o.uri ?? 'sip:madrid@192.0.2.2';
  return buildRequest({
    method: 'SUBSCRIBE',
    uri,
    headers: [
      ['Max-Forwards', '70'],
      ['From', `<sip:ana@example.com>${o.fromTag === null ? '' : `;tag=${o.fromTag ?? 'ana'}`}`],
      ['To', `<${uri}>${o.toTag === undefined ? '' : `;tag=${o.toTag}`}`],
      ['Call-ID', o.callId ?? 'weather-1'],
      ['CSeq', `${o.cseq ?? 1} SUBSCRIBE`],
      ...(o.contact === null ? [] : [['Contact', o.contact ?? `<sip:ana@${address}>`] as const]),
      ...events.map((event) => ['Event', event] as const),
      ...(o.expires === null ? [] : [['Expires', o.expires ?? '600'] as const]),
      ...(o.headers ?? []),
    ],
    body: o.body ?? '',
  });
}
