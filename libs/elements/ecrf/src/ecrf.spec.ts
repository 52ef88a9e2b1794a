import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LogFields, type Logger, silentLogger } from '@esinet/kernel';
import { type LostRequest, httpLostClient, readLostAnswer, writeLostRequest } from '@esinet/lost';
import { InProcessBus, type RunningElement } from '@esinet/platform';
import { afterEach, expect, it } from 'vitest';
import { ecrfConfigSchema } from './ecrf-config.js';
import { loadBoundaries } from './load-boundaries.js';
import { startEcrf } from './start-ecrf.js';

const ring = [
  [-4, 40],
  [-3, 40],
  [-3, 41],
  [-4, 41],
  [-4, 40],
];

function feature(id: string | undefined, coordinates: unknown = [ring], more: object = {}): unknown {
  return {
    type: 'Feature',
    properties: {
      NGUID: id,
      ServiceURI: 'sip:madrid@psap.esinet.internal',
      ServiceURN: 'urn:service:sos',
      DsplayName: 'Madrid',
      ...more,
    },
    geometry: { type: 'Polygon', coordinates },
  };
}

const collection = (...features: unknown[]): unknown => ({ type: 'FeatureCollection', features });
const lab = collection(feature('madrid'));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(
  o: { config?: object; bus?: InProcessBus; logger?: Logger; lab?: unknown } = {},
): Promise<RunningElement> {
  const config = ecrfConfigSchema.parse({ http: { port: 0 }, ...o.config });
  const platform = { ...(o.bus ? { bus: o.bus } : {}), logger: o.logger ?? silentLogger };
  const ecrf = await startEcrf(config, platform, { lab: o.lab ?? lab });
  closing.push(() => ecrf.close());
  return ecrf;
}

const urlOf = (ecrf: RunningElement, path = '/lost'): string => `http://127.0.0.1:${ecrf.http.port}${path}`;

function find(lon: number, lat: number): LostRequest {
  return {
    type: 'findService',
    locations: [{ id: 'a', profile: 'geodetic-2d', shape: { type: 'point', position: [lon, lat] } }],
    service: 'urn:service:sos',
    recursive: false,
    validateLocation: false,
    serviceBoundary: 'value',
    path: [],
  };
}

async function post(ecrf: RunningElement, body: string, type = 'application/lost+xml'): Promise<Response> {
  return fetch(urlOf(ecrf), { method: 'POST', body, headers: { 'content-type': type } });
}

it(
  'answers a client over HTTP, over the bus, and tells what it did without saying where',
  { meta: { clause: 'RFC 5222 14', shall: '5.3.2-1' } },
  async () => {
    const bus = new InProcessBus();
    closing.push(() => bus.close());
    const ecrf = await start({ bus });
    const events: unknown[] = [];
    bus.subscribe('events.ecrf.>', (event) => void events.push(event));
    const client = httpLostClient({ url: urlOf(ecrf) });
    closing.push(() => client.close());

    const answered = await client.ask(find(-3.7, 40.4));
    expect(answered).toMatchObject({
      ok: true,
      value: { mappings: [{ uris: ['sip:madrid@psap.esinet.internal'] }] },
    });
    expect(await client.ask(find(-30, 40))).toMatchObject({
      ok: true,
      value: { errors: [{ code: 'notFound' }] },
    });

    const text = await bus.request('lost.query', writeLostRequest(find(-3.7, 40.4)));
    expect(typeof text === 'string' && readLostAnswer(text)).toMatchObject({
      ok: true,
      value: { type: 'findServiceResponse' },
    });
    expect(await bus.request('lost.query', { not: 'text' })).toContain('badRequest');

    await expect.poll(() => events.length).toBe(4);
    expect(events[0]).toMatchObject({ element: 'ecrf', result: 'mapping', service: 'urn:service:sos' });
    expect(JSON.stringify(events)).not.toContain('40.4');
    const metrics = await (await fetch(urlOf(ecrf, '/metrics'))).text();
    expect(metrics).toMatch(/esinet_lost_queries_total\{[^}]*result="notFound"[^}]*\} 1/);
    expect(await (await fetch(urlOf(ecrf, '/readyz'))).json()).toMatchObject({
      ready: true,
      checks: { boundaries: 'ok' },
    });
  },
);

