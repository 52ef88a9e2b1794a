import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/**
 * Ports of 127.0.0.1 that are free for TCP and UDP alike. They are only known to be free now: whoever can, listens on
 * port 0 instead.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  const held: (() => Promise<void>)[] = [];
  while (ports.length < count) {
    const tcp = createServer();
    await new Promise<void>((resolve, reject) => {
      tcp.once('error', reject);
      tcp.listen(0, '127.0.0.1', resolve);
    });
    held.push(() => new Promise((resolve) => tcp.close(() => resolve())));
    const address = tcp.address();
    if (address === null || typeof address === 'string') continue;
    const udp = createSocket('udp4');
    const free = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(address.port, '127.0.0.1', () => resolve(true));
    });
    if (free) held.push(() => new Promise((resolve) => udp.close(() => resolve())));
    if (free) ports.push(address.port);
  }
  await Promise.all(held.map((release) => release()));
  return ports;
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}
