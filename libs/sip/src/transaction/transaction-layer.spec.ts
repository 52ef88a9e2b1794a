import { expect, it } from 'vitest';
import { ManualClock, silentLogger } from '@esinet/kernel';
import { buildRequest } from '../codec/build.js';
import { parseDatagram } from '../codec/datagram.js';
import { MemoryNetwork } from '../transport/memory-network.js';
import type { TransportName } from '../transport/destination.js';
import type { ServerTransaction } from './server-transaction.js';
import { TransactionLayer, type TransactionLayerOptions } from './transaction-layer.js';

const secret = Buffer.from('8 bytes.');

function network(transport: TransportName = 'udp', limits?: TransactionLayerOptions['limits']) {
  const clock = new ManualClock();
  const net = new MemoryNetwork({ clock });
  const layer = (address: string) => {
    const node = net.node({ address, transport });
    const transactions = new TransactionLayer({
      transport: node,
      clock,
      logger: silentLogger,
      secret,
      ...(limits ? { limits } : undefined),
    });
    return { node, transactions };
  };
  const client = layer('192.0.2.1');
  const server = layer('192.0.2.2');
  const received: ServerTransaction[] = [];
  server.transactions.onRequest = (tx) => void received.push(tx);
  const sent: string[] = [];
  const original = net.fate;
  let fate: (line: string) => number = () => 1;
  net.fate = (packet) => {
    const line = packet.bytes.toString('latin1', 0, packet.bytes.indexOf('\r\n')).replace(' SIP/2.0', '');
    sent.push(`${clock.now()} ${packet.from === '192.0.2.1:5060' ? '>' : '<'} ${line.slice(0, 40)}`);
    return fate(line) * original(packet);
  };
  const to = { transport, address: '192.0.2.2', port: 5060 };
  return { clock, net, client, server, received, sent, to, setFate: (f: typeof fate) => (fate = f) };
}

function request(method: string, o: { via?: string; callId?: string; uri?: string } = {}): Buffer {
  return buildRequest({
    method,
    uri: o.uri ?? 'urn:service:sos',
    headers: [
      ...(o.via === undefined ? [] : [['Via', o.via] as const]),
      ['Max-Forwards', '70'],
      ['From', '<sip:a@example.com>;tag=f1'],
      ['To', '<urn:service:sos>'],
      ['Call-ID', o.callId ?? 'c1'],
      ['CSeq', `1 ${method}`],
    ],
  });
}

function outcome() {
  const got: (number | string)[] = [];
  return {
    got,
    onResponse: (response: { status: number }) => void got.push(response.status),
    onFailure: (reason: string) => void got.push(reason),
  };
}

it(
  'answers each repetition with the stored answer, and hands up the request once',
  {
    meta: { clause: ['RFC 3261 17.2.2', 'RFC 3261 17.2.3'] },
  },
  async () => {
    const { clock, client, server, received, sent, to, setFate } = network();
    const events = outcome();
    let answers = 0;
    setFate((line) => (line.startsWith('SIP/2.0 200') && ++answers < 3 ? 0 : 1));
    server.transactions.onRequest = (tx) => {
      received.push(tx);
      tx.respond({ status: 200 });
    };
    client.transactions.request({ bytes: request('MESSAGE'), destination: to }, events);
    await clock.run(6_000, 50);
    expect(received).toHaveLength(1);
    expect(events.got).toEqual([200]);
    expect(sent).toHaveLength(6);
    expect(server.transactions.counters.retransmissions).toBe(2);
    expect([client.transactions.size.client, server.transactions.size.server]).toEqual([1, 1]);
    await clock.run(40_000, 500);
    expect([client.transactions.size.client, server.transactions.size.server]).toEqual([0, 0]);
    expect(clock.waiting).toBe(0);
  },
);

it(
  'tells of a timeout after 64*T1 and eleven sendings',
  {
    meta: { clause: ['RFC 3261 17.1.2.2', 'RFC 3261 8.1.3.1'] },
  },
  async () => {
    const { clock, client, sent, to, setFate } = network();
    const events = outcome();
    setFate(() => 0);
    client.transactions.request({ bytes: request('MESSAGE'), destination: to }, events);
    await clock.run(33_000, 100);
    expect(events.got).toEqual(['timeout']);
    expect(sent).toHaveLength(11);
    expect(client.transactions.size.client).toBe(0);
  },
);

