import { describe, expect, it } from 'vitest';
import { err, ok } from '@esinet/kernel';
import type { DnsPort } from '@esinet/sip';
import { esinetConfigSchema } from '../config.js';
import { type AddressPorts, checkAddresses } from './addresses.js';
import { checkCertificates } from './certificates.js';
import { checkClock } from './clock.js';
import { configured } from './configured.js';
import { checkCoverage } from './coverage.js';
import { checkDns } from './dns.js';
import type { Finding } from './finding.js';
import { checkHandshakes } from './handshakes.js';
import { insidePoint } from './inside-point.js';
import { type KnownPlace, checkLost } from './lost.js';
import { checkMessageSize } from './message-size.js';
import { type StorePorts, checkStores } from './stores.js';

const wrong = (findings: readonly Finding[]): string[] =>
  findings.filter(({ level }) => level !== 'ok').map(({ level, what }) => `${level}: ${what}`);

/** Whatever is wrong comes with what to do about it, in sentences. */
function expectSentences(findings: readonly Finding[]): void {
  for (const { level, what, fix } of findings) {
    expect(what).toMatch(/\.$/);
    if (level === 'ok') expect(fix).toBeUndefined();
    else expect(fix).toMatch(/^["A-Z].*\.$/s);
  }
}

it('finds next hops, listeners and URLs in a configuration by their shape', () => {
  const { hops, listeners, urls } = configured(
    esinetConfigSchema.parse({ bcf: { esrp: ['tcp:10.0.0.7:5060', 'tls:esrp.example'] } }),
  );
  expect(hops.map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      'bcf.esrp[0]',
      'bcf.esrp[1]',
      'esrp.bcf[0]',
      'psap.outboundProxy[0]',
      'provider.bcf[0]',
    ]),
  );
  expect(listeners).toEqual(
    expect.arrayContaining([
      { path: 'bcf.public.udp', transport: 'udp', host: '127.0.0.1', port: 15_060 },
      { path: 'psap.listeners[1]', transport: 'tcp', host: '127.0.0.1', port: 15_075 },
      { path: 'ecrf.http', transport: 'http', host: '127.0.0.1', port: 15_222 },
    ]),
  );
  expect(urls).toContainEqual({ path: 'esrp.ecrf.url', url: 'http://127.0.0.1:15222/lost' });
});

describe('names', { meta: { clause: 'RFC 3263 4' } }, () => {
  const none = () => Promise.reject(new Error('ENOTFOUND'));
  const dns = (o: Partial<DnsPort>): DnsPort => ({
    ...{ resolveNaptr: none, resolveSrv: none, resolve4: none, resolve6: none },
    ...o,
  });
  const hop = {
    path: 'bcf.esrp[0]',
    hop: { transport: 'tcp' as const, uri: 'sip:esrp.example;transport=tcp' },
  };
  const found = [{ transport: 'tcp' as const, address: '192.0.2.1', port: 5060 }];

  it('lead somewhere, and it is said by which records', async () => {
    const good = dns({
      resolveSrv: (name) =>
        name === '_sip._tcp.esrp.example'
          ? Promise.resolve([{ priority: 1, weight: 1, port: 5060, name: 'a.example' }])
          : none(),
      resolve4: () => Promise.resolve([{ address: '192.0.2.1', ttl: 60 }]),
    });
    const findings = await checkDns([hop], { dns: good, locate: () => Promise.resolve(found) });
    expect(findings).toEqual([
      {
        level: 'ok',
        what: 'bcf.esrp[0]: esrp.example leads to tcp 192.0.2.1:5060 (SRV _sip._tcp.esrp.example).',
      },
    ]);
  });

  it('that lead nowhere are faults, as are SRV records to nowhere', async () => {
    const broken = dns({
      resolveSrv: () => Promise.resolve([{ priority: 1, weight: 1, port: 5060, name: 'gone.example' }]),
    });
    const findings = await checkDns([hop], { dns: broken, locate: () => Promise.resolve([]) });
    expectSentences(findings);
    expect(wrong(findings).join(' ')).toMatch(/names gone.example, which has no address.*leads nowhere/);
    const lacking = dns({
      resolveNaptr: () =>
        Promise.resolve([
          {
            order: 1,
            preference: 1,
            flags: 's',
            service: 'SIP+D2T',
            regexp: '',
            replacement: '_sip._tcp.x.example',
          },
        ]),
    });
    expect(
      wrong(await checkDns([hop], { dns: lacking, locate: () => Promise.resolve(found) })).join(),
    ).toContain('NAPTR of esrp.example names _sip._tcp.x.example, which has no SRV record');
  });
});

