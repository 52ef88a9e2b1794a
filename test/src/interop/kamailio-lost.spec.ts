import { ecrfConfigSchema, startEcrf } from '@esinet/element-ecrf';
import { lisConfigSchema, startLis } from '@esinet/element-lis';
import { silentLogger } from '@esinet/kernel';
import { InProcessBus, type RunningElement } from '@esinet/platform';
import type { SipMessage } from '@esinet/sip';
import { writePidfLo, type Shape } from '@esinet/location';
import { type LoopbackAgent, loopbackAgent, until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KamailioEsrp, findKamailioLost, startKamailioEsrp } from './kamailio-esrp.js';

const kamailio = findKamailioLost();
const test = kamailio ? it : it.skip;

const madrid: Shape = { type: 'point', position: [-3.7, 40.4] };
const barcelona: Shape = { type: 'circle', center: [2.17, 41.38], radius: 50 };
const ocean: Shape = { type: 'point', position: [-30, 40] };

let psap: LoopbackAgent;
let caller: LoopbackAgent;
let bus: InProcessBus;
let ecrf: RunningElement;
let bare: RunningElement;
let lis: RunningElement;
const esrps: Record<string, KamailioEsrp> = {};
const lookups: Record<string, unknown>[] = [];

beforeAll(async () => {
  if (!kamailio) return;
  psap = await loopbackAgent();
  caller = await loopbackAgent();
  psap.answer = (m) => ({ status: m.method === 'INVITE' ? 486 : 200 });
  bus = new InProcessBus();
  bus.subscribe('events.>', (event) => void lookups.push(event as Record<string, unknown>));
  const base = { logger: silentLogger, bus };
  ecrf = await startEcrf(ecrfConfigSchema.parse({ http: { port: 0 } }), base, {
    lab: boundaries(
      ['madrid', -5, 39, -3, 41, { DsplayName: 'Madrid & "alrededores" <112>' }],
      ['catalunya', 1, 40, 3, 42, {}],
    ),
  });
  // What is answered outside of every boundary has none of its own.
  bare = await startEcrf(
    ecrfConfigSchema.parse({ http: { port: 0 }, defaultMapping: uriOf('anywhere') }),
    base,
    { lab: boundaries(['madrid', -5, 39, -3, 41, {}]) },
  );
  lis = await startLis(lisConfigSchema.parse({ http: { port: 0 }, sip: null, devices }), base);
  const start = (dereference: 'GET' | 'POST', lost: RunningElement): Promise<KamailioEsrp> =>
    startKamailioEsrp(kamailio, {
      lost: url(lost, '/lost'),
      held: url(lis, '/held'),
      defaultUri: uriOf('default'),
      dereference,
    });
  esrps['get'] = await start('GET', ecrf);
  esrps['post'] = await start('POST', ecrf);
  esrps['bare'] = await start('GET', bare);
}, 60_000);

afterAll(async () => {
  await Promise.all(Object.values(esrps).map((esrp) => esrp.stop()));
  await Promise.all([ecrf, bare, lis].map((element) => element?.close()));
  await Promise.all([psap?.stop(), caller?.stop(), bus?.close()]);
});

const devices = [
  {
    id: 'ana',
    identifiers: ['uri:sip:ana@provider.lab'],
    shape: { type: 'point', position: [-3.7, 40.4] },
  },
  {
    id: 'far',
    identifiers: ['uri:sip:far@provider.lab', 'ip:192.0.2.7'],
    shape: { type: 'circle', center: [2.17, 41.38], radius: 30 },
  },
  {
    id: 'civic',
    identifiers: ['uri:sip:civic@provider.lab'],
    civic: { country: 'ES', A1: 'Madrid' },
  },
];

function uriOf(user: string): string {
  return `sip:${user}@127.0.0.1:${psap.port('udp')}`;
}

function url(element: RunningElement, path: string): string {
  return `http://127.0.0.1:${element.http.port}${path}`;
}

type Box = [name: string, west: number, south: number, east: number, north: number, more: object];

function boundaries(...boxes: Box[]): unknown {
  return {
    type: 'FeatureCollection',
    features: boxes.map(([name, west, south, east, north, more]) => ({
      type: 'Feature',
      properties: {
        NGUID: name,
        ServiceURI: uriOf(name),
        ServiceURN: 'urn:service:sos',
        DsplayName: `112 ${name}`,
        ...more,
      },
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [west, south],
            [east, south],
            [east, north],
            [west, north],
            [west, south],
          ],
        ],
      },
    })),
  };
}

interface Call {
  readonly method?: string;
  readonly uri?: string;
  readonly from?: string;
  readonly headers?: readonly (readonly [string, string])[];
  /** By value, in the body. */
  readonly place?: Shape;
  /** In the place of `place`: the document itself. */
  readonly document?: string;
}

interface Arrived {
  /** User part of the URI the request was sent to. */
  readonly at: string;
  readonly lost: string;
  readonly held: string;
}

