import { countingIds, ManualClock, silentLogger } from '@esinet/kernel';
import { buildRequest } from '../codec/build.js';
import { parseDatagram } from '../codec/datagram.js';
import type { SipMessage } from '../codec/sip-message.js';
import type { Uri } from '../codec/uri.js';
import { MemoryNetwork, type MemoryTransport } from '../transport/memory-network.js';
import type { Destination, TransportName } from '../transport/destination.js';
import { TransactionLayer } from '../transaction/transaction-layer.js';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import { UserAgent } from '../ua/user-agent.js';
import { ProxyCore, type ProxyCoreOptions } from './proxy-core.js';

export const proxyAddress = '192.0.2.100';

/** A network in memory with a clock by hand: nodes are added as a test needs them. */
export function harness(transport: TransportName = 'udp') {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, latencyMs: 1 });
  const common = { clock, logger: silentLogger };
  const at = (address: string): Destination => ({ transport, address, port: 5060 });

  function layer(address: string) {
    const node = network.node({ address, transport });
    return { ...common, transport: node, transactions: new TransactionLayer({ ...common, transport: node }) };
  }

  function proxy(
    options: Partial<ProxyCoreOptions> & Pick<ProxyCoreOptions, 'route'>,
    address = proxyAddress,
  ) {
    const made = layer(address);
    const core = new ProxyCore({ ...made, locator: locateLiterally, isOwn: namesProxy, ...options });
    return { ...made, core };
  }

  /** Answers by hand: what comes is collected. */
  function callee(address: string, answer?: (tx: ServerTransaction) => void) {
    const made = layer(address);
    const received: ServerTransaction[] = [];
    const acks: SipMessage[] = [];
    made.transactions.onRequest = (tx) => {
      received.push(tx);
      answer?.(tx);
    };
    made.transactions.onAck = (ack) => void acks.push(ack);
    return { ...made, received, acks };
  }

  function caller(address = '192.0.2.1') {
    const made = layer(address);
    const ua = new UserAgent({
      ...made,
      locator: locateLiterally,
      ids: countingIds('c'),
      outboundProxy: at(proxyAddress),
    });
    return { ...made, ua };
  }

  return { clock, network, at, layer, proxy, callee, caller };
}

/** A host is an address here; nothing else can be located. */
const locateLiterally = {
  locate: (uri: Uri | string): Promise<Destination[]> => {
    const text = typeof uri === 'string' ? uri : uri.text;
    const host = /(\d+\.\d+\.\d+\.\d+)/.exec(text)?.[1];
    return Promise.resolve(host ? [{ transport: 'udp', address: host, port: 5060 }] : []);
  },
};

function namesProxy(uri: Uri): boolean {
  return uri.host === proxyAddress || uri.host === 'proxy.example';
}

export interface RequestParts {
  readonly method?: string;
  readonly uri?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly headers?: readonly (readonly [string, string])[];
  readonly maxForwards?: string;
  readonly body?: string;
}

/** A request without Via, as `TransactionLayer.request` takes it. */
export function requestBytes(o: RequestParts = {}): Buffer {
  const method = o.method ?? 'MESSAGE';
  return buildRequest({
    method,
    uri: o.uri ?? 'urn:service:sos',
    headers: [
      ...(o.headers ?? []),
      ...(o.maxForwards === '' ? [] : [['Max-Forwards', o.maxForwards ?? '70'] as const]),
      ['From', '<sip:alice@example.com>;tag=alice'],
      ['To', o.to ?? '<urn:service:sos>'],
      ['Call-ID', o.callId ?? 'call-1'],
      ['CSeq', `${o.cseq ?? 1} ${method}`],
    ],
    body: o.body ?? '',
  });
}

/** Sends through a layer and collects what comes back. */
export function ask(from: { transactions: TransactionLayer }, to: Destination, o: RequestParts = {}) {
  const statuses: (number | string)[] = [];
  const responses: SipMessage[] = [];
  const client = from.transactions.request(
    { bytes: requestBytes(o), destination: to },
    {
      onResponse: (response) => {
        statuses.push(response.status);
        responses.push(response);
      },
      onFailure: (reason) => statuses.push(reason),
    },
  );
  return { statuses, responses, client };
}

/** Sends bytes as they are from a node of no layer. */
export function sendRaw(node: MemoryTransport, to: Destination, bytes: Buffer | string): void {
  node.send(`${to.address}:${to.port}`, Buffer.from(bytes));
}

export function parsed(bytes: Buffer): SipMessage {
  const result = parseDatagram(bytes);
  if (result.kind !== 'message') throw new Error('not a message');
  return result.message;
}
