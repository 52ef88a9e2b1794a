import { createSocket } from 'node:dgram';
import { type Socket, connect, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '@esinet/kernel';
import { WebSocket } from 'ws';
import { Peers, message } from './loopback-peers.js';

const peers = new Peers();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await peers.stop();
});

/** A plain TCP client of the test's own. */
async function plain(port: number): Promise<Socket & { text: () => string }> {
  const socket = connect({ host: '127.0.0.1', port });
  cleanups.push(() => socket.destroy());
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  await new Promise((resolve) => socket.once('connect', resolve));
  return Object.assign(socket, { text: () => text });
}

describe.each(['udp', 'tcp', 'ws'] as const)('%s', (transport) => {
  it('carries messages both ways', { meta: { clause: ['RFC 3261 18', 'RFC 7118 5'] } }, async () => {
    const a = await peers.start([transport]);
    const b = await peers.start([transport]);
    const out = await a.layer.flowTo(b.to(transport), `side-${transport}`);
    out.send(message(1, 'é'));
    await b.until(() => b.got.length === 1);
    const { flow, text } = b.got[0]!;
    expect(text).toBe(message(1, 'é').toString('latin1'));
    expect(flow).toMatchObject({ transport, listener: `side-${transport}`, open: true });
    expect([flow.remoteAddress, flow.remotePort]).toEqual(['127.0.0.1', out.localPort]);
    flow.send(message(2));
    await a.until(() => a.got.length === 1);
    expect(a.got[0]!.text).toBe(message(2).toString('latin1'));
    expect(a.got[0]!.flow.id).toBe(out.id);
    expect(b.layer.flow(flow.id)?.remotePort).toBe(flow.remotePort);
    expect(b.layer.flow(flow.id)?.id).toBe(flow.id);
  });

  it(
    'carries a large message whole',
    { meta: { clause: 'TS 103 698 6.1.1', shall: '6.1.1-5' } },
    async () => {
      const a = await peers.start([transport]);
      const b = await peers.start([transport]);
      const large = message(1, 'x'.repeat(60_000));
      (await a.layer.flowTo(b.to(transport))).send(large);
      await b.until(() => b.got.length === 1);
      expect(b.got[0]!.text.length).toBe(large.length);
    },
  );

  it('frees its port', { meta: { clause: 'RFC 3261 18' } }, async () => {
    const a = await peers.start([transport]);
    const b = await peers.start([transport]);
    const flow = await b.layer.flowTo(a.to(transport));
    flow.send(message(1));
    await a.until(() => a.got.length === 1);
    const { port } = a.to(transport);
    await a.layer.stop();
    await expect(a.layer.flowTo(b.to(transport))).rejects.toMatchObject({ reason: 'stopped' });
    const again = await peers.start([{ name: 'again', transport, host: '127.0.0.1', port }]);
    expect(again.layer.listeners()[0]).toMatchObject({ port, advertised: `127.0.0.1:${port}` });
  });

  it('names the listener whose port is taken', { meta: { clause: 'RFC 3261 18' } }, async () => {
    const a = await peers.start([transport]);
    const { port } = a.to(transport);
    await expect(peers.start([{ name: 'second', transport, host: '127.0.0.1', port }])).rejects.toMatchObject(
      {
        name: 'SipTransportError',
        reason: 'address-in-use',
        message: expect.stringContaining(`${transport} listener second on 127.0.0.1:${port}`) as string,
      },
    );
  });

  it.each(['0.0.0.0', '224.0.1.75', '255.255.255.255', '::', 'ff02::1', 'localhost'])(
    'sends nothing to %s',
    { meta: { clause: 'RFC 3261 18.1.1' } },
    async (address) => {
      const a = await peers.start([transport]);
      await expect(a.layer.flowTo({ transport, address, port: 5060 })).rejects.toMatchObject({
        reason: 'bad-destination',
      });
      await expect(a.layer.flowTo({ transport, address: '127.0.0.1', port: 0 })).rejects.toMatchObject({
        reason: 'bad-destination',
      });
    },
  );
});

