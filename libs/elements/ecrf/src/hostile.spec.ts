import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  LOSTSYNC_CONTENT_TYPE,
  LOSTSYNC_NS,
  LOST_CONTENT_TYPE,
  LOST_NS,
  LOST_SLB_NS,
  readLostAnswer,
  readSyncAnswer,
  LOST_QUERY_SUBJECT,
} from '@esinet/lost';
import { InProcessBus, type RunningElement } from '@esinet/platform';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ecrfConfigSchema } from './ecrf-config.js';
import { startEcrf } from './start-ecrf.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esinet-hostile-'));
  file('own.geojson', 0, { ServiceURI: 'sip:psap@a.lab' });
  file('far.geojson', 10, { LostServer: 'b.lab' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, west: number, properties: object): void {
  const ring = [
    [west, 40],
    [west + 10, 40],
    [west + 10, 50],
    [west, 50],
    [west, 40],
  ];
  const feature = {
    type: 'Feature',
    properties: { NGUID: name, ServiceURN: 'urn:service:sos', ...properties },
    geometry: { type: 'Polygon', coordinates: [ring] },
  };
  writeFileSync(join(folder, name), JSON.stringify({ type: 'FeatureCollection', features: [feature] }));
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(config: object = {}, bus?: InProcessBus): Promise<RunningElement> {
  const parsed = ecrfConfigSchema.parse({
    http: { port: 0 },
    source: 'a.lab',
    boundaries: [join(folder, 'own.geojson')],
    coverage: [join(folder, 'far.geojson')],
    ...config,
  });
  const platform = {
    dataFolder: join(folder, `data-${closing.length}-${Math.random()}`),
    ...(bus ? { bus } : {}),
  };
  const ecrf = await startEcrf(parsed, platform);
  closing.push(() => ecrf.close());
  return ecrf;
}

const point = (lon: number): string =>
  `<location id="a" profile="geodetic-2d"><Point xmlns="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326"><pos>45 ${lon}</pos></Point></location>`;
const question = (lon: number): string =>
  `<findService xmlns="${LOST_NS}" recursive="true">${point(lon)}<service>urn:service:sos</service></findService>`;

async function post(
  ecrf: RunningElement,
  path: string,
  type: string,
  body: string | Buffer,
): Promise<Response> {
  return fetch(`http://127.0.0.1:${ecrf.http.port}${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : new Uint8Array(body),
    headers: { 'content-type': type },
  });
}

async function lost(ecrf: RunningElement, body: string): Promise<string> {
  const answer = await post(ecrf, '/lost', LOST_CONTENT_TYPE, body);
  if (answer.status !== 200) return `${answer.status}`;
  const read = readLostAnswer(await answer.text());
  if (!read.ok) return 'unreadable';
  return read.value.type === 'errors' ? (read.value.errors[0]?.code ?? '') : read.value.type;
}

const list = (inside: string): string =>
  `<listServicesByLocation xmlns="${LOST_NS}">${point(5)}${inside}</listServicesByLocation>`;

it.each([
  ['a list boundary of no kind', list(`<s:serviceListBoundaryRequest xmlns:s="${LOST_SLB_NS}" type="x"/>`)],
  ['a list boundary without a key', `<getServiceListBoundary xmlns="${LOST_SLB_NS}"/>`],
  [
    'an entity',
    `<!DOCTYPE a [<!ENTITY x "y">]><getServiceListBoundary xmlns="${LOST_SLB_NS}" serviceListKey="&x;"/>`,
  ],
  ['a deep one', `${'<a>'.repeat(20_000)}`],
  ['an answer', `<redirect xmlns="${LOST_NS}" target="x.lab" source="y.lab"/>`],
  ['a push at the wrong door', `<pushMappings xmlns="${LOSTSYNC_NS}"/>`],
  [
    'a limit of letters',
    question(5).replace('</find', `<limit xmlns="urn:ietf:params:xml:ns:lost-ext">x</limit></find`),
  ],
  ['a path of nothing', question(5).replace('<service>', '<path><via/></path><service>')],
  ['NUL', question(5).replace('sos', 's\0s')],
])('answers %s with badRequest and goes on', { meta: { clause: 'RFC 5222 13.1' } }, async (_name, body) => {
  const ecrf = await start();
  expect(await lost(ecrf, body)).toBe('badRequest');
  expect(await lost(ecrf, question(5))).toBe('findServiceResponse');
});

const identity = 'source="x.b.lab" sourceId="1" lastUpdated="2026-01-01T00:00:00Z" expires="NO-EXPIRATION"';
const pushed = (inside: string): string =>
  `<pushMappings xmlns="${LOSTSYNC_NS}"><mapping xmlns="${LOST_NS}" ${identity}>${inside}</mapping></pushMappings>`;
const boundary = (positions: string): string =>
  `<service>urn:service:sos</service><serviceBoundary profile="geodetic-2d"><Polygon xmlns="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326">` +
  `<exterior><LinearRing><posList>${positions}</posList></LinearRing></exterior></Polygon></serviceBoundary>`;
const endless = Array.from({ length: 100_000 }, (_, i) => `${(i % 80) + 0.5} ${(i % 170) + 0.25}`).join(' ');

describe('LoST-Sync', () => {
  const sync = { peers: [{ name: 'b', from: ['127.0.0.1'], sources: ['*.b.lab'], give: 'all' }] };

  it.each([
    ['not XML', 'hello'],
    ['nothing', ''],
    ['an entity', `<!DOCTYPE a [<!ENTITY x "y">]><pushMappings xmlns="${LOSTSYNC_NS}">&x;</pushMappings>`],
    ['a deep one', '<a>'.repeat(50_000)],
    ['half a document', pushed(boundary('40 0 40 1 41 1 40 0')).slice(0, -20)],
    ['LoST', question(5)],
    ['a boundary of letters', pushed(boundary('a b c d e f g h'))],
    ['NaN', pushed(boundary('NaN 0 40 1 41 1 NaN 0'))],
    ['a ring that is not closed', pushed(boundary('40 0 40 1 41 1 42 2'))],
    ['a boundary off the earth', pushed(boundary('400 0 40 1 41 1 400 0'))],
    ['100,000 positions that go nowhere', pushed(boundary(endless))],
    ['a source of script', pushed(boundary('40 0 40 1 41 1 40 0')).replace('x.b.lab', '&lt;script>')],
    ['a service that is none', pushed(boundary('40 0 40 1 41 1 40 0')).replace('urn:service:sos', 'sos')],
    [
      'a fingerprint of nothing',
      `<getMappingsRequest xmlns="${LOSTSYNC_NS}"><exists><mapping-fingerprint/></exists></getMappingsRequest>`,
    ],
  ])(
    'answers %s with badRequest, takes nothing of it and goes on',
    { meta: { clause: 'RFC 6739 5.2' } },
    async (_name, body) => {
      const ecrf = await start({ sync });
      const answer = await post(ecrf, '/lostsync', LOSTSYNC_CONTENT_TYPE, body);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toContain(LOSTSYNC_CONTENT_TYPE);
      expect(readSyncAnswer(await answer.text())).toMatchObject({
        value: { errors: [{ code: 'badRequest' }] },
      });
      const ask = `<getMappingsRequest xmlns="${LOSTSYNC_NS}"/>`;
      const had = await post(ecrf, '/lostsync', LOSTSYNC_CONTENT_TYPE, ask);
      expect(await had.text()).not.toContain('x.b.lab');
      expect(await lost(ecrf, question(5))).toBe('findServiceResponse');
    },
  );

  it('takes no long document of a stranger, and speaks POST and its own type', async () => {
    const stranger = { peers: [{ name: 'b', from: ['192.0.2.1'], sources: ['*'] }] };
    const ecrf = await start({ sync: stranger });
    const long = Buffer.alloc(200_000, 32);
    const refused = await post(ecrf, '/lostsync', LOSTSYNC_CONTENT_TYPE, long).catch(() => ({ status: 413 }));
    expect(refused.status).toBe(413);
    expect((await post(ecrf, '/lostsync', 'text/plain', 'x')).status).toBe(415);
    expect((await fetch(`http://127.0.0.1:${ecrf.http.port}/lostsync`)).status).toBe(405);
    const peer = await start({ sync });
    expect((await post(peer, '/lostsync', LOSTSYNC_CONTENT_TYPE, long)).status).toBe(200);
    // Questions are as short as ever.
    const asked = await post(peer, '/lost', LOST_CONTENT_TYPE, long).catch(() => ({ status: 413 }));
    expect(asked.status).toBe(413);
  });
});