it(
  'sends 100 to a non-INVITE request only when Timer E has reached T2, and never a 408',
  {
    meta: { clause: ['RFC 4320 4.1', 'RFC 4320 4.2'] },
  },
  async () => {
    const { clock, client, received, sent, to } = network();
    const events = outcome();
    client.transactions.request({ bytes: request('MESSAGE'), destination: to }, events);
    await clock.run(3_400, 50);
    received[0]!.respond({ status: 100 });
    received[0]!.respond({ status: 180 });
    await clock.run(600, 50);
    const answers = sent.filter((line) => line.includes('<'));
    expect(answers[0]).toMatch(/^35\d\d < SIP\/2.0 100/);
    expect(answers.every((line) => line.includes('SIP/2.0 100'))).toBe(true);
    received[0]!.respond({ status: 408 });
    await clock.run(40_000, 500);
    expect(events.got).toEqual([100, 100, 'timeout']);
  },
);

it('sends no response but the first final one', { meta: { clause: 'RFC 3261 17.2.2' } }, async () => {
  const { clock, client, received, to } = network();
  const events = outcome();
  client.transactions.request({ bytes: request('MESSAGE'), destination: to }, events);
  await clock.run(100);
  received[0]!.respond({ status: 202 });
  received[0]!.respond({ status: 500 });
  await clock.run(1_000);
  expect(events.got).toEqual([202]);
});

it(
  'cancels an INVITE once it has been answered provisionally',
  {
    meta: { clause: ['RFC 3261 9.1', 'RFC 3261 9.2', 'RFC 3261 17.1.1.3'] },
  },
  async () => {
    const { clock, client, received, sent, to } = network();
    const events = outcome();
    const invite = client.transactions.request({ bytes: request('INVITE'), destination: to }, events);
    invite.cancel();
    await clock.run(100);
    expect(sent.some((line) => line.includes('CANCEL'))).toBe(false);
    received[0]!.onCancel(() => received[0]!.respond({ status: 487 }));
    await clock.run(500);
    expect(received[0]!.cancelled).toBe(true);
    expect(events.got).toEqual([100, 487]);
    expect(sent.map((line) => line.split(' ').slice(1, 4).join(' '))).toEqual([
      '> INVITE urn:service:sos',
      '< SIP/2.0 100',
      '> CANCEL urn:service:sos',
      '< SIP/2.0 200',
      '< SIP/2.0 487',
      '> ACK urn:service:sos',
    ]);
    await clock.run(40_000, 500);
    expect([client.transactions.size.client, server0(received)]).toEqual([0, true]);
  },
);

function server0(received: readonly ServerTransaction[]): boolean {
  return received[0]!.answered;
}

it(
  'answers 481 to a CANCEL of nothing, and drops a stray ACK and a stray response',
  {
    meta: { clause: ['RFC 3261 9.2', 'RFC 6026 7.3'] },
  },
  async () => {
    const { clock, net, server, sent } = network();
    const acks: string[] = [];
    server.transactions.onAck = (ack) => void acks.push(ack.callId ?? '');
    const stranger = net.node({ address: '192.0.2.9' });
    const via = 'SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx';
    stranger.send('192.0.2.2:5060', request('CANCEL', { via }));
    stranger.send('192.0.2.2:5060', request('ACK', { via: `${via}2`, callId: 'for-a-2xx' }));
    stranger.send(
      '192.0.2.2:5060',
      Buffer.from('SIP/2.0 200 OK\r\nVia: ' + via + '\r\nCSeq: 1 MESSAGE\r\n\r\n'),
    );
    await clock.run(100);
    expect(sent.filter((line) => line.includes('SIP/2.0 481'))).toHaveLength(1);
    expect(acks).toEqual(['for-a-2xx']);
    expect(server.transactions.counters.strayResponses + server.transactions.counters.invalid).toBe(1);
  },
);

it(
  'knows a repetition without the cookie by its fields',
  { meta: { clause: 'RFC 3261 17.2.3' } },
  async () => {
    const { clock, net, server, received } = network();
    const stranger = net.node({ address: '192.0.2.9' });
    for (const callId of ['c1', 'c1', 'c2']) {
      stranger.send('192.0.2.2:5060', request('MESSAGE', { via: 'SIP/2.0/UDP 192.0.2.9', callId }));
    }
    await clock.run(100);
    expect(received.map((tx) => tx.request.callId)).toEqual(['c1', 'c2']);
    expect(server.transactions.counters.retransmissions).toBe(1);
  },
);

