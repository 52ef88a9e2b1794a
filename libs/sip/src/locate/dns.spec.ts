import { type Socket, createSocket } from 'node:dgram';
import { afterEach, expect, it } from 'vitest';
import { ManualClock, systemClock } from '@esinet/kernel';
import { nodeDns } from './dns.js';
import { serverLocator } from './server-locator.js';

/** A name server on loopback, in the wire form of RFC 1035: enough of it to answer with records, or a code. */
const servers: Socket[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const types = { 1: 'a', 28: 'aaaa', 33: 'srv', 35: 'naptr' } as const;

function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.of(0),
  ]);
}

function text(value: string): Buffer {
  return Buffer.from([value.length, ...Buffer.from(value)]);
}

function u16(...values: number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));
}

type Answer = { code: number } | { data: Buffer[]; ttl?: number } | 'silence';

async function nameServer(answers: Record<string, Answer>): Promise<{ address: string; asked: string[] }> {
  const socket = createSocket('udp4');
  servers.push(socket);
  const asked: string[] = [];
  socket.on('message', (query, remote) => {
    const labels: string[] = [];
    let at = 12;
    while (query[at]) {
      labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
      at += query[at]! + 1;
    }
    const type = query.readUInt16BE(at + 1);
    const question = query.subarray(12, at + 5);
    const name = `${types[type as 1] ?? type} ${labels.join('.').toLowerCase()}`;
    asked.push(name);
    const answer = answers[name] ?? { code: 3 };
    if (answer === 'silence') return;
    const records = 'data' in answer ? answer.data : [];
    const ttl = 'data' in answer ? (answer.ttl ?? 60) : 0;
    const header = Buffer.concat([
      query.subarray(0, 2),
      u16(0x8180 | ('code' in answer ? answer.code : 0), 1, records.length, 0, 0),
    ]);
    const bodies = records.map((data) => Buffer.concat([u16(0xc00c, type, 1, 0, ttl, data.length), data]));
    socket.send(Buffer.concat([header, question, ...bodies]), remote.port, remote.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${socket.address().port}`, asked };
}

it(
  'asks a real name server all the way from NAPTR to the address',
  { meta: { clause: 'RFC 3263 4' } },
  async () => {
    const { address, asked } = await nameServer({
      'naptr e.example': {
        data: [
          Buffer.concat([
            u16(50, 50),
            text('s'),
            text('SIPS+D2T'),
            text(''),
            encodeName('_sips._tcp.e.example'),
          ]),
        ],
      },
      'srv _sips._tcp.e.example': { data: [Buffer.concat([u16(0, 1, 5061), encodeName('s1.e.example')])] },
      'a s1.e.example': { data: [Buffer.of(192, 0, 2, 1)], ttl: 30 },
    });
    const locator = serverLocator({
      table: [],
      dns: nodeDns({ servers: [address] }),
      clock: systemClock,
      timeoutMs: 5_000,
      preferred: ['tls', 'tcp', 'udp'],
    });
    expect(await locator.locate('sip:x@e.example')).toEqual([
      { transport: 'tls', address: '192.0.2.1', port: 5061, serverName: 'e.example' },
    ]);
    expect(asked).toEqual([
      'naptr e.example',
      'srv _sips._tcp.e.example',
      'a s1.e.example',
      'aaaa s1.e.example',
    ]);
  },
);

it('tells "there is none" from "could not be asked"', { meta: { clause: 'RFC 2308 2' } }, async () => {
  const { address } = await nameServer({
    'a empty.example': { data: [] },
    'a broken.example': { code: 2 },
    'a silent.example': 'silence',
    'a h.example': { data: [Buffer.of(192, 0, 2, 1)], ttl: 7 },
  });
  const dns = nodeDns({ servers: [address], timeoutMs: 100, tries: 1 });
  expect(await dns.resolve4('h.example')).toEqual([{ address: '192.0.2.1', ttl: 7 }]);
  expect(await dns.resolve4('empty.example')).toEqual([]);
  expect(await dns.resolve4('missing.example')).toEqual([]);
  expect(await dns.resolveSrv('_sip._udp.missing.example')).toEqual([]);
  await expect(dns.resolve4('broken.example')).rejects.toThrow();
  await expect(dns.resolve4('silent.example')).rejects.toThrow();
});

it('is not thrown by a name that is none', { meta: { clause: 'RFC 3263 4.2' } }, async () => {
  const { address } = await nameServer({});
  const locator = serverLocator({
    table: [],
    dns: nodeDns({ servers: [address], timeoutMs: 200, tries: 1 }),
    clock: new ManualClock(),
    timeoutMs: 5_000,
    preferred: ['udp'],
  });
  for (const host of [`${'x'.repeat(64)}.example`, `${'a.'.repeat(200)}example`, 'a-.example']) {
    expect(await locator.locate(`sip:x@${host}:5060`)).toEqual([]);
  }
});

/** An SRV record (RFC 2782). */
function srv(priority: number, weight: number, port: number, target: string): Buffer {
  return Buffer.concat([u16(priority, weight, port), encodeName(target)]);
}

it(
  'lists the servers of SRV by priority, and lives on the last good answer while the name server is dead',
  { meta: { clause: ['RFC 3263 4.2', 'RFC 2782', 'RFC 8767 5'] } },
  async () => {
    const zone: Record<string, Answer> = {
      'naptr e.example': { data: [] },
      'srv _sip._tcp.e.example': {
        data: [srv(20, 1, 5062, 'second.e.example'), srv(10, 1, 5061, 'first.e.example')],
      },
      'a first.e.example': { data: [Buffer.of(192, 0, 2, 1)], ttl: 30 },
      'a second.e.example': { data: [Buffer.of(192, 0, 2, 2)], ttl: 30 },
    };
    const { address, asked } = await nameServer(zone);
    const clock = new ManualClock();
    const locator = serverLocator({
      table: [],
      dns: nodeDns({ servers: [address], timeoutMs: 100, tries: 1 }),
      clock,
      timeoutMs: 5_000,
      preferred: ['tcp'],
    });
    const servers = [
      { transport: 'tcp', address: '192.0.2.1', port: 5061 },
      { transport: 'tcp', address: '192.0.2.2', port: 5062 },
    ];
    expect(await locator.locate('sip:x@e.example')).toEqual(servers);
    for (const failure of [{ code: 2 }, { code: 5 }, 'silence'] as const) {
      for (const name of Object.keys(zone)) zone[name] = failure;
      clock.advance(3_700_000);
      expect(await locator.locate('sip:x@e.example'), JSON.stringify(failure)).toEqual(servers);
    }
    // Once a question has failed nobody waits for the next: the answer is there before the name server could be.
    clock.advance(10_000);
    const before = asked.length;
    expect(await locator.locate('sip:x@e.example')).toEqual(servers);
    expect(asked.length).toBeLessThanOrEqual(before + 4);
    // What never was known is nowhere, and costs no more than the time allowed.
    expect(await locator.locate('sip:x@unknown.example')).toEqual([]);
  },
);

it(
  'remembers that there is none, and asks again when that time is over',
  { meta: { clause: 'RFC 2308 5' } },
  async () => {
    const zone: Record<string, Answer> = {};
    const { address, asked } = await nameServer(zone);
    const clock = new ManualClock();
    const locator = serverLocator({
      table: [],
      dns: nodeDns({ servers: [address], timeoutMs: 200, tries: 1 }),
      clock,
      timeoutMs: 5_000,
      preferred: ['udp'],
    });
    expect(await locator.locate('sip:x@late.example:5060')).toEqual([]);
    const first = asked.length;
    expect(await locator.locate('sip:x@late.example:5060')).toEqual([]);
    expect(asked).toHaveLength(first);
    zone['a late.example'] = { data: [Buffer.of(192, 0, 2, 9)] };
    clock.advance(61_000);
    expect(await locator.locate('sip:x@late.example:5060')).toEqual([
      { transport: 'udp', address: '192.0.2.9', port: 5060 },
    ]);
  },
);
