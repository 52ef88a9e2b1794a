import { describe, expect, it } from 'vitest';
import { ManualClock } from '@esinet/kernel';
import { parseVia } from '../codec/via.js';
import type { AddressRecord, DnsPort, NaptrRecord, SrvRecord } from './dns.js';
import type { HostTableEntry } from './host-table.js';
import { type ServerLocatorOptions, serverLocator } from './server-locator.js';

interface Zone {
  naptr?: Record<string, NaptrRecord[]>;
  srv?: Record<string, SrvRecord[]>;
  a?: Record<string, string[]>;
  aaaa?: Record<string, string[]>;
  ttl?: number;
}

/** The far side: a name server with a zone, that can fail or fall silent. */
class FakeDns implements DnsPort {
  asked: string[] = [];
  mode: 'answer' | 'fail' | 'silent' = 'answer';

  constructor(readonly zone: Zone) {}

  resolveNaptr = (name: string) => this.#answer('naptr', name, this.zone.naptr?.[name] ?? []);
  resolveSrv = (name: string) => this.#answer('srv', name, this.zone.srv?.[name] ?? []);
  resolve4 = (name: string) => this.#answer('a', name, this.#addresses(this.zone.a?.[name]));
  resolve6 = (name: string) => this.#answer('aaaa', name, this.#addresses(this.zone.aaaa?.[name]));

  #addresses(all: string[] = []): AddressRecord[] {
    return all.map((address) => ({ address, ttl: this.zone.ttl ?? 60 }));
  }

  async #answer<T>(type: string, name: string, records: T): Promise<T> {
    this.asked.push(`${type} ${name}`);
    if (this.mode === 'fail') throw new Error('SERVFAIL');
    if (this.mode === 'silent') return new Promise<T>(() => undefined);
    return records;
  }
}

const naptr = (order: number, service: string, replacement: string): NaptrRecord => ({
  order,
  preference: 50,
  flags: 's',
  service,
  regexp: '',
  replacement,
});
const srv = (priority: number, weight: number, port: number, name: string): SrvRecord => ({
  priority,
  weight,
  port,
  name,
});

function locator(zone: Zone, o: Partial<ServerLocatorOptions> = {}) {
  const dns = new FakeDns(zone);
  const clock = new ManualClock();
  const made = serverLocator({
    table: [],
    dns,
    clock,
    timeoutMs: 3_000,
    preferred: ['tls', 'tcp', 'udp'],
    random: () => 0,
    ...o,
  });
  const list = async (uri: string) =>
    (await made.locate(uri)).map(
      (d) => `${d.transport} ${d.address} ${d.port}${d.serverName ? ` ${d.serverName}` : ''}`,
    );
  return { dns, clock, locator: made, list };
}

describe('without the DNS', () => {
  const table: HostTableEntry[] = [
    {
      domain: 'psap.esinet.internal',
      destinations: [
        { transport: 'udp', address: '192.0.2.1', port: 15075 },
        { transport: 'tcp', address: '192.0.2.1', port: 15075 },
      ],
    },
    { domain: '*.esinet.internal', destinations: [{ transport: 'tls', address: '192.0.2.2', port: 5061 }] },
    { domain: 'esinet.lab:5080', destinations: [{ transport: 'udp', address: '192.0.2.3', port: 1 }] },
  ];

  it('takes the table first, exact before wildcard', { meta: { clause: 'RFC 3263 4' } }, async () => {
    const { list, dns } = locator({}, { table });
    expect(await list('sip:madrid@PSAP.esinet.internal')).toEqual([
      'udp 192.0.2.1 15075',
      'tcp 192.0.2.1 15075',
    ]);
    expect(await list('sip:madrid@psap.esinet.internal;transport=tcp')).toEqual(['tcp 192.0.2.1 15075']);
    expect(await list('sip:x@a.b.esinet.internal')).toEqual(['tls 192.0.2.2 5061 a.b.esinet.internal']);
    expect(await list('sip:x@esinet.lab:5080')).toEqual(['udp 192.0.2.3 1']);
    expect(dns.asked).toEqual([]);
    expect(await list('sip:x@esinet.internal')).toEqual([]);
  });

  it('never leaves TLS for sips', { meta: { clause: 'RFC 3261 26.2.2' } }, async () => {
    const { list } = locator({}, { table });
    expect(await list('sips:madrid@psap.esinet.internal')).toEqual([]);
    expect(await list('sips:x@192.0.2.9')).toEqual(['tls 192.0.2.9 5061']);
    expect(await list('sips:x@192.0.2.9;transport=tcp')).toEqual(['tls 192.0.2.9 5061']);
    expect(await list('sips:x@192.0.2.9;transport=udp')).toEqual([]);
  });

  it.each([
    ['sip:x@192.0.2.9', ['udp 192.0.2.9 5060', 'tcp 192.0.2.9 5060']],
    ['sip:x@192.0.2.9:5070', ['udp 192.0.2.9 5070', 'tcp 192.0.2.9 5070']],
    ['sip:x@192.0.2.9;transport=TCP', ['tcp 192.0.2.9 5060']],
    ['sip:x@[2001:db8::1]:5070;transport=tls', ['tls 2001:db8::1 5070']],
    ['sip:x@192.0.2.9;transport=ws', ['ws 192.0.2.9 80']],
    ['sip:x@esinet.lab;maddr=192.0.2.8', ['udp 192.0.2.8 5060', 'tcp 192.0.2.8 5060']],
    ['sip:x@192.0.2.9;transport=sctp', []],
    ['urn:service:sos', []],
    ['tel:+34112', []],
    ['nonsense', []],
  ])('locates %s', { meta: { clause: ['RFC 3263 4.1', 'RFC 3263 4.2'] } }, async (uri, expected) => {
    const { list, dns } = locator({});
    expect(await list(uri)).toEqual(expected);
    expect(dns.asked).toEqual([]);
  });
});