it(
  'answers to the source where rport asks, else to the port of sent-by',
  {
    meta: { clause: ['RFC 3261 18.2.1', 'RFC 3261 18.2.2', 'RFC 3581 4'] },
  },
  async () => {
    const { clock, net, server } = network();
    const places: string[] = [];
    const vias: string[] = [];
    const plain = net.fate;
    net.fate = (packet) => {
      const parsed = parseDatagram(packet.bytes);
      if (parsed.kind === 'message' && !parsed.message.isRequest) {
        places.push(packet.to);
        vias.push(parsed.message.topVia?.text ?? '');
      }
      return plain(packet);
    };
    server.transactions.onRequest = (tx) => tx.respond({ status: 200 });
    const behindNat = net.node({ address: '198.51.100.7', port: 40_000 });
    behindNat.send(
      '192.0.2.2:5060',
      request('MESSAGE', { via: 'SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bKa' }),
    );
    behindNat.send(
      '192.0.2.2:5060',
      request('MESSAGE', { via: 'SIP/2.0/UDP 10.0.0.1:5080;branch=z9hG4bKb' }),
    );
    await clock.run(100);
    expect(places).toEqual(['198.51.100.7:40000', '198.51.100.7:5080']);
    expect(vias[0]).toContain('rport=40000');
    expect(vias[0]).toContain('received=198.51.100.7');
    expect(vias[1]).toContain('received=198.51.100.7');
    expect(vias[1]).not.toContain('rport');
  },
);

it(
  'answers with the configured status when the table is full, and takes new ones when it empties',
  {
    meta: { clause: 'TS 103 698 6.1.2.9' },
  },
  async () => {
    const { clock, net, server, received, sent } = network('udp', { maxTransactions: 2 });
    const stranger = net.node({ address: '192.0.2.9' });
    const send = (n: number) =>
      stranger.send(
        '192.0.2.2:5060',
        request('MESSAGE', { via: `SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK${n}` }),
      );
    for (const n of [1, 2, 3]) send(n);
    await clock.run(100);
    expect(received).toHaveLength(2);
    expect(sent.filter((line) => line.includes('SIP/2.0 480'))).toHaveLength(1);
    for (const tx of received) tx.respond({ status: 200 });
    await clock.run(33_000, 500);
    send(4);
    await clock.run(100);
    expect(received).toHaveLength(3);
    expect(server.transactions.counters.full).toBe(1);
  },
);

it(
  'answers what it discarded with nothing, repetitions included',
  { meta: { clause: 'RFC 3261 17.2.2' } },
  async () => {
    const { clock, client, server, received, sent, to } = network();
    server.transactions.onRequest = (tx) => {
      received.push(tx);
      tx.discard();
    };
    client.transactions.request({ bytes: request('MESSAGE'), destination: to }, outcome());
    await clock.run(20_000, 100);
    expect(received).toHaveLength(1);
    expect(sent.filter((line) => line.includes('<'))).toEqual([]);
  },
);

it(
  'forgets a request nobody answered when its client has given up',
  { meta: { clause: 'RFC 4320 4.2' } },
  async () => {
    const { clock, client, server, received, to } = network();
    client.transactions.request({ bytes: request('MESSAGE'), destination: to }, outcome());
    await clock.run(40_000, 500);
    expect(received).toHaveLength(1);
    expect(server.transactions.size.server).toBe(0);
  },
);

it(
  'sends a request again over a new connection when a reused one breaks, with the same branch',
  {
    meta: { clause: ['RFC 3261 18.4', 'RFC 5923 6'] },
  },
  async () => {
    const { clock, client, received, sent, to, setFate } = network('tcp');
    const events = outcome();
    setFate(() => 0);
    client.transactions.request({ bytes: request('MESSAGE'), destination: to }, events);
    await clock.run(10);
    setFate(() => 1);
    client.node.close(await client.node.flowTo(to));
    await clock.run(100);
    expect(received).toHaveLength(1);
    received[0]!.respond({ status: 200 });
    await clock.run(100);
    expect(events.got).toEqual([200]);
    expect(sent).toHaveLength(3);
  },
);

it('tells of a transport failure when nobody listens', { meta: { clause: 'RFC 3261 17.1.4' } }, async () => {
  const { clock, client, to } = network('tcp');
  const events = outcome();
  client.transactions.request({ bytes: request('MESSAGE'), destination: { ...to, port: 9 } }, events);
  expect(events.got).toEqual([]);
  await clock.run(10);
  expect(events.got).toEqual(['transport']);
  expect(client.transactions.size.client).toBe(0);
});

it('answers 500 when the handler throws, and lives', { meta: { clause: 'RFC 3261 8.2.6' } }, async () => {
  const { clock, client, server, to } = network();
  const events = outcome();
  server.transactions.onRequest = () => {
    throw new Error('handler');
  };
  client.transactions.request({ bytes: request('MESSAGE'), destination: to }, events);
  await clock.run(100);
  expect(events.got).toEqual([500]);
  expect(server.transactions.counters.errors).toBe(1);
});