it.each(['udp', 'tcp', 'ws'] as const)(
  'speaks IPv6 over %s',
  { meta: { clause: 'RFC 5118 4' } },
  async (transport) => {
    const six = await peers.start([{ name: 'six', transport, host: '::1', port: 0 }]);
    const both = await peers.start([{ name: 'both', transport, host: '::', port: 0 }]);
    const { port } = both.to(transport);
    const flow = await six.layer.flowTo({ transport, address: '::1', port }, 'six');
    flow.send(message(1));
    await both.until(() => both.got.length === 1);
    expect(both.got[0]!.flow.remoteAddress).toBe('::1');
    both.got[0]!.flow.send(message(2));
    await six.until(() => six.got.length === 1);
    const four = await peers.start([transport]);
    (await four.layer.flowTo({ transport, address: '127.0.0.1', port })).send(message(3));
    await both.until(() => both.got.length === 2);
    // IPv4 that comes in on an IPv6 socket is IPv4 to everybody.
    expect(both.got[1]!.flow.remoteAddress).toBe('127.0.0.1');
    both.got[1]!.flow.send(message(4));
    await four.until(() => four.got.length === 1);
  },
);

describe('udp', () => {
  it('tells of a datagram that cannot go, once', { meta: { clause: 'RFC 3261 18.4' } }, async () => {
    const a = await peers.start(['udp']);
    const flow = await a.layer.flowTo({ transport: 'udp', address: '127.0.0.1', port: 9 });
    const reasons: string[] = [];
    flow.onError((reason) => reasons.push(reason));
    const off = flow.onError(() => reasons.push('taken back'));
    off();
    flow.send(Buffer.alloc(70_000));
    flow.send(Buffer.alloc(70_000));
    await a.until(() => reasons.length > 0);
    expect(reasons).toEqual(['too-large']);
    const broadcast = a.layer.flow('udp|side-udp|255.255.255.255|5060')!;
    broadcast.onError((reason) => reasons.push(reason));
    broadcast.send(message(1));
    await a.until(() => reasons.length > 1);
    expect(reasons[1]).toBe('forbidden-destination-broadcast');
  });

  it(
    'lives through answers from closed ports and rubbish',
    { meta: { clause: 'RFC 3261 18.4' } },
    async () => {
      const a = await peers.start(['udp']);
      const flow = await a.layer.flowTo({ transport: 'udp', address: '127.0.0.1', port: 9 });
      for (let i = 0; i < 20; i++) flow.send(message(i));
      const socket = createSocket('udp4');
      cleanups.push(() => socket.close());
      const { port } = a.to('udp');
      for (const rubbish of ['', '\0', '\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', 'x'.repeat(2_000)]) {
        socket.send(rubbish, port, '127.0.0.1');
      }
      socket.send(message(7), port, '127.0.0.1');
      await a.until(() => a.got.length === 1);
      expect(a.got[0]!.text).toContain('CSeq: 7 MESSAGE');
    },
  );

  it(
    'takes the largest datagram there is',
    { meta: { clause: 'RFC 3261 18.1.1', shall: '6.1.1-5' } },
    async () => {
      const a = await peers.start(['udp'], { messageLimits: { maxMessage: 70_000 } });
      const flow = await a.layer.flowTo(a.to('udp'));
      const head = message(1).length + 4;
      const largest = message(1, 'x'.repeat(65_507 - head));
      expect(largest.length).toBe(65_507);
      flow.send(largest);
      await a.until(() => a.got.length === 1);
      expect(a.got[0]!.text.length).toBe(65_507);
    },
  );
});