let calls = 0;

/** Sends a call through Kamailio; gives where it came out. Afterwards Kamailio has to be alive with all its processes. */
async function call(esrp: KamailioEsrp | undefined, o: Call): Promise<Arrived> {
  if (!esrp) throw new Error('no such Kamailio');
  const document =
    o.document ??
    (o.place &&
      writePidfLo({
        entity: 'pres:ana@provider.lab',
        shape: o.place,
        timestamp: '2026-01-01T00:00:00Z',
        retentionExpiry: '2026-01-02T00:00:00Z',
      }));
  const mark = `call-${(calls += 1)}`;
  const boundary = 'kamailio-part';
  const parts = [
    ['Content-Type: text/plain', '', 'help'],
    ...(document === undefined
      ? []
      : [['Content-Type: application/pidf+xml', 'Content-ID: <place@provider.lab>', '', document]]),
  ];
  const destination = { transport: 'udp', address: '127.0.0.1', port: esrp.port } as const;
  const outcome = await caller.send({
    method: o.method ?? 'MESSAGE',
    uri: o.uri ?? 'urn:service:sos',
    from: o.from ?? '<sip:ana@provider.lab>',
    to: 'urn:service:sos',
    headers: [
      ['X-Mark', mark],
      ...(document === undefined ? [] : [['Geolocation', '<cid:place@provider.lab>'] as const]),
      ...(o.headers ?? []),
    ],
    contentType: `multipart/mixed; boundary=${boundary}`,
    body: `${parts.map((lines) => `--${boundary}\r\n${lines.join('\r\n')}\r\n`).join('')}--${boundary}--\r\n`,
    destination,
  });
  const message = await until(() =>
    psap.received.map((r) => r.message).find((m) => m.header('X-Mark') === mark),
  );
  expect(outcome).toMatchObject({ kind: 'response', message: { status: o.method === 'INVITE' ? 486 : 200 } });
  const alive = await caller.send({
    method: 'OPTIONS',
    uri: `sip:127.0.0.1:${esrp.port}`,
    from: '<sip:probe@provider.lab>',
    to: `<sip:127.0.0.1:${esrp.port}>`,
    destination,
  });
  expect(alive).toMatchObject({ kind: 'response', message: { status: 200 } });
  expect(esrp.running.output()).not.toMatch(/signal 11|core was|child process \d+ exited/);
  return arrived(message);
}

function arrived(message: SipMessage): Arrived {
  return {
    at: /^sip:([^@]+)@/.exec(message.requestUri ?? '')?.[1] ?? '',
    lost: message.header('X-Lost') ?? '',
    held: message.header('X-Held') ?? '',
  };
}

describe('findService of Kamailio', () => {
  test.each([
    ['a point, by MESSAGE', 'MESSAGE', madrid, 'madrid'],
    ['a circle, by MESSAGE', 'MESSAGE', barcelona, 'catalunya'],
    ['a point, by INVITE', 'INVITE', madrid, 'madrid'],
    // Of other shapes Kamailio 5.6 asks for the first position alone, each coordinate without its last digit.
    [
      'a polygon',
      'MESSAGE',
      { type: 'polygon', rings: [[[-3.80001, 40.30001], [-3.6, 40.3], [-3.6, 40.5], [-3.80001, 40.30001]]] } as Shape, // prettier-ignore
      'madrid',
    ],
    [
      'an ellipse',
      'MESSAGE',
      {
        type: 'ellipse',
        center: [2.00001, 41.00001],
        semiMajor: 90,
        semiMinor: 40,
        orientation: 12,
      } as Shape,
      'catalunya',
    ],
  ])(
    'routes a location by value: %s',
    { meta: { clause: ['RFC 5222 8.4', 'RFC 6442 4.1'], shall: '5.3.2-1' } },
    async (_what, method, place, centre) => {
      expect(await call(esrps['get'], { method, place })).toMatchObject({
        at: centre,
        lost: expect.stringContaining('code=200; error=') as string,
      });
    },
  );

  test(
    'is given the display name with its special characters',
    { meta: { clause: 'RFC 5222 5.3' } },
    async () => {
      const { lost } = await call(esrps['get'], { place: madrid });
      expect(lost).toContain('name=Madrid & "alrededores" <112>');
    },
  );

  test(
    'routes a sub-service to the service that contains it',
    { meta: { clause: 'RFC 5222 8.4.2' } },
    async () => {
      const { at } = await call(esrps['get'], { place: madrid, uri: 'urn:service:sos.fire' });
      expect(at).toBe('madrid');
    },
  );

  test(
    'takes a mapping without a boundary, with a warning and a name',
    { meta: { clause: 'RFC 5222 5.5' } },
    async () => {
      const { at, lost } = await call(esrps['bare'], { place: ocean });
      expect(at).toBe('anywhere');
      expect(lost).toContain('name=Default PSAP');
    },
  );

  test.each([
    ['notFound', { place: ocean }],
    ['serviceNotImplemented', { place: madrid, uri: 'urn:service:counseling' }],
    ['locationInvalid', { place: { type: 'point', position: [0, 400] } as unknown as Shape }],
  ] as [string, Call][])(
    'is told %s, and the call goes to the default',
    { meta: { clause: 'RFC 5222 13.1', shall: '5.3.2-1' } },
    async (code, o) => {
      const { at, lost } = await call(esrps['get'], o);
      expect([at, lost]).toEqual(['default', expect.stringContaining(`error=${code}`)]);
    },
  );

  test.each([
    ['no XML', 'this is no location'],
    ['a presence without a location', '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:a@b"/>'],
  ])(
    'a location that is %s goes to the default',
    { meta: { clause: 'RFC 6442 4.2' } },
    async (_what, document) => {
      expect((await call(esrps['get'], { document })).at).toBe('default');
    },
  );
});