/** A server that says whatever it is told to, octet by octet. */
async function farSide(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.once('data', () => onConnection(socket));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/lost`;
}

const http = (body: string, status = '200 OK'): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${LOST_CONTENT_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const mapping =
  '<mapping source="b.lab" sourceId="1" lastUpdated="2026-01-01T00:00:00Z" expires="NO-EXPIRATION"><service>urn:service:sos</service>';

describe('a server that is asked', () => {
  it.each([
    ['says nothing', (_: Socket): void => undefined, 'serverTimeout'],
    ['hangs up', (s: Socket) => s.resetAndDestroy(), 'serverTimeout'],
    ['is no HTTP server', (s: Socket) => s.end('SSH-2.0-x\r\n\r\n'), 'serverTimeout'],
    ['drips', (s: Socket) => drip(s), 'serverTimeout'],
    ['never ends', (s: Socket) => flood(s), 'serverError'],
    ['sends a page', (s: Socket) => s.end(http('<html/>')), 'serverError'],
    [
      'sends half an answer',
      (s: Socket) => s.end(http(`<findServiceResponse xmlns="${LOST_NS}">`)),
      'serverError',
    ],
    ['sends entities', (s: Socket) => s.end(http('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')), 'serverError'],
    [
      'answers another question',
      (s: Socket) =>
        s.end(http(`<listServicesResponse xmlns="${LOST_NS}"><serviceList/></listServicesResponse>`)),
      'serverError',
    ],
    ['has an error of HTTP', (s: Socket) => s.end(http('', '500 Oops')), 'serverError'],
    [
      'redirects by HTTP',
      (s: Socket) =>
        s.end('HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n'),
      'serverError',
    ],
    [
      'redirects to an address',
      (s: Socket) =>
        s.end(http(`<redirect xmlns="${LOST_NS}" target="127.0.0.1" source="b.lab" message="" />`)),
      'internalError',
    ],
    [
      'redirects to itself',
      (s: Socket) => s.end(http(`<redirect xmlns="${LOST_NS}" target="b.lab" source="b.lab"/>`)),
      'loop',
    ],
    [
      'has a mapping without an end',
      (s: Socket) =>
        s.end(
          http(
            `<findServiceResponse xmlns="${LOST_NS}">${mapping}${boundary(endless)}</mapping></findServiceResponse>`,
          ),
        ),
      'serverError|serverTimeout|findServiceResponse',
    ],
  ] as const)(
    'and %s loses nobody a call',
    { meta: { clause: 'RFC 5222 13.1' } },
    async (_name, far, code) => {
      const url = await farSide((socket) => void far(socket));
      const ecrf = await start({
        servers: { 'b.lab': url },
        upstream: { budget: '2 s', maxBytes: 4_000_000, breaker: { failures: 100 } },
        discovery: { enabled: false },
      });
      const asked = Array.from({ length: 8 }, () => lost(ecrf, question(15)));
      // Who stands in our own boundaries does not wait for them.
      expect(await lost(ecrf, question(5))).toBe('findServiceResponse');
      for (const got of await Promise.all(asked)) expect(code.split('|')).toContain(got);
      expect(await lost(ecrf, question(5))).toBe('findServiceResponse');
    },
  );
});

function drip(socket: Socket): void {
  socket.write(`HTTP/1.1 200 OK\r\ncontent-type: ${LOST_CONTENT_TYPE}\r\ncontent-length: 1000\r\n\r\n`);
  const timer = setInterval(() => socket.write('<'), 20);
  socket.on('close', () => clearInterval(timer));
}

function flood(socket: Socket): void {
  socket.write(`HTTP/1.1 200 OK\r\ncontent-type: ${LOST_CONTENT_TYPE}\r\n\r\n`);
  const block = Buffer.alloc(65_536, '<a/>');
  const more = (): void => {
    while (!socket.destroyed && socket.write(block));
  };
  socket.on('drain', more);
  more();
}

it(
  'is asked over the bus like over HTTP, also for what another server knows',
  { meta: { clause: 'RFC 5222 8.3.3' } },
  async () => {
    const answer = `<findServiceResponse xmlns="${LOST_NS}">${mapping}<uri>sip:psap@b.lab</uri></mapping><path><via source="a.lab"/><via source="b.lab"/></path></findServiceResponse>`;
    const url = await farSide((socket) => void socket.end(http(answer)));
    const bus = new InProcessBus();
    closing.push(() => bus.close());
    await start({ servers: { 'b.lab': url } }, bus);
    const ask = async (document: unknown): Promise<string> =>
      String(await bus.request(LOST_QUERY_SUBJECT, document));
    expect(await ask(question(15))).toContain('sip:psap@b.lab');
    expect(await ask(question(15).replace('recursive="true"', ''))).toContain('target="b.lab"');
    expect(await ask(question(5))).toContain('sip:psap@a.lab');
    expect(await ask(17)).toContain('badRequest');
  },
);