describe('tcp', () => {
  it(
    'reads a message that comes octet by octet, and two in one chunk',
    { meta: { clause: 'RFC 3261 18.3', shall: '6.1.1-5' } },
    async () => {
      const a = await peers.start(['tcp']);
      const socket = await plain(a.to('tcp').port);
      socket.setNoDelay(true);
      for (const octet of message(1, 'hello')) {
        socket.write(Buffer.of(octet));
        await new Promise((resolve) => setImmediate(resolve));
      }
      socket.write(Buffer.concat([message(2), message(3, 'body')]));
      await a.until(() => a.got.length === 3);
      expect(a.got.map(({ text }) => /CSeq: (\d)/.exec(text)![1])).toEqual(['1', '2', '3']);
      expect(new Set(a.got.map(({ flow }) => flow.id)).size).toBe(1);
    },
  );

  it('answers a keep-alive', { meta: { clause: 'RFC 5626 3.5.1' } }, async () => {
    const a = await peers.start(['tcp']);
    const socket = await plain(a.to('tcp').port);
    socket.write('\r\n\r\n');
    await a.until(() => socket.text() === '\r\n');
  });

  it('closes a connection whose framing is lost', { meta: { clause: 'RFC 3261 18.3' } }, async () => {
    const a = await peers.start(['tcp']);
    const socket = await plain(a.to('tcp').port);
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.write(
      message(1)
        .toString('latin1')
        .replace(/Content-Length: \d+\r\n/, ''),
    );
    await ended;
    expect(a.invalid).toMatchObject([{ status: 400 }]);
    expect(a.closed).toHaveLength(1);
  });

  it(
    'opens one connection for many sends at once, and keeps to it',
    { meta: { clause: 'RFC 5923 8.1', shall: ['6.1.1-2', '6.1.1-9'] } },
    async () => {
      const a = await peers.start(['tcp']);
      const b = await peers.start(['tcp']);
      const flows = await Promise.all(
        Array.from({ length: 200 }, () => a.layer.flowTo(b.to('tcp'), 'side-tcp')),
      );
      flows.forEach((flow, i) => flow.send(message(i)));
      await b.until(() => b.got.length === 200);
      expect(new Set(b.got.map(({ flow }) => flow.id)).size).toBe(1);
      expect((await a.layer.flowTo(b.to('tcp'), 'side-tcp')).id).toBe(flows[0]!.id);
      // Another side of the element has connections of its own.
      expect((await a.layer.flowTo(b.to('tcp'))).id).not.toBe(flows[0]!.id);
    },
  );

  it('opens a new connection after the old one closed', { meta: { clause: 'RFC 5923 8.1' } }, async () => {
    const a = await peers.start(['tcp']);
    const b = await peers.start(['tcp']);
    const first = await a.layer.flowTo(b.to('tcp'));
    const reasons: string[] = [];
    first.onError((reason) => reasons.push(reason));
    first.send(message(1));
    await b.until(() => b.got.length === 1);
    b.layer.dropFlow(b.got[0]!.flow.id, 'test');
    await a.until(() => !first.open);
    await a.until(() => reasons.length === 1);
    first.send(message(2));
    expect(a.layer.flow(first.id)).toBeUndefined();
    expect(a.closed).toEqual([first.id]);
    const second = await a.layer.flowTo(b.to('tcp'));
    second.send(message(3));
    await b.until(() => b.got.length === 2);
    expect(reasons).toEqual(['closed']);
    const late: string[] = [];
    first.onError((reason) => late.push(reason));
    await a.until(() => late.length === 1);
  });

  it('says that a connection is refused', { meta: { clause: 'RFC 3261 18.4' } }, async () => {
    const a = await peers.start(['tcp']);
    const b = await peers.start(['tcp']);
    const destination = b.to('tcp');
    await b.layer.stop();
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => a.layer.flowTo(destination)));
    for (const one of all) expect(one).toMatchObject({ status: 'rejected', reason: { reason: 'refused' } });
  });

  it('gives up a connection that does not come about', { meta: { clause: 'RFC 3261 18.4' } }, async () => {
    const clock = new ManualClock();
    const a = await peers.start(['ws'], { clock });
    const deaf = createServer((socket) => cleanups.push(() => socket.destroy()));
    cleanups.push(() => deaf.close());
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
    const { port } = deaf.address() as { port: number };
    // The upgrade of a WebSocket is never answered.
    const flow = a.layer.flowTo({ transport: 'ws', address: '127.0.0.1', port });
    const outcome = expect(flow).rejects.toMatchObject({ reason: 'timeout' });
    await clock.run(4_000, 20);
    await outcome;
  });

  it('drops a peer that does not read, and no other', { meta: { clause: 'RFC 3261 18' } }, async () => {
    const a = await peers.start(['tcp']);
    const slow = await plain(a.to('tcp').port);
    slow.write(message(1));
    await a.until(() => a.got.length === 1);
    slow.pause();
    const good = await plain(a.to('tcp').port);
    good.write(message(2));
    await a.until(() => a.got.length === 2);
    const [toSlow, toGood] = [a.got[0]!.flow, a.got[1]!.flow];
    const reasons: string[] = [];
    toSlow.onError((reason) => reasons.push(reason));
    const large = message(3, 'x'.repeat(60_000));
    for (let i = 0; i < 1_000 && toSlow.open; i++) {
      toSlow.send(large);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(toSlow.open).toBe(false);
    toGood.send(message(4, 'still here'));
    await a.until(() => good.text().includes('still here'));
    expect(reasons).toEqual(['slow-peer']);
    expect(a.closed).toEqual([toSlow.id]);
  });

  it(
    'takes no more connections than allowed, the silent ones giving way',
    { meta: { clause: 'RFC 3261 18' } },
    async () => {
      const a = await peers.start(['tcp'], { limits: { maxConnections: 3 } });
      const { port } = a.to('tcp');
      const [first, second] = [await plain(port), await plain(port)];
      second.write(message(1));
      await a.until(() => a.got.length === 1);
      const [third, fourth] = [await plain(port), await plain(port)];
      await a.until(() => first.destroyed);
      third.write(message(2));
      fourth.write(message(3));
      await a.until(() => a.got.length === 3);
      const fifth = await plain(port);
      await a.until(() => fifth.destroyed);
      expect([second, third, fourth].map((socket) => socket.destroyed)).toEqual([false, false, false]);
      expect(a.layer.connections).toBe(3);
      const b = await peers.start(['tcp']);
      await expect(a.layer.flowTo(b.to('tcp'))).rejects.toMatchObject({ reason: 'too-many-connections' });
    },
  );

  it(
    'closes a connection that never sends a whole message',
    { meta: { clause: 'RFC 3261 18', shall: '6.1.1-8' } },
    async () => {
      const clock = new ManualClock();
      const a = await peers.start(['tcp'], { clock });
      const silent = await plain(a.to('tcp').port);
      const half = await plain(a.to('tcp').port);
      half.write(Buffer.concat([message(1), message(2).subarray(0, 50)]));
      const busy = await plain(a.to('tcp').port);
      busy.write(message(3));
      await a.until(() => a.got.length === 2);
      half.write(message(2).subarray(50, 60));
      await new Promise((resolve) => setTimeout(resolve, 20));
      clock.advance(32_000);
      await a.until(() => silent.destroyed && half.destroyed);
      expect(busy.destroyed).toBe(false);
    },
  );

  it('goes on when a handler throws', { meta: { clause: 'RFC 3261 18' } }, async () => {
    const a = await peers.start(['tcp']);
    const b = await peers.start(['tcp']);
    let count = 0;
    b.layer.onMessage = () => {
      count++;
      throw new Error('handler');
    };
    const flow = await a.layer.flowTo(b.to('tcp'));
    flow.send(message(1));
    flow.send(message(2));
    await b.until(() => count === 2);
    flow.onError(() => {
      throw new Error('callback');
    });
    a.layer.onFlowClosed(() => {
      throw new Error('callback');
    });
    a.layer.dropFlow(flow.id, 'test');
    await b.until(() => b.closed.length === 1);
  });
});

