import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FindServiceRequest, type LostAnswer, type LostRequest, httpLostClient } from '@esinet/lost';
import { PrometheusMetrics, type RunningElement } from '@esinet/platform';
import { freePort } from '@esinet/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ecrfConfigSchema } from './ecrf-config.js';
import { startEcrf } from './start-ecrf.js';

/** Two countries side by side, a forest guide that knows both, each with an ECRF of its own. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esinet-referral-'));
  file('a.geojson', square('a', 0, { ServiceURI: 'sip:psap@a.lab', ServiceURN: 'urn:service:sos' }));
  file(
    'b.geojson',
    square('b', 10, { ServiceURI: 'sip:psap@b.lab', ServiceURN: 'urn:service:sos' }),
    square('b-fire', 10, { ServiceURI: 'sip:fire@b.lab', ServiceURN: 'urn:service:sos.fire' }),
  );
  file(
    'trees.geojson',
    square('tree-a', 0, { LostServer: 'ecrf.a.lab', ServiceURN: 'urn:service:sos' }),
    square('tree-b', 10, { LostServer: 'ecrf.b.lab', ServiceURN: 'urn:service:sos' }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, ...features: unknown[]): void {
  writeFileSync(join(folder, name), JSON.stringify({ type: 'FeatureCollection', features }));
}

function square(id: string, west: number, properties: object): unknown {
  const ring = [
    [west, 40],
    [west + 10, 40],
    [west + 10, 50],
    [west, 50],
    [west, 40],
  ];
  return {
    type: 'Feature',
    properties: { NGUID: id, DsplayName: id, ...properties },
    geometry: { type: 'Polygon', coordinates: [ring] },
  };
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Lab {
  readonly ports: { readonly a: number; readonly fg: number; readonly b: number };
  readonly metrics: PrometheusMetrics;
  stop(name: 'a' | 'fg' | 'b'): Promise<void>;
  ask(name: 'a' | 'fg' | 'b', request: LostRequest): Promise<LostAnswer>;
}

async function lab(o: { readonly a?: object; readonly without?: readonly string[] } = {}): Promise<Lab> {
  const ports = { a: await freePort(), fg: await freePort(), b: await freePort() };
  const url = (port: number): string => `http://127.0.0.1:${port}/lost`;
  const servers = { 'fg.lab': url(ports.fg), 'ecrf.a.lab': url(ports.a), 'ecrf.b.lab': url(ports.b) };
  const at = (name: string): string => join(folder, name);
  const configs = {
    a: { source: 'ecrf.a.lab', boundaries: [at('a.geojson')], forestGuide: 'fg.lab', servers, ...o.a },
    fg: { source: 'fg.lab', boundaries: [], coverage: [at('trees.geojson')], servers },
    b: { source: 'ecrf.b.lab', boundaries: [at('b.geojson')] },
  };
  const metrics = new PrometheusMetrics({ element: 'ecrf' });
  const running = new Map<string, RunningElement>();
  for (const name of ['a', 'fg', 'b'] as const) {
    if (o.without?.includes(name)) continue;
    const config = ecrfConfigSchema.parse({ http: { port: ports[name] }, ...configs[name] });
    const element = await startEcrf(config, name === 'a' ? { metrics } : {});
    running.set(name, element);
    closing.push(() => element.close());
  }
  return {
    ports,
    metrics,
    stop: async (name) => running.get(name)?.close(),
    async ask(name, request) {
      const client = httpLostClient({ url: url(ports[name]) });
      closing.push(() => client.close());
      const answered = await client.ask(request);
      if (!answered.ok) throw new Error(answered.error.message);
      return answered.value;
    },
  };
}

function find(lon: number, more: Partial<FindServiceRequest> = {}): FindServiceRequest {
  return {
    type: 'findService',
    locations: [{ id: 'here', profile: 'geodetic-2d', shape: { type: 'point', position: [lon, 45] } }],
    service: 'urn:service:sos',
    recursive: true,
    validateLocation: false,
    serviceBoundary: 'value',
    path: [],
    ...more,
  };
}

it(
  'asks the forest guide, which asks the tree that covers the place, and passes its answer on with the path',
  { meta: { clause: ['RFC 5222 6', 'RFC 5222 8.3.3', 'RFC 5582 7.2'] } },
  async () => {
    const { ask, ports } = await lab();
    expect(ports.a).toBeGreaterThan(0);
    expect(await ask('a', find(5))).toMatchObject({ mappings: [{ uris: ['sip:psap@a.lab'] }] });
    expect(await ask('a', find(15))).toMatchObject({
      type: 'findServiceResponse',
      mappings: [{ source: 'ecrf.b.lab', sourceId: 'b', uris: ['sip:psap@b.lab'] }],
      path: ['ecrf.a.lab', 'fg.lab', 'ecrf.b.lab'],
      locationUsed: 'here',
    });
  },
);

it(
  'answers with the name of the responsible server where it may not ask itself',
  { meta: { clause: ['RFC 5222 8.3.3', 'RFC 5222 13.3', 'RFC 5582 7.2'] } },
  async () => {
    const { ask } = await lab();
    expect(await ask('fg', find(15, { recursive: false }))).toMatchObject({
      type: 'redirect',
      target: 'ecrf.b.lab',
      source: 'fg.lab',
    });
    expect(await ask('a', find(15, { recursive: false }))).toMatchObject({
      type: 'redirect',
      target: 'fg.lab',
      source: 'ecrf.a.lab',
    });
    expect(await ask('fg', find(35, { recursive: false }))).toMatchObject({
      type: 'errors',
      errors: [{ code: 'notFound' }],
    });
  },
);

it(
  'is an error where the responsible server does not answer, and costs nothing once that is known',
  { meta: { clause: 'RFC 5222 13.1' } },
  async () => {
    const { ask, metrics } = await lab({ without: ['fg'] });
    for (let i = 0; i < 5; i += 1) {
      expect(await ask('a', find(15))).toMatchObject({
        type: 'errors',
        source: 'ecrf.a.lab',
        errors: [{ code: 'serverTimeout' }],
      });
    }
    expect(await ask('a', find(5))).toMatchObject({ mappings: [{ uris: ['sip:psap@a.lab'] }] });
    const text = await metrics.text();
    expect(text).toContain(
      'esinet_lost_upstream_total{server="fg.lab",result="serverTimeout",element="ecrf"} 5',
    );
  },
);

it(
  'keeps what another answered for all of its boundary, and gives it by reference to who wants one',
  { meta: { clause: ['RFC 5222 5.2', 'RFC 5222 5.6', 'RFC 5222 9'] } },
  async () => {
    const { ask, stop } = await lab();
    const first = await ask('a', find(15));
    await stop('fg');
    expect(await ask('a', find(12))).toEqual(first);
    // Also to who may not be answered by recursion: nobody is asked.
    const kept = await ask('a', find(13, { recursive: false, serviceBoundary: 'reference' }));
    if (kept.type !== 'findServiceResponse' || first.type !== 'findServiceResponse')
      throw new Error(kept.type);
    const reference = kept.mappings[0]?.serviceBoundaryReference;
    expect(reference?.source).toBe('ecrf.a.lab');
    expect(await ask('a', { type: 'getServiceBoundary', key: reference?.key ?? '' })).toMatchObject({
      serviceBoundary: first.mappings[0]?.serviceBoundary,
      path: ['ecrf.a.lab'],
    });
  },
);

it(
  'answers from its own default mapping, with the reason as a warning, where nobody else answers',
  { meta: { clause: ['RFC 5222 13', 'RFC 5222 13.2'] } },
  async () => {
    const { ask } = await lab({ a: { defaultMapping: 'sip:default@a.lab' }, without: ['fg'] });
    expect(await ask('a', find(15))).toMatchObject({
      mappings: [{ uris: ['sip:default@a.lab'] }],
      warnings: [{ code: 'defaultMappingReturned' }, { code: 'serverTimeout', source: 'ecrf.a.lab' }],
    });
  },
);

it(
  'ends a loop: with notFound where the forest guide sends the question back, with loop where it came from there',
  { meta: { clause: ['RFC 5222 6', 'RFC 5222 13.1'] } },
  async () => {
    file(
      'hole.geojson',
      square('elsewhere', 40, { ServiceURI: 'sip:x@a.lab', ServiceURN: 'urn:service:sos' }),
    );
    const { ask } = await lab({ a: { boundaries: [join(folder, 'hole.geojson')] } });
    expect(await ask('a', find(5))).toMatchObject({ type: 'errors', errors: [{ code: 'notFound' }] });
    expect(await ask('a', find(5, { path: ['FG.lab', 'ecrf.a.lab'] }))).toMatchObject({
      errors: [{ code: 'loop' }],
    });
    expect(await ask('fg', find(5, { path: ['ecrf.a.lab'] }))).toMatchObject({
      source: 'fg.lab',
      errors: [{ code: 'loop' }],
    });
  },
);

it(
  'lists the services of a place as the responsible server knows them, and those it can look up at all',
  { meta: { clause: ['RFC 5222 10', 'RFC 5222 11'] } },
  async () => {
    const { ask } = await lab();
    const { locations } = find(15);
    const list = { type: 'listServicesByLocation', locations, service: 'urn:service:sos', path: [] } as const;
    expect(await ask('a', { ...list, recursive: true })).toMatchObject({
      services: ['urn:service:sos.fire'],
      path: ['ecrf.a.lab', 'fg.lab', 'ecrf.b.lab'],
      locationUsed: 'here',
    });
    expect(await ask('fg', { ...list, recursive: false })).toMatchObject({
      type: 'redirect',
      target: 'ecrf.b.lab',
    });
    expect(await ask('fg', { type: 'listServices', path: [] })).toMatchObject({
      services: ['urn:service:sos'],
    });
  },
);