it('asks only for addresses where the port is given', { meta: { clause: 'RFC 3263 4.2' } }, async () => {
  const { list, dns } = locator({
    a: { 'h.example': ['192.0.2.1', '192.0.2.2'] },
    aaaa: { 'h.example': ['2001:db8::1'] },
  });
  expect(await list('sip:x@h.example:5070;transport=tcp')).toEqual([
    'tcp 192.0.2.1 5070',
    'tcp 192.0.2.2 5070',
    'tcp 2001:db8::1 5070',
  ]);
  expect(dns.asked).toEqual(['a h.example', 'aaaa h.example']);
});

it(
  'asks for SRV where the transport is given, then for addresses',
  { meta: { clause: 'RFC 3263 4.2' } },
  async () => {
    const { list, dns } = locator({
      srv: { '_sips._tcp.e.example': [srv(0, 1, 5063, 's1.e.example')] },
      a: { 's1.e.example': ['192.0.2.1'], 'plain.example': ['192.0.2.7'] },
    });
    expect(await list('sip:x@e.example;transport=tls')).toEqual(['tls 192.0.2.1 5063 e.example']);
    expect(await list('sip:x@plain.example;transport=tcp')).toEqual(['tcp 192.0.2.7 5060']);
    expect(dns.asked).not.toContain('naptr e.example');
  },
);

it('follows NAPTR in order, and lists all servers', { meta: { clause: 'RFC 3263 4.1' } }, async () => {
  const zone: Zone = {
    naptr: {
      'e.example': [
        naptr(100, 'SIP+D2U', '_sip._udp.e.example'),
        naptr(50, 'sips+d2t', '_sips._tcp.e.example'),
        naptr(90, 'SIP+D2T', '_sip._tcp.e.example'),
        naptr(10, 'SIP+D2S', '_sip._sctp.e.example'),
        { ...naptr(1, 'SIP+D2U', 'x'), flags: 'u' },
      ],
    },
    srv: {
      '_sips._tcp.e.example': [srv(0, 0, 5061, 's1.e.example')],
      '_sip._tcp.e.example': [srv(5, 0, 5060, 's2.e.example'), srv(1, 0, 5060, 's1.e.example')],
      '_sip._udp.e.example': [srv(0, 0, 5060, '.')],
    },
    a: { 's1.e.example': ['192.0.2.1'], 's2.e.example': ['192.0.2.2'] },
  };
  expect(await locator(zone).list('sip:x@e.example')).toEqual([
    'tls 192.0.2.1 5061 e.example',
    'tcp 192.0.2.1 5060',
    'tcp 192.0.2.2 5060',
  ]);
  expect(await locator(zone).list('sips:x@e.example')).toEqual(['tls 192.0.2.1 5061 e.example']);
  expect(await locator(zone, { preferred: ['udp', 'tcp'] }).list('sip:x@e.example')).toEqual([
    'tcp 192.0.2.1 5060',
    'tcp 192.0.2.2 5060',
  ]);
});

it('asks SRV for each transport where there is no NAPTR', { meta: { clause: 'RFC 3263 4.1' } }, async () => {
  const { list } = locator(
    {
      srv: {
        '_sip._udp.e.example': [srv(0, 0, 5062, 's1.e.example')],
        '_sip._tcp.e.example': [srv(0, 0, 5060, 's1.e.example')],
      },
      a: { 's1.e.example': ['192.0.2.1'] },
    },
    { preferred: ['tcp', 'udp'] },
  );
  expect(await list('sip:x@e.example')).toEqual(['tcp 192.0.2.1 5060', 'udp 192.0.2.1 5062']);
});

it('ends at the addresses of the domain itself', { meta: { clause: 'RFC 3263 4.2' } }, async () => {
  const { list, dns } = locator({ a: { 'e.example': ['192.0.2.1'] } });
  expect(await list('sip:x@e.example')).toEqual(['udp 192.0.2.1 5060', 'tcp 192.0.2.1 5060']);
  expect(await list('sips:x@e.example')).toEqual(['tls 192.0.2.1 5061 e.example']);
  expect(dns.asked[0]).toBe('naptr e.example');
});

