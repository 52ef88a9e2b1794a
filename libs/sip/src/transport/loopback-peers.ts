import { type Clock, silentLogger, systemClock } from '@esinet/kernel';
import type { Destination, TransportName } from './destination.js';
import type { Flow } from './flow.js';
import { type InvalidMessage, TransportLayer, type TransportLayerOptions } from './layer.js';
import type { ListenOptions } from './listener.js';

/** One end of a test: a transport layer on loopback, and what it got. */
export interface Peer {
  readonly layer: TransportLayer;
  readonly got: { readonly text: string; readonly flow: Flow }[];
  readonly invalid: InvalidMessage[];
  readonly closed: string[];
  /** Where this peer listens. */
  to(transport: TransportName, serverName?: string): Destination;
  /** Resolves when `condition` holds; looked at whenever something happened here. */
  until(condition: () => boolean): Promise<void>;
}

/** Makes peers, and stops them all. */
export class Peers {
  readonly #layers: TransportLayer[] = [];

  async start(
    listeners: readonly (TransportName | ListenOptions)[],
    o: Partial<Omit<TransportLayerOptions, 'listeners'>> & { readonly clock?: Clock } = {},
  ): Promise<Peer> {
    const layer = new TransportLayer({
      listeners: listeners.map((listener) =>
        typeof listener === 'string'
          ? { name: `side-${listener}`, transport: listener, host: '127.0.0.1', port: 0 }
          : listener,
      ),
      clock: systemClock,
      logger: silentLogger,
      ...o,
    });
    this.#layers.push(layer);
    await layer.start();
    const peer: Peer = {
      layer,
      got: [],
      invalid: [],
      closed: [],
      to(transport, serverName) {
        const { port } = layer.listeners().find((listener) => listener.transport === transport)!;
        return { transport, address: '127.0.0.1', port, ...(serverName ? { serverName } : {}) };
      },
      async until(condition) {
        while (!condition()) await new Promise<void>((resolve) => setTimeout(resolve, 2));
      },
    };
    layer.onMessage = ({ message, flow }) => peer.got.push({ text: message.bytes.toString('latin1'), flow });
    layer.onInvalid = (problem) => peer.invalid.push(problem);
    layer.onFlowClosed((flow) => peer.closed.push(flow.id));
    return peer;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#layers.splice(0).map((layer) => layer.stop()));
  }
}

/** A MESSAGE with a number and a body. */
export function message(cseq: number, body = ''): Buffer {
  return Buffer.from(
    `MESSAGE sip:b@esinet.lab SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK${cseq};rport\r\nMax-Forwards: 70\r\n` +
      `From: <sip:a@esinet.lab>;tag=1\r\nTo: <sip:b@esinet.lab>\r\nCall-ID: c\r\nCSeq: ${cseq} MESSAGE\r\n` +
      `Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
