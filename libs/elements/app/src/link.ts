import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Clock, type IdSource, type Logger, messageOf } from '@esinet/kernel';
import {
  type Destination,
  type Flow,
  type SipMessage,
  type TlsOptions,
  type TransportName,
  type UacOutcome,
  type UacRequest,
  type UasAnswer,
  UserAgent,
  type WireEvent,
  createSipStack,
  serverLocator,
} from '@esinet/sip';

/** The first hop: the border itself, or the provider's proxy. */
export interface Via {
  readonly transport: TransportName;
  readonly host: string;
  readonly port: number;
  /** The same border elsewhere: addresses that are tried, one after another, while this one is away. RFC 3263 4.3 */
  readonly others?: readonly { readonly host: string; readonly port: number }[];
  /** Port to send from and be reached at, with `udp`; by default any. */
  readonly localPort?: number;
  /** Of a WebSocket. */
  readonly path?: string;
  /** Certificate shown and authorities believed; needed for `tls` and `wss`. */
  readonly tls?: TlsOptions;
}

/** One SIP message on the wire, in or out, retransmissions included. Personal data: for the person who asked only. */
export interface WireMessage {
  readonly direction: 'in' | 'out';
  readonly transport: TransportName;
  readonly bytes: number;
  readonly text: string;
}

export interface Link {
  readonly destination: Destination;
  send(request: UacRequest): Promise<UacOutcome>;
  /** A connection closed; UDP has none. */
  onClosed(callback: () => void): void;
  /** The sockets stand again after `lose`. */
  onRestored(callback: () => void): void;
  /** Closes every socket for `ms` milliseconds, as a phone in a tunnel. What is to be sent meanwhile waits. */
  lose(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** A link that others can be told of. */
export interface ReachableLink extends Link {
  /** Where we can be reached, for Contact: `<sip:127.0.0.1:40000>`. A connection is reached only over itself. */
  contact(): string;
}

export interface LinkOptions {
  readonly via: Via;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly credentials?: { readonly user: string; readonly password: string };
  readonly onMessage: (request: SipMessage, flow: Flow) => UasAnswer;
  /** Methods that are taken. Default MESSAGE and OPTIONS. */
  readonly allow?: readonly string[];
  readonly onWire?: (message: WireMessage) => void;
}

/** Over UDP up to here, over TCP to the same port beyond: a datagram holds 65,507 octets with all its header lines. */
export const udpBodyOctets = 56_000;

/** Sockets that could not be had again are tried for again after this. */
export const reopenPauseMs = 1_000;

/** Sockets and user agent of one APP. Requests of the other side come in over the connection we opened. */
export async function openLink(o: LinkOptions): Promise<ReachableLink> {
  const { via, clock } = o;
  const destination = await destinationOf(via, via);
  const others = await Promise.all((via.others ?? []).map((other) => destinationOf(via, other)));
  const closedListeners: (() => void)[] = [];
  const restoredListeners: (() => void)[] = [];
  const open = (): Promise<Sockets> =>
    openSockets(o, destination, () => {
      for (const listener of closedListeners) listener();
    });

  let sockets: Sockets | undefined = await open();
  let closed = false;
  const waiting: (() => void)[] = [];
  const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));

  return {
    destination,
    contact: () => {
      const secure = via.transport === 'tls' || via.transport === 'wss';
      const over =
        via.transport === 'udp' ? '' : `;transport=${via.transport === 'tls' ? 'tcp' : via.transport}`;
      return `<${secure ? 'sips' : 'sip'}:${sockets?.sentBy() ?? 'unreachable.invalid'}${over}>`;
    },
    send: async (request) => {
      while (!sockets && !closed) await new Promise<void>((resolve) => waiting.push(resolve));
      if (!sockets) return { kind: 'failure', reason: 'transport' };
      const large = via.transport === 'udp' && octetsOf(request.body) > udpBodyOctets;
      const { agent } = sockets;
      let outcome: UacOutcome = { kind: 'failure', reason: 'transport' };
      for (const hop of [destination, ...others]) {
        outcome = await agent.send({
          ...request,
          ...(o.credentials && { credentials: o.credentials }),
          destination: large ? { ...hop, transport: 'tcp' } : hop,
        });
        if (closed || (outcome.kind === 'response' && outcome.message.status !== 503)) break;
      }
      return outcome;
    },
    onClosed: (callback) => void closedListeners.push(callback),
    onRestored: (callback) => void restoredListeners.push(callback),
    lose: async (ms) => {
      const lost = sockets;
      if (!lost) return;
      sockets = undefined;
      await lost.stop();
      await pause(ms);
      while (!closed && !sockets) {
        try {
          sockets = await open();
        } catch (error) {
          o.logger.warn('no socket', { reason: messageOf(error) });
          await pause(reopenPauseMs);
        }
      }
      for (const go of waiting.splice(0)) go();
      if (!closed) for (const listener of restoredListeners) listener();
    },
    close: async () => {
      closed = true;
      const last = sockets;
      sockets = undefined;
      for (const go of waiting.splice(0)) go();
      await last?.stop();
    },
  };
}

interface Sockets {
  readonly agent: UserAgent;
  sentBy(): string;
  stop(): Promise<void>;
}

async function destinationOf(
  { transport }: Via,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Destination> {
  if (isIP(host) !== 0) return { transport, address: host, port };
  return { transport, address: (await lookup(host)).address, port, serverName: host };
}

async function openSockets(o: LinkOptions, destination: Destination, onClosed: () => void): Promise<Sockets> {
  const { via, clock, ids, logger } = o;
  const stack = createSipStack({
    listeners:
      via.transport === 'udp'
        ? [
            {
              name: 'app-udp',
              transport: 'udp',
              host: await localAddress(destination.address, via.port),
              port: via.localPort ?? 0,
            },
          ]
        : [],
    ...(via.tls && { clientTls: via.tls }),
    ...(via.path !== undefined && { clientPath: via.path }),
    ...(o.onWire && { onWire: shownOn(o.onWire) }),
    clock,
    logger,
  });
  const agent = new UserAgent({
    transactions: stack.transactions,
    locator: serverLocator({ table: [], clock, timeoutMs: 1_000, preferred: [via.transport] }),
    clock,
    ids,
    logger,
    outboundProxy: destination,
    mergedRequests: 'repeat',
    onRequest: o.onMessage,
    ...(o.allow && { allow: o.allow }),
  });
  stack.transport.onFlowClosed(onClosed);
  await stack.start();
  return { agent, sentBy: () => stack.transport.sentBy(via.transport), stop: () => stack.stop() };
}

function octetsOf(body: Buffer | string | undefined): number {
  return body === undefined ? 0 : Buffer.byteLength(body);
}

function shownOn(show: (message: WireMessage) => void): (event: WireEvent) => void {
  return ({ direction, flow, bytes }) =>
    show({ direction, transport: flow.transport, bytes: bytes.length, text: bytes.toString('utf8') });
}

/** The address of this machine that packets to `address` leave from; nothing is sent to find it. */
function localAddress(address: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.connect(port, address, () => {
      const { address: local } = socket.address();
      socket.close(() => resolve(local));
    });
  });
}