it('draws among equals by weight', { meta: { clause: 'RFC 2782' } }, async () => {
  const zone: Zone = {
    srv: {
      '_sip._udp.e.example': [srv(0, 1, 1, 'a'), srv(0, 3, 3, 'b'), srv(0, 0, 7, 'z'), srv(1, 9, 9, 'c')],
    },
    a: { a: ['192.0.2.1'], b: ['192.0.2.2'], c: ['192.0.2.3'], z: ['192.0.2.4'] },
  };
  const draws = (numbers: number[]) => () => numbers.shift() ?? 0;
  const ports = async (numbers: number[]) =>
    (await locator(zone, { random: draws(numbers) }).list('sip:x@e.example;transport=udp')).map(
      (d) => d.split(' ')[2],
    );
  expect(await ports([0, 0, 0, 0])).toEqual(['7', '1', '3', '9']);
  expect(await ports([0.999, 0.999, 0])).toEqual(['3', '1', '7', '9']);
  expect(await ports([0.3, 0, 0])).toEqual(['1', '7', '3', '9']);
});

describe('a name server that fails', () => {
  const zone: Zone = { a: { 'h.example': ['192.0.2.1'] }, ttl: 10 };
  const uri = 'sip:x@h.example:5070;transport=udp';

  it('keeps an answer for its TTL', { meta: { clause: 'RFC 3263 4.2' } }, async () => {
    const { list, dns, clock } = locator(zone);
    await list(uri);
    clock.advance(9_000);
    await list(uri);
    expect(dns.asked).toHaveLength(2);
    clock.advance(2_000);
    await list(uri);
    expect(dns.asked).toHaveLength(3);
  });

  it.each(['fail', 'silent'] as const)(
    'is not waited for twice (%s)',
    { meta: { clause: 'RFC 8767 5' } },
    async (mode) => {
      const { list, dns, clock } = locator(zone);
      await list(uri);
      clock.advance(100_000);
      dns.mode = mode;
      const stale = list(uri);
      await clock.run(1_000);
      expect(await stale).toEqual(['udp 192.0.2.1 5070']);
      const count = dns.asked.length;
      expect(await list(uri)).toEqual(['udp 192.0.2.1 5070']);
      expect(dns.asked).toHaveLength(count);
    },
  );

  it(
    'is asked again without anybody waiting, and believed as soon as it is back',
    { meta: { clause: 'RFC 8767 5' } },
    async () => {
      const { list, dns, clock } = locator(zone);
      await list(uri);
      clock.advance(100_000);
      dns.mode = 'fail';
      expect(await list(uri)).toEqual(['udp 192.0.2.1 5070']);
      clock.advance(60_000);
      dns.mode = 'silent';
      const count = dns.asked.length;
      // The clock stands still: what waited for the name server would wait for ever.
      expect(await list(uri)).toEqual(['udp 192.0.2.1 5070']);
      expect(dns.asked.length).toBeGreaterThan(count);
      await clock.run(3_100);
      dns.mode = 'answer';
      clock.advance(60_000);
      await list(uri);
      dns.zone.a = { 'h.example': ['192.0.2.2'] };
      clock.advance(60_000);
      expect(await list(uri)).toEqual(['udp 192.0.2.2 5070']);
    },
  );

  it('costs no more than the whole time allowed', { meta: { clause: 'RFC 3263 4' } }, async () => {
    const { list, dns, clock } = locator({});
    dns.mode = 'silent';
    let found: string[] | undefined;
    const done = list('sip:x@e.example').then((list) => (found = list));
    await clock.run(3_100);
    expect(found).toEqual([]);
    await done;
    expect(clock.waiting).toBe(0);
  });

  it('gets one question for many askers', { meta: { clause: 'RFC 3263 4.2' } }, async () => {
    const { list, dns } = locator(zone);
    await Promise.all(Array.from({ length: 50 }, () => list(uri)));
    expect(dns.asked).toEqual(['a h.example', 'aaaa h.example']);
  });
});

it('finds where else a response may go', { meta: { clause: 'RFC 3263 5' } }, async () => {
  const { locator: made } = locator(
    {
      srv: { '_sip._udp.e.example': [srv(0, 0, 5070, 's1.e.example')] },
      a: { 's1.e.example': ['192.0.2.1'], 'e.example': ['192.0.2.2'] },
    },
    { table: [{ domain: 't.example', destinations: [{ transport: 'tcp', address: '192.0.2.5', port: 1 }] }] },
  );
  const via = (sentBy: string, transport = 'UDP') =>
    made.forResponse(parseVia(`SIP/2.0/${transport} ${sentBy};branch=z9hG4bKx`)!);
  expect(await via('192.0.2.9')).toEqual([{ transport: 'udp', address: '192.0.2.9', port: 5060 }]);
  expect(await via('e.example')).toEqual([{ transport: 'udp', address: '192.0.2.1', port: 5070 }]);
  expect(await via('e.example:5080')).toEqual([{ transport: 'udp', address: '192.0.2.2', port: 5080 }]);
  expect(await via('t.example:15062', 'TCP')).toEqual([
    { transport: 'tcp', address: '192.0.2.5', port: 15062 },
  ]);
  expect(await via('x.invalid', 'SCTP')).toEqual([]);
});