describe('HELD of Kamailio', () => {
  const asserted = (value: string): Call => ({
    from: '<sip:anonymous@anonymous.invalid>',
    headers: [['P-Asserted-Identity', value]],
  });
  test.each([
    ['From', { from: '<sip:ana@provider.lab>' }, 'madrid'],
    ['From with a display name', { from: '"Ana" <sip:ana@provider.lab>' }, 'madrid'],
    ['P-Asserted-Identity', asserted('<sip:far@provider.lab>'), 'catalunya'],
    ['an address it was told of', { headers: [['X-Device', 'sip:far@provider.lab']] }, 'catalunya'],
  ] as [string, Call, string][])(
    'finds the caller by %s: a location by value and a location URI, which then maps',
    { meta: { clause: ['RFC 5985 5.2', 'RFC 6155 3'], shall: '5.5.2-1' } },
    async (_what, o, centre) => {
      const { at, held, lost } = await call(esrps['get'], o);
      expect([at, held, lost]).toEqual([
        centre,
        expect.stringMatching(/^code=200; error=; reference=http:\/\/127\.0\.0\.1:\d+\/loc\/[a-z0-9]+$/),
        expect.stringContaining('code=200; error='),
      ]);
    },
  );

  test(
    'is told of an unknown caller, whose call goes to the default',
    { meta: { clause: 'RFC 5985 6.3' } },
    async () => {
      const { at, held } = await call(esrps['get'], { from: '<sip:nobody@provider.lab>' });
      expect([at, held]).toEqual(['default', expect.stringContaining('error=locationUnknown')]);
    },
  );

  test('gets a civic location of who has no other', { meta: { clause: 'RFC 5985 6.2' } }, async () => {
    const { held } = await call(esrps['get'], { from: '<sip:civic@provider.lab>' });
    expect(held).toContain('code=200; error=');
  });
});

describe('dereferences of Kamailio', () => {
  /** A location URI that the LIS has given out for a device. */
  async function reference(device: string): Promise<string> {
    const { held } = await call(esrps['get'], { headers: [['X-Device', `sip:${device}@provider.lab`]] });
    return /reference=(\S+)/.exec(held)?.[1] ?? '';
  }
  const geolocation = (uri: string): [string, string] => ['Geolocation', `<${uri}>`];
  const outcomes = (element: string): unknown[] =>
    lookups.filter((e) => e['element'] === element).map((e) => e['result']);

  test.each(['get', 'post'])(
    'by HTTP %s give the location that maps',
    { meta: { clause: ['RFC 6753 3', 'RFC 6442 4.1'], shall: '5.5.4-3' } },
    async (esrp) => {
      const before = outcomes('lis').length;
      const uri = await reference('far');
      const { at, lost } = await call(esrps[esrp], { headers: [geolocation(uri)] });
      expect([at, lost]).toEqual(['catalunya', expect.stringContaining('code=200; error=')]);
      expect(outcomes('lis').slice(before)).toEqual(['location', 'location']);
    },
  );

  test(
    'by lost_held_dereference, which posts, give the location that maps',
    { meta: { clause: 'RFC 6753 3.1' } },
    async () => {
      const uri = await reference('ana');
      const { at, held } = await call(esrps['get'], {
        headers: [geolocation(uri), ['X-Look-Up', 'dereference']],
      });
      // 202: a location by value, none by reference.
      expect([at, held]).toEqual(['madrid', expect.stringContaining('code=202; error=')]);
    },
  );

  test.each([
    ['GET of an unknown URI', 'get', []],
    ['POST to an unknown URI', 'post', []],
    ['lost_held_dereference of an unknown URI', 'get', [['X-Look-Up', 'dereference']]],
  ] as [string, string, [string, string][]][])(
    '%s: the call goes to the default',
    { meta: { clause: 'RFC 6753 4' } },
    async (_what, esrp, more) => {
      const uri = url(lis, `/loc/${'x'.repeat(26)}`);
      const { at } = await call(esrps[esrp], { headers: [geolocation(uri), ...more] });
      expect(at).toBe('default');
    },
  );
});