it(
  'gives one request the same branch in each worker of a cluster',
  { meta: { clause: 'RFC 3261 16.11' } },
  () => {
    const first = network().server.transactions;
    const second = network().server.transactions;
    const parsed = parseDatagram(request('MESSAGE', { via: 'SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa' }));
    if (parsed.kind !== 'message') throw new Error('unparsable');
    expect(first.branchFor(parsed.message, 0)).toMatch(/^z9hG4bK[0-9a-f]{16}$/);
    expect(first.branchFor(parsed.message, 1)).toBe(second.branchFor(parsed.message, 1));
    expect(first.branchFor(parsed.message, 1)).not.toBe(first.branchFor(parsed.message, 0));
  },
);

it(
  'absorbs repeated INVITEs after a 2xx, and hands its ACK to the user',
  { meta: { clause: 'RFC 6026 7.1' } },
  async () => {
    const { clock, net, server, received, sent } = network();
    const acks: string[] = [];
    server.transactions.onAck = (ack) => void acks.push(ack.method);
    const stranger = net.node({ address: '192.0.2.9' });
    const via = 'SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKinv';
    stranger.send('192.0.2.2:5060', request('INVITE', { via }));
    await clock.run(50);
    received[0]!.respond({ status: 200 });
    stranger.send('192.0.2.2:5060', request('INVITE', { via }));
    stranger.send('192.0.2.2:5060', request('ACK', { via }));
    await clock.run(50);
    expect(received).toHaveLength(1);
    expect(acks).toEqual(['ACK']);
    expect(sent.filter((line) => line.includes('SIP/2.0 200'))).toHaveLength(1);
  },
);

it(
  'gives the same answer to a request that comes again over a new connection',
  {
    meta: { clause: 'RFC 3261 17.2.2' },
  },
  async () => {
    const { clock, client, server, received, to, setFate } = network('tcp');
    const events = outcome();
    server.transactions.onRequest = (tx) => {
      received.push(tx);
      tx.respond({ status: 200 });
    };
    setFate((line) => (line.startsWith('SIP/2.0') ? 0 : 1));
    client.transactions.request({ bytes: request('MESSAGE'), destination: to }, events);
    await clock.run(20);
    setFate(() => 1);
    client.node.close(await client.node.flowTo(to));
    await clock.run(20);
    expect(received).toHaveLength(1);
    expect(events.got).toEqual([200]);
    await clock.run(6_000, 100);
    expect(server.transactions.size.server).toBe(0);
  },
);

it(
  'ends in order: waits for answers, then fails what is pending',
  { meta: { clause: 'RFC 3261 17' } },
  async () => {
    const { clock, client, server, received, to, sent } = network();
    const events = outcome();
    client.transactions.request({ bytes: request('MESSAGE'), destination: to }, events);
    await clock.run(20);
    const busy = server.transactions.idle(100);
    await clock.run(200);
    expect([await busy, server.transactions.unanswered]).toEqual([false, 1]);
    const idle = server.transactions.idle(1_000);
    received[0]!.respond({ status: 200 });
    await clock.run(50);
    expect([await idle, server.transactions.unanswered]).toEqual([true, 0]);
    const late = outcome();
    client.transactions.request({ bytes: request('MESSAGE', { callId: 'c2' }), destination: to }, late);
    await clock.run(20);
    const before = sent.length;
    client.transactions.stop();
    await clock.run(2_000, 50);
    expect(late.got).toEqual(['transport']);
    expect(sent.length - before).toBeLessThanOrEqual(1);
  },
);

it('shows every message to the capture hook, and loses none when that throws', async () => {
  const clock = new ManualClock();
  const net = new MemoryNetwork({ clock });
  const seen: string[] = [];
  const layer = (address: string, onWire: TransactionLayerOptions['onWire']) =>
    new TransactionLayer({
      transport: net.node({ address }),
      clock,
      logger: silentLogger,
      ...(onWire ? { onWire } : {}),
    });
  const client = layer('192.0.2.1', ({ direction, bytes }) => {
    seen.push(`${direction} ${bytes.toString('latin1', 0, 7)}`);
  });
  const server = layer('192.0.2.2', () => {
    throw new Error('disk full');
  });
  server.onRequest = (tx) => tx.respond({ status: 200 });
  const events = outcome();
  client.request(
    { bytes: request('MESSAGE'), destination: { transport: 'udp', address: '192.0.2.2', port: 5060 } },
    events,
  );
  await clock.run(50);
  expect(events.got).toEqual([200]);
  expect(seen).toEqual(['out MESSAGE', 'in SIP/2.0']);
  expect(server.counters.errors).toBe(2);
});
