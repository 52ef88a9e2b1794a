import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { type Logger, silentLogger, systemClock } from '@esinet/kernel';
import { WebSocket } from 'ws';
import { TransportLayer } from './layer.js';

const host = '127.0.0.1';
const bytes = Buffer.from(
  'OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1\r\nContent-Length: 0\r\n\r\n',
);

/** A limit that throws when it is looked at: stands for whatever fault the codec may still have. */
const throwing = {
  valueOf: () => {
    throw new Error('fault');
  },
} as unknown as number;

it.each(['udp', 'tcp', 'ws'] as const)(
  'a fault in reading what came over %s ends no process',
  { meta: { clause: 'RFC 3261 18.3' } },
  async (transport) => {
    const logged: string[] = [];
    const logger: Logger = { ...silentLogger, error: (what) => void logged.push(what) };
    const layer = new TransportLayer({
      listeners: [{ name: 'main', transport, host, port: 0, path: '/' }],
      clock: systemClock,
      logger,
      messageLimits: { maxVias: throwing },
    });
    await layer.start();
    try {
      const { port } = layer.listeners()[0]!;
      for (let time = 1; time <= 2; time++) {
        if (transport === 'udp') {
          const socket = createSocket('udp4');
          await new Promise((resolve) => socket.send(bytes, port, host, resolve));
          while (logged.length < time) await new Promise((resolve) => setTimeout(resolve, 2));
          socket.close();
        } else if (transport === 'tcp') {
          const socket = connect(port, host, () => void socket.write(bytes));
          await new Promise((resolve) => socket.on('close', resolve).resume());
        } else {
          const socket = new WebSocket(`ws://${host}:${port}/`, 'sip');
          socket.on('open', () => socket.send(bytes));
          await new Promise((resolve) => socket.on('close', resolve));
        }
        expect(logged).toHaveLength(time);
      }
    } finally {
      await layer.stop();
    }
  },
);