describe('keep-alive', () => {
  it(
    'pings a silent server, and closes when it stops answering',
    { meta: { clause: 'RFC 5626 4.4.1' } },
    async () => {
      const clock = new ManualClock();
      const a = await peers.start(['tcp'], { clock });
      let pings = 0;
      let answer = true;
      const server = createServer((socket) => {
        cleanups.push(() => socket.destroy());
        socket.on('data', (chunk: Buffer) => {
          if (chunk.toString() !== '\r\n\r\n') return;
          pings++;
          if (answer) socket.write('\r\n');
        });
      });
      cleanups.push(() => server.close());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      const flow = await a.layer.flowTo({ transport: 'tcp', address: '127.0.0.1', port });
      clock.advance(26_000);
      await a.until(() => pings === 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      clock.advance(15_000);
      expect(flow.open).toBe(true);
      answer = false;
      clock.advance(12_000);
      await a.until(() => pings === 2);
      clock.advance(11_000);
      expect(flow.open).toBe(false);
    },
  );
});

it(
  'gives up a connection whose peer has vanished, not one that is at rest',
  { meta: { clause: 'RFC 3261 17.1.2.2' } },
  async () => {
    const clock = new ManualClock();
    const a = await peers.start(['tcp'], { clock, limits: { keepAliveMs: 0 } });
    const b = await peers.start(['tcp']);
    const answered = await a.layer.flowTo(b.to('tcp'));
    answered.send(message(1));
    await b.until(() => b.got.length === 1);
    b.got[0]!.flow.send(message(2));
    await a.until(() => a.got.length === 1);
    const other = await peers.start(['tcp']);
    const unanswered = await a.layer.flowTo(other.to('tcp'));
    unanswered.send(message(3));
    const response = await a.layer.flowTo(other.to('tcp'), 'side-tcp');
    response.send(Buffer.from(message(4).toString().replace(/^.*/, 'SIP/2.0 200 OK')));
    const reasons: string[] = [];
    for (const flow of [answered, unanswered, response]) flow.onError((reason) => reasons.push(reason));
    await other.until(() => other.got.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    clock.advance(33_000);
    await a.until(() => reasons.length > 0);
    expect(reasons).toEqual(['unanswered']);
    expect([answered.open, unanswered.open, response.open]).toEqual([true, false, true]);
  },
);

describe('ws', () => {
  const open = (url: string, protocols?: string) => {
    const socket = new WebSocket(url, protocols);
    cleanups.push(() => socket.terminate());
    return new Promise<WebSocket | string>((resolve) => {
      socket.once('open', () => resolve(socket));
      socket.once('error', (error) => resolve(error.message));
    });
  };

  it('wants the subprotocol and the path', { meta: { clause: 'RFC 7118 4.1' } }, async () => {
    const a = await peers.start([{ name: 'ws', transport: 'ws', host: '127.0.0.1', port: 0, path: '/sip' }]);
    const { port } = a.to('ws');
    expect(await open(`ws://127.0.0.1:${port}/sip`)).toContain('400');
    expect(await open(`ws://127.0.0.1:${port}/sip`, 'other')).toContain('400');
    expect(await open(`ws://127.0.0.1:${port}/`, 'sip')).toContain('404');
    expect(((await open(`ws://127.0.0.1:${port}/sip?x=1`, 'sip')) as WebSocket).protocol).toBe('sip');
    const response = await fetch(`http://127.0.0.1:${port}/sip`);
    expect(response.status).toBe(426);
    const b = await peers.start([], { clientPath: '/wrong' });
    await expect(b.layer.flowTo(a.to('ws'))).rejects.toMatchObject({ reason: 'handshake' });
  });

  it('closes what never asks for a WebSocket', { meta: { clause: 'RFC 6455 4.2' } }, async () => {
    const a = await peers.start(['ws'], { limits: { handshakeTimeoutMs: 100, sweepMs: 50 } });
    const silent = await plain(a.to('ws').port);
    const drip = await plain(a.to('ws').port);
    const dripping = setInterval(() => drip.write('GET'), 20);
    cleanups.push(() => clearInterval(dripping));
    const socket = (await open(`ws://127.0.0.1:${a.to('ws').port}/`, 'sip')) as WebSocket;
    await a.until(() => silent.destroyed && drip.destroyed);
    socket.send(message(1));
    await a.until(() => a.got.length === 1);
  });

  it('takes text and binary, and answers in text', { meta: { clause: 'RFC 7118 4.2' } }, async () => {
    const a = await peers.start(['ws']);
    const socket = (await open(`ws://127.0.0.1:${a.to('ws').port}/`, 'sip')) as WebSocket;
    const frames: { data: string; binary: boolean }[] = [];
    socket.on('message', (data: Buffer, binary) => frames.push({ data: data.toString('latin1'), binary }));
    socket.send(message(1, 'é').toString('utf8'));
    socket.send(message(2));
    socket.send('\r\n\r\n');
    await a.until(() => a.got.length === 2 && frames.length === 1);
    expect(frames[0]).toEqual({ data: '\r\n', binary: false });
    a.got[0]!.flow.send(message(3, 'ü'));
    a.got[0]!.flow.send(Buffer.concat([message(4), Buffer.of(0xff)]));
    await a.until(() => frames.length === 3);
    expect(frames.slice(1).map(({ binary }) => binary)).toEqual([false, true]);
  });

  it('closes on a message above the limit', { meta: { clause: 'RFC 7118 5' } }, async () => {
    const a = await peers.start(['ws']);
    const socket = (await open(`ws://127.0.0.1:${a.to('ws').port}/`, 'sip')) as WebSocket;
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.send(Buffer.alloc(140_000));
    expect(await closed).toBe(1009);
    await a.until(() => a.closed.length === 1);
  });

  it('closes a client that answers no pings', { meta: { clause: 'RFC 7118 6' } }, async () => {
    const clock = new ManualClock();
    const a = await peers.start(['ws'], { clock });
    const url = `ws://127.0.0.1:${a.to('ws').port}/`;
    const good = (await open(url, 'sip')) as WebSocket;
    const dead = new WebSocket(url, 'sip', { autoPong: false });
    cleanups.push(() => dead.terminate());
    await new Promise((resolve) => dead.once('open', resolve));
    good.send(message(1));
    dead.send(message(2));
    await a.until(() => a.got.length === 2);
    const pinged = [good, dead].map((socket) => new Promise((resolve) => socket.once('ping', resolve)));
    clock.advance(26_000);
    await Promise.all(pinged);
    await new Promise((resolve) => setTimeout(resolve, 20));
    clock.advance(11_000);
    await a.until(() => a.closed.length === 1);
    expect(good.readyState).toBe(WebSocket.OPEN);
  });
});

it('names itself by what is advertised', { meta: { clause: 'RFC 3261 18.1.1' } }, async () => {
  const host = '127.0.0.1';
  const a = await peers.start([
    { name: 'in', transport: 'udp', host, port: 0, advertise: { host: 'bcf.example', port: 5060 } },
    { name: 'out-side', transport: 'udp', host, port: 0 },
    { name: 'six', transport: 'tcp', host: '::1', port: 0 },
  ]);
  const port = (name: string) => a.layer.listeners().find((listener) => listener.name === name)!.port;
  expect(a.layer.sentBy('udp')).toBe('bcf.example:5060');
  expect(a.layer.sentBy('udp', 'out-side')).toBe(`127.0.0.1:${port('out-side')}`);
  expect(a.layer.sentBy('tcp', 'in')).toBe(`[::1]:${port('six')}`);
  expect(a.layer.sentBy('tls', 'in')).toBe('bcf.example:5060');
  const none = await peers.start([]);
  expect(none.layer.sentBy('ws')).toBe('unreachable.invalid');
  await expect(none.layer.flowTo(a.to('udp'))).rejects.toMatchObject({ reason: 'no-listener' });
});
