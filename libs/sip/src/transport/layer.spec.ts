import { afterEach, expect, it } from 'vitest';
import { type LogFields, type Logger, silentLogger, systemClock } from '@esinet/kernel';
import type { Destination, TransportName } from './destination.js';
import type { Flow } from './flow.js';
import { type TransportLayerOptions, TransportLayer } from './layer.js';

const running: TransportLayer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((layer) => layer.stop()));
});

interface Peer {
  layer: TransportLayer;
  to: (transport: TransportName) => Destination;
  got: { text: string; flow: Flow }[];
  next: (count?: number) => Promise<void>;
}

async function peer(transports: TransportName[], o: Partial<TransportLayerOptions> = {}): Promise<Peer> {
  const layer = new TransportLayer({
    listeners: transports.map((transport) => ({
      name: `a-${transport}`,
      transport,
      host: '127.0.0.1',
      port: 0,
    })),
    clock: systemClock,
    logger: silentLogger,
    ...o,
  });
  running.push(layer);
  await layer.start();
  const got: Peer['got'] = [];
  let wake: (() => void) | undefined;
  layer.onMessage = ({ message, flow }) => {
    got.push({ text: message.bytes.toString('latin1'), flow });
    wake?.();
  };
  return {
    layer,
    got,
    to: (transport) => ({
      transport,
      address: '127.0.0.1',
      port: layer.listeners().find((listener) => listener.transport === transport)!.port,
    }),
    async next(count = 1) {
      while (got.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

function request(cseq: number, body = ''): Buffer {
  return Buffer.from(
    `MESSAGE sip:b@esinet.lab SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK${cseq};rport\r\nMax-Forwards: 70\r\n` +
      `From: <sip:a@esinet.lab>;tag=1\r\nTo: <sip:b@esinet.lab>\r\nCall-ID: c\r\nCSeq: ${cseq} MESSAGE\r\n` +
      `Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

for (const transport of ['udp', 'tcp', 'ws'] as const) {
  it(`carries messages both ways over ${transport}`, { meta: { clause: 'RFC 3261 18' } }, async () => {
    const a = await peer([transport]);
    const b = await peer([transport]);
    const out = await a.layer.flowTo(b.to(transport), `a-${transport}`);
    out.send(request(1, 'h\u00e9'));
    await b.next();
    expect(b.got[0]!.text).toBe(request(1, 'h\u00e9').toString('latin1'));
    b.got[0]!.flow.send(request(2));
    await a.next();
    expect(a.got[0]!.text).toBe(request(2).toString('latin1'));
    expect(a.got[0]!.flow.id).toBe(out.id);
  });
}

export type { LogFields, Logger };