it(
  'keeps LoST errors inside of 200 and HTTP errors out of LoST',
  { meta: { clause: 'RFC 5222 14' } },
  async () => {
    const ecrf = await start();
    const good = writeLostRequest(find(-3.7, 40.4));

    for (const body of [
      '',
      'hello',
      '<x/>',
      good.slice(0, -4),
      `<!DOCTYPE a>${good}`,
      good.replaceAll('lost1', 'lost9'),
    ]) {
      const response = await post(ecrf, body);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toContain('application/lost+xml');
      expect(await response.text()).toContain('<badRequest');
    }
    expect(await (await post(ecrf, good.replace('40.4', '99'))).text()).toContain('<locationInvalid');
    expect(await (await post(ecrf, good.replace('EPSG::4326', 'EPSG::3857'))).text()).toContain(
      '<SRSInvalid',
    );

    expect((await post(ecrf, good, 'text/plain')).status).toBe(415);
    expect((await post(ecrf, good, 'application/lost+xml; charset=utf-8')).status).toBe(200);
    expect((await fetch(urlOf(ecrf), { method: 'PUT', body: good })).status).toBe(405);
    expect((await fetch(urlOf(ecrf), { method: 'DELETE' })).headers.get('allow')).toBe('GET, HEAD, POST');
    const usage = await fetch(urlOf(ecrf));
    expect([usage.status, await usage.text()]).toEqual([200, expect.stringContaining('POST')]);
    const large = await post(ecrf, `${good}<!--${'x'.repeat(70_000)}-->`).catch(() => undefined);
    expect(large?.status ?? 413).toBe(413);

    expect((await post(ecrf, good)).status).toBe(200);
  },
);

it('stays there for others while one client drips', async () => {
  const ecrf = await start();
  const drip = connect(ecrf.http.port, '127.0.0.1');
  closing.push(() => drip.destroy());
  drip.on('error', () => undefined);
  drip.write(
    'POST /lost HTTP/1.1\r\nhost: a\r\ncontent-type: application/lost+xml\r\ncontent-length: 500\r\n\r\n<',
  );
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => post(ecrf, writeLostRequest(find(-3.7, 40.4)))),
  );
  expect(answers.every((a) => a.status === 200)).toBe(true);
});

it('shows its boundaries to maps', async () => {
  const ecrf = await start();
  const response = await fetch(urlOf(ecrf, '/boundaries'));
  expect(response.headers.get('content-type')).toBe('application/geo+json');
  expect(await response.json()).toMatchObject({
    type: 'FeatureCollection',
    features: [
      {
        id: 'madrid',
        properties: { serviceUrn: 'urn:service:sos', displayName: 'Madrid' },
        geometry: { coordinates: [ring] },
      },
    ],
  });
});

it('is not ready when every boundary has lapsed', async () => {
  const ecrf = await start({ lab: collection(feature('old', [ring], { Expire: '2020-01-01T00:00:00Z' })) });
  expect((await fetch(urlOf(ecrf, '/readyz'))).status).toBe(503);
});

it('loads files, leaves out what is broken and says so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'esinet-ecrf-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'psap.geojson');
  writeFileSync(
    file,
    JSON.stringify(collection(feature('madrid'), feature('open', [ring.slice(0, -1)]), feature(undefined))),
  );
  const lines: { event: string; fields: LogFields | undefined }[] = [];
  const note = (event: string, fields?: LogFields): void => void lines.push({ event, fields });
  const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger };
  const missing = join(folder, 'missing.geojson');
  await start({ config: { boundaries: [file, missing] }, logger });
  const unused = lines
    .filter((l) => l.event === 'boundary not used')
    .map((l) => [l.fields?.['file'], l.fields?.['feature']]);
  expect(unused).toEqual([
    [file, 'open'],
    [file, '#2'],
    [missing, ''],
  ]);
  expect(lines.find((l) => l.event === 'boundaries loaded')?.fields).toMatchObject({
    boundaries: 1,
    problems: 3,
  });

  const none = ecrfConfigSchema.parse({ http: { port: 0 }, boundaries: [missing] });
  await expect(startEcrf(none, { logger: silentLogger })).rejects.toThrow(
    /no usable service boundary.*missing\.geojson.*ecrf\.boundaries/,
  );
});

it('takes the first of two features with one NGUID, within a source and across', () => {
  const geojson = collection(
    feature('a', [ring], { DateUpdate: '2025-06-01T00:00:00Z' }),
    feature('a'),
    feature('b'),
  );
  const loaded = loadBoundaries([
    { name: 'one', geojson, changedAt: 1 },
    { name: 'two', geojson: collection(feature('b')), changedAt: 2 },
    { name: 'three', geojson: 'nothing', changedAt: 3 },
  ]);
  expect(loaded.boundaries.map((b) => [b.boundary.id, b.lastUpdated])).toEqual([
    ['a', Date.UTC(2025, 5, 1)],
    ['b', 1],
  ]);
  expect(loaded.problems.map((p) => [p.source, p.feature, p.code])).toEqual([
    ['one', 'a', 'duplicate-nguid'],
    ['two', 'b', 'duplicate-nguid'],
    ['three', '#', 'not-a-feature-collection'],
  ]);
});

it('refuses a configuration it would not understand', () => {
  for (const config of [
    { sorce: 'a.b' },
    { source: 'ecrf' },
    { boundaries: [] },
    { defaultMapping: 'tel:112' },
    { civic: [{ match: {}, boundary: 'a' }] },
  ]) {
    expect(ecrfConfigSchema.safeParse(config).success).toBe(false);
  }
  expect(ecrfConfigSchema.parse(undefined)).toMatchObject({
    http: { port: 15222 },
    source: 'ecrf.esinet.lab',
    boundaries: 'lab',
  });
});