describe('certificates', () => {
  it('that cannot be read are told with the file', async () => {
    const findings = await checkCertificates([{ name: 'bcf', domain: 'esinet.lab' }], {
      read: () => Promise.reject(new Error('data/pki/bcf.key.pem cannot be read (EACCES)')),
      now: 0,
    });
    expect(wrong(findings)).toEqual(['fault: bcf: data/pki/bcf.key.pem cannot be read (EACCES).']);
  });

  it('of others are seen in a handshake', async () => {
    const hop = { path: 'provider.bcf[0]', host: '192.0.2.1', port: 5061, serverName: 'esinet.lab' };
    const shaken = (handshake: object) =>
      checkHandshakes([hop], { handshake: () => Promise.resolve(handshake), now: 0 });
    expect(wrong(await shaken({ protocol: 'TLSv1.3', ends: 1e11 }))).toEqual([]);
    expect(wrong(await shaken({ refused: 'certificate has expired' })).join()).toContain(
      'gives no TLS: certificate has expired',
    );
    expect(wrong(await shaken({ validTo: 'tomorrow', ends: 1 })).join()).toContain('warning');
  });
});

describe('clocks', () => {
  const ports = (jump = 0) => {
    let at = 1_000_000;
    let mono = 0;
    return {
      wall: () => at,
      now: () => mono,
      wait: (ms: number) => ((at += ms + jump), (mono += ms), Promise.resolve()),
    };
  };
  const neighbour = (off: number) => ({
    name: 'esrp.ecrf.url',
    ask: () => Promise.resolve({ date: 1_000_000 + off, asked: 1_000_000, answered: 1_000_010 }),
  });

  it('that agree are fine, also within the second that a Date has', async () => {
    expect(wrong(await checkClock([neighbour(0), neighbour(-900)], ports()))).toEqual([]);
  });

  it('that differ, jump, or cannot be compared are told', async () => {
    const findings = await checkClock([neighbour(5_000), neighbour(-120_000)], ports(400));
    expectSentences(findings);
    expect(wrong(findings).map((text) => text.replace(/ \(.*/, ''))).toEqual([
      'fault: The clock of this machine jumped by 400 ms while it was watched.',
      'warning: esrp.ecrf.url: its clock is 5.0 s before ours.',
      'fault: esrp.ecrf.url: its clock is 119.0 s behind ours.',
    ]);
    const silent = { name: 'x', ask: () => Promise.resolve(undefined) };
    expect(wrong(await checkClock([silent], ports())).join()).toContain('No neighbour has told its time');
  });
});

it('addresses nobody can send to, strange ones and ports in use are told', async () => {
  const ports: AddressPorts = {
    own: ['127.0.0.1', '192.0.2.1'],
    busy: ({ port }) =>
      Promise.resolve(port < 10 ? { reason: 'nginx (pid 8) has it', isOurs: port === 1 } : undefined),
  };
  const at = { path: 'bcf.public.udp', transport: 'udp' as const, port: 5060 };
  const findings = await checkAddresses(
    [
      { ...at, host: '127.0.0.1' },
      { ...at, host: '192.0.2.1', advertise: 'bcf.example' },
      { ...at, host: '127.0.0.1', port: 1 },
      { ...at, host: '0.0.0.0' },
      { ...at, host: '0.0.0.0', advertise: '127.0.0.1:5060' },
      { ...at, host: '192.0.2.1', advertise: '0.0.0.0' },
      { ...at, host: '198.51.100.1' },
      { ...at, host: '127.0.0.1', port: 2 },
    ],
    ports,
  );
  expectSentences(findings);
  expect(findings.map(({ level }) => level)).toEqual([
    'ok',
    'ok',
    'ok',
    'warning',
    'fault',
    'fault',
    'fault',
    'fault',
  ]);
  expect(findings.at(-1)?.what).toContain('nginx (pid 8) has it');
});

it('messages that do not fit are told', { meta: { clause: 'RFC 3261 18.1.1' } }, () => {
  const limits = { message: { maxMessage: 65_536 }, transport: { maxDatagramBytes: 65_507 } };
  const hop = (transport: 'udp' | 'tcp') => ({
    path: 'bcf.esrp[0]',
    hop: { transport, address: '192.0.2.1', port: 5060 },
  });
  expect(wrong(checkMessageSize([hop('tcp')], limits, [{ path: 'a', bytes: 65_536 }]))).toEqual([]);
  const findings = checkMessageSize([hop('udp')], limits, [{ path: 'psap.limits.textBytes', bytes: 1_000 }]);
  expectSentences(findings);
  expect(wrong(findings)).toHaveLength(3);
});

describe('LoST', { meta: { clause: 'RFC 5222 6' } }, () => {
  const place: KnownPlace = {
    longitude: 1,
    latitude: 2,
    service: 'urn:service:sos',
    uri: 'sip:a@x',
    name: 'A',
  };
  const server = [{ path: 'esrp.ecrf.url', url: 'http://192.0.2.1/lost' }];
  const mapping = (uris: string[], path: string[] = ['a.example']) =>
    ok({ kind: 'mapping', mapping: { uris }, warnings: [], path, milliseconds: 3 } as never);
  const check = async (answer: ReturnType<typeof mapping> | ReturnType<typeof err<string>>) => {
    const findings = await checkLost(server, [place], { ask: () => Promise.resolve(answer as never) });
    expectSentences(findings);
    return wrong(findings).join();
  };

  it('that answers right is fine; silence, loops, other and no mappings are told', async () => {
    expect(await check(mapping(['sip:a@x']))).toBe('');
    expect(await check(mapping(['sip:b@x']))).toContain('where the boundaries say sip:a@x');
    expect(await check(mapping(['sip:a@x'], ['a.example', 'b.example', 'a.example']))).toContain(
      'through a.example twice',
    );
    expect(await check(ok({ kind: 'error', code: 'loop', message: '', milliseconds: 1 } as never))).toContain(
      'in a circle',
    );
    expect(
      await check(ok({ kind: 'error', code: 'notFound', message: '', milliseconds: 1 } as never)),
    ).toContain('no mapping');
    expect(await check(err('refused'))).toContain('fault: esrp.ecrf.url: refused');
  });
});

describe('boundaries', () => {
  const area = (id: string, coordinates: number[][][]) => ({
    type: 'Feature',
    properties: {
      ...{
        NGUID: id,
        ServiceURI: `sip:${id}@psap.example`,
        ServiceURN: 'urn:service:sos',
        ServiceNum: '112',
      },
      ...{ DsplayName: id.toUpperCase(), Agency_ID: `${id}.example` },
    },
    geometry: { type: 'Polygon', coordinates },
  });
  const square = (x: number, y: number, side: number) => [
    ...[
      [x, y],
      [x + side, y],
      [x + side, y + side],
      [x, y + side],
      [x, y],
    ],
  ];

  it('without gaps are fine, a hole is a fault', () => {
    const whole = {
      type: 'FeatureCollection',
      features: [area('a', [square(0, 0, 1)]), area('b', [square(1, 0, 1)])],
    };
    expect(wrong(checkCoverage([{ file: 'a.geojson', geojson: whole }], Date.now()))).toEqual([]);
    const holed = {
      type: 'FeatureCollection',
      features: [area('a', [square(0, 0, 3), square(1, 1, 1).reverse()])],
    };
    const findings = checkCoverage([{ file: 'a.geojson', geojson: holed }], Date.now());
    expectSentences(findings);
    expect(wrong(findings).join()).toMatch(/fault: Boundaries: gap at .*within or beside A/);
  });

  it('have a place within them, beside their holes', () => {
    expect(insidePoint({ type: 'Polygon', coordinates: [square(0, 0, 3)] })).toMatchObject({ lon: 1.5 });
    const beside = insidePoint({ type: 'MultiPolygon', coordinates: [[square(0, 0, 3), square(1, 1, 1)]] });
    expect(beside!.lon < 1 || beside!.lon > 2).toBe(true);
    expect(insidePoint({ type: 'Point', coordinates: [0, 0] })).toBeUndefined();
  });
});

describe('stores', () => {
  const ports = (o: Partial<StorePorts> = {}): StorePorts => ({
    existing: (folder) => Promise.resolve(folder),
    tryWriting: () => Promise.resolve(),
    room: () => Promise.resolve({ free: 50, all: 100 }),
    open: () => Promise.resolve(),
    ...o,
  });
  const embedded = { data: 'data', kinds: { bus: 'process', store: 'memory', records: 'files' } };
  const servers = { data: 'data', kinds: { bus: 'nats', store: 'memory', records: 'postgres' } };

  it('that can be written and reached are fine', async () => {
    expect(
      wrong(await checkStores(embedded, ports({ open: () => Promise.reject(new Error('not asked')) }))),
    ).toEqual([]);
    expect(wrong(await checkStores(servers, ports()))).toEqual([]);
  });

  it('that are read-only, full or away are faults', async () => {
    const away = () => Promise.reject(new Error('away'));
    const full = () => Promise.resolve({ free: 4, all: 100 });
    const findings = await checkStores(servers, ports({ tryWriting: away, room: full, open: away }));
    expectSentences(findings);
    expect(wrong(findings)).toEqual([
      'fault: Nothing can be written in data: away.',
      'fault: Only 4 % of the disk of data is free: chats cannot be recorded once it is full, and are refused.',
      'fault: The servers of bus (nats), records (postgres) cannot be used: away.',
    ]);
  });
});
