import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type FindServiceRequest,
  type LostAnswer,
  type Mapping,
  type SyncAnswer,
  type SyncRequest,
  deletionOf,
  httpLostClient,
  httpSyncClient,
} from '@esinet/lost';
import { type RunningElement } from '@esinet/platform';
import { freePort, until } from '@esinet/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { buildLayers } from '../layers.js';
import { loadBoundaries, readBoundaryFile } from '../load-boundaries.js';
import { ECRF } from '../ecrf.module.js';
import type { Ecrf } from '../ecrf.js';
import { ecrfConfigSchema } from '../ecrf-config.js';
import { startEcrf } from '../start-ecrf.js';
import { SyncPeers, mayWrite } from './sync-peers.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esinet-lost-sync-'));
  file('a.geojson', square('a', 0, 'sip:psap@a.lab'));
  file('a2.geojson', square('a', 0, 'sip:psap@a.lab'), square('more', 60, 'sip:psap@a.lab'));
  file('a3.geojson', square('more', 60, 'sip:psap@a.lab'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, ...features: unknown[]): void {
  writeFileSync(join(folder, name), JSON.stringify({ type: 'FeatureCollection', features }));
}

const ringAt = (west: number): [number, number][] => [
  [west, 40],
  [west + 10, 40],
  [west + 10, 50],
  [west, 50],
  [west, 40],
];

function square(id: string, west: number, uri: string): unknown {
  return {
    type: 'Feature',
    properties: {
      NGUID: id,
      DsplayName: id,
      ServiceURI: uri,
      ServiceURN: 'urn:service:sos',
      DateUpdate: '2026-01-01',
    },
    geometry: { type: 'Polygon', coordinates: [ringAt(west)] },
  };
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const urlOf = (port: number, path = 'lost'): string => `http://127.0.0.1:${port}/${path}`;

async function start(config: object, dataFolder?: string): Promise<RunningElement> {
  const parsed = ecrfConfigSchema.parse({ http: { port: 0 }, boundaries: [], ...config });
  const ecrf = await startEcrf(parsed, dataFolder === undefined ? {} : { dataFolder });
  closing.push(() => ecrf.close());
  return ecrf;
}

async function tell(port: number, request: SyncRequest): Promise<SyncAnswer> {
  const client = httpSyncClient({ url: urlOf(port, 'lostsync'), timeoutMs: 5_000, maxBytes: 4_000_000 });
  closing.push(() => client.close());
  const asked = await client.ask(request);
  if (!asked.ok) throw new Error(asked.error.message);
  return asked.value;
}

async function find(port: number, lon: number, more: Partial<FindServiceRequest> = {}): Promise<LostAnswer> {
  const client = httpLostClient({ url: urlOf(port) });
  closing.push(() => client.close());
  const asked = await client.ask({
    type: 'findService',
    locations: [{ id: 'here', profile: 'geodetic-2d', shape: { type: 'point', position: [lon, 45] } }],
    service: 'urn:service:sos',
    recursive: false,
    validateLocation: false,
    serviceBoundary: 'value',
    path: [],
    ...more,
  });
  if (!asked.ok) throw new Error(asked.error.message);
  return asked.value;
}

const peer = (more: object): object => ({ name: 'b', from: ['127.0.0.1'], sources: ['*.b.lab'], ...more });

const mapping = (sourceId: string, west: number, more: Partial<Mapping> = {}): Mapping => ({
  source: 'ecrf.b.lab',
  sourceId,
  lastUpdated: '2026-01-01T00:00:00Z',
  expires: 'NO-EXPIRATION',
  displayName: [{ lang: 'en', text: 'B' }],
  service: 'urn:service:sos',
  uris: ['sip:psap@b.lab'],
  serviceBoundary: [{ type: 'polygon', rings: [ringAt(west)] }],
  ...more,
});

it(
  'learns by push where others are responsible, keeps it over a restart, and forgets what is deleted',
  { meta: { clause: ['RFC 6739 5.1', 'RFC 6739 5.2', 'RFC 5582 8'] } },
  async () => {
    const config = { source: 'fg.lab', sync: { peers: [peer({})] } };
    const data = join(folder, 'restart');
    const first = await start(config, data);
    expect(await find(first.http.port, 15)).toMatchObject({ errors: [{ code: 'serviceNotImplemented' }] });
    const pushed = { type: 'pushMappings', mappings: [mapping('1', 10), mapping('2', 30)] } as const;
    expect(await tell(first.http.port, pushed)).toEqual({ type: 'pushMappingsResponse' });
    expect(await find(first.http.port, 15)).toMatchObject({ type: 'redirect', target: 'ecrf.b.lab' });
    await first.close();

    const second = await start(config, data);
    const { port } = second.http;
    expect(await find(port, 15)).toMatchObject({ type: 'redirect', target: 'ecrf.b.lab' });
    const gone = deletionOf(mapping('1', 10), '2026-02-01T00:00:00Z');
    expect(await tell(port, { type: 'pushMappings', mappings: [gone] })).toMatchObject({
      type: 'pushMappingsResponse',
    });
    expect(await find(port, 15)).toMatchObject({ errors: [{ code: 'notFound' }] });
    // What comes round by another way does not bring it back; what is newer does.
    await tell(port, { type: 'pushMappings', mappings: [mapping('1', 10)] });
    expect(await find(port, 15)).toMatchObject({ errors: [{ code: 'notFound' }] });
    const newer = mapping('1', 50, { lastUpdated: '2026-03-01T00:00:00Z' });
    await tell(port, { type: 'pushMappings', mappings: [newer] });
    expect(await find(port, 55)).toMatchObject({ type: 'redirect' });
    await tell(port, { type: 'pushMappings', mappings: [mapping('1', 10)] });
    expect(await find(port, 55)).toMatchObject({ type: 'redirect' });
    expect(await find(port, 15)).toMatchObject({ errors: [{ code: 'notFound' }] });
  },
);

it(
  'says what it could not delete, and takes the rest of the document',
  { meta: { clause: 'RFC 6739 5.2' } },
  async () => {
    const fg = await start({ source: 'fg.lab', sync: { peers: [peer({})] } }, join(folder, 'not-deleted'));
    const unknown = deletionOf(mapping('9', 0), '2026-02-01T00:00:00Z');
    const pushed = { type: 'pushMappings', mappings: [unknown, mapping('1', 10)] } as const;
    expect(await tell(fg.http.port, pushed)).toMatchObject({
      type: 'errors',
      source: 'fg.lab',
      errors: [],
      notDeleted: { mappings: [{ sourceId: '9' }] },
    });
    expect(await find(fg.http.port, 15)).toMatchObject({ type: 'redirect' });
  },
);

it(
  'takes mappings only of sources their peer may write, all of them or none',
  { meta: { clause: ['RFC 6739 5.2', 'RFC 6739 9'] } },
  async () => {
    const config = { source: 'fg.b.lab', sync: { peers: [peer({})] } };
    const fg = await start(config, join(folder, 'allowed'));
    const { port } = fg.http;
    const forbidden = { errors: [{ code: 'forbidden' }] };
    for (const source of ['ecrf.c.lab', 'fg.b.lab', 'b.lab']) {
      const mappings = [mapping('1', 10), mapping('2', 20, { source })];
      expect(await tell(port, { type: 'pushMappings', mappings })).toMatchObject(forbidden);
    }
    expect(await tell(port, { type: 'getMappingsRequest', exists: [] })).toMatchObject(forbidden);
    const future = mapping('1', 10, { lastUpdated: '2999-01-01T00:00:00Z' });
    expect(await tell(port, { type: 'pushMappings', mappings: [future] })).toMatchObject({
      errors: [{ code: 'badRequest' }],
    });
    expect(await find(port, 15)).toMatchObject({ errors: [{ code: 'serviceNotImplemented' }] });

    const elsewhere = { name: 'far', from: ['192.0.2.0/24', 'DNS:ecrf.b.lab'], sources: ['*'] };
    const closed = await start({ source: 'fg.lab', sync: { peers: [elsewhere] } });
    const pushed = { type: 'pushMappings', mappings: [mapping('1', 10)] } as const;
    expect(await tell(closed.http.port, pushed)).toMatchObject(forbidden);
  },
);

it('does not say yes to what it cannot keep', { meta: { clause: 'RFC 6739 5.2' } }, async () => {
  // No data folder: every record is refused.
  const fg = await start({ source: 'fg.lab', sync: { peers: [peer({})], maxMappings: 1 } });
  const pushed = (...mappings: Mapping[]): SyncRequest => ({ type: 'pushMappings', mappings });
  const refused = { errors: [{ code: 'internalError' }] };
  expect(await tell(fg.http.port, pushed(mapping('1', 10)))).toMatchObject(refused);
  expect(await find(fg.http.port, 15)).toMatchObject({ errors: [{ code: 'serviceNotImplemented' }] });
  expect(await tell(fg.http.port, pushed(mapping('1', 10), mapping('2', 20)))).toMatchObject(refused);
});

it(
  'answers mappings of another source as they came, with their own time and boundary',
  { meta: { clause: ['RFC 5222 5.1', 'RFC 6739 8'] } },
  async () => {
    const config = { source: 'copy.lab', sync: { peers: [peer({ as: 'mappings' })] } };
    const { http } = await start(config, join(folder, 'copy'));
    const given = mapping('1', 10, { expires: '2999-01-01T00:00:00Z', serviceNumber: '112' });
    const old = mapping('2', 30, { expires: '2026-01-02T00:00:00Z' });
    await tell(http.port, { type: 'pushMappings', mappings: [given, old] });
    expect(await find(http.port, 15)).toMatchObject({
      type: 'findServiceResponse',
      mappings: [given],
      path: ['copy.lab'],
      locationUsed: 'here',
    });
    expect(await find(http.port, 15, { service: 'urn:service:sos.fire' })).toMatchObject({
      mappings: [{ service: 'urn:service:sos' }],
      warnings: [{ code: 'serviceSubstitution', source: 'copy.lab' }],
    });
    expect(await find(http.port, 35)).toMatchObject({ errors: [{ code: 'notFound' }] });
  },
);

it(
  'gives what is ours and what is learnt, in documents of a size, and only what the asker has not',
  { meta: { clause: ['RFC 6739 4.1', 'RFC 6739 4.2'] } },
  async () => {
    const config = {
      source: 'ecrf.a.lab',
      boundaries: [join(folder, 'a.geojson')],
      sync: { peers: [peer({ give: 'all' })], positions: 100 },
    };
    const { http } = await start(config, join(folder, 'give'));
    const many = Array.from({ length: 40 }, (_, i) => mapping(`${i}`, i % 3));
    await tell(http.port, { type: 'pushMappings', mappings: many });
    const got = new Map<string, Mapping>();
    let documents = 0;
    for (; documents < 50; documents += 1) {
      const exists = [...got.values()].map(({ source, sourceId, lastUpdated }) => ({
        source,
        sourceId,
        lastUpdated,
      }));
      const answer = await tell(http.port, { type: 'getMappingsRequest', exists });
      if (answer.type !== 'getMappingsResponse') throw new Error(answer.type);
      if (answer.mappings.length === 0) break;
      for (const m of answer.mappings) got.set(`${m.source} ${m.sourceId}`, m);
    }
    expect(documents).toBeGreaterThan(1);
    expect(got.size).toBe(41);
    expect(got.get('ecrf.b.lab 7')).toEqual(many[7]);
    expect(got.get('ecrf.a.lab coverage:a')).toMatchObject({ uris: [], service: 'urn:service:sos' });
    // Who has what was ours and is not any more is told that it is gone.
    const former = { source: 'ecrf.a.lab', sourceId: 'coverage:former', lastUpdated: '2026-01-01T00:00:00Z' };
    const rest = await tell(http.port, { type: 'getMappingsRequest', exists: [former] });
    expect(rest.type === 'getMappingsResponse' && rest.mappings[0]).toMatchObject({
      sourceId: 'coverage:former',
      uris: [],
      service: '',
    });
  },
);

it(
  'keeps a forest guide up to date: one tree is pulled, another pushes, and what goes there goes here',
  {
    meta: { clause: ['RFC 6739 3', 'RFC 6739 4.1', 'RFC 6739 5.1', 'RFC 6739 6', 'RFC 5582 7.1'] },
    timeout: 60_000,
  },
  async () => {
    const ports = { fg: await freePort(), a: await freePort() };
    const guide = {
      name: 'fg',
      from: ['127.0.0.1'],
      give: 'own',
      url: urlOf(ports.fg, 'lostsync'),
      push: true,
    };
    const a = await start(
      {
        http: { port: ports.a },
        source: 'ecrf.a.lab',
        boundaries: [join(folder, 'a.geojson')],
        sync: { peers: [guide] },
      },
      join(folder, 'tree-a'),
    );
    const fg = await start(
      {
        http: { port: ports.fg },
        source: 'fg.lab',
        servers: { 'ecrf.a.lab': urlOf(ports.a) },
        sync: { peers: [{ name: 'a', from: ['127.0.0.1'], sources: ['ecrf.a.lab'] }] },
      },
      join(folder, 'guide'),
    );
    const answers = async (lon: number): Promise<string> => {
      const given = await find(fg.http.port, lon, { recursive: true });
      return given.type === 'errors' ? (given.errors[0]?.code ?? '') : given.type;
    };
    await until(async () => (await answers(5)) === 'findServiceResponse');

    // A new boundary, then the loss of an old one.
    const ecrf = a.get<Ecrf>(ECRF);
    const use = async (name: string): Promise<void> => {
      const read = await readBoundaryFile(join(folder, name));
      if (!read.ok) throw new Error(read.error.message);
      const { boundaries } = loadBoundaries([read.value]);
      const { source, expiresMs, maxVerticesByValue } = ecrf.layers;
      ecrf.swap(buildLayers({ source, boundaries, expiresMs, maxVerticesByValue, builtAt: 0 }));
    };
    await use('a2.geojson');
    await until(async () => (await answers(65)) === 'findServiceResponse');
    await use('a3.geojson');
    await until(async () => (await answers(5)) === 'notFound');

    // A guide that asks by itself.
    const other = await start(
      {
        source: 'fg2.lab',
        sync: {
          peers: [{ name: 'a', sources: ['ecrf.a.lab'], url: urlOf(ports.a, 'lostsync'), pull: '100 ms' }],
        },
      },
      join(folder, 'guide-2'),
    );
    await until(async () => (await find(other.http.port, 65)).type === 'redirect');
    await use('a.geojson');
    await until(async () => (await find(other.http.port, 65)).type === 'errors');
    expect(await find(other.http.port, 5)).toMatchObject({ type: 'redirect', target: 'ecrf.a.lab' });
  },
);

it(
  'knows peers by certificate or address, and sources by name or domain',
  { meta: { clause: 'RFC 6739 9' } },
  () => {
    const { sync } = ecrfConfigSchema.parse({
      sync: {
        peers: [
          { name: 'a', from: ['URI:sip:ecrf.a.lab'], sources: ['ECRF.a.lab'] },
          { name: 'b', from: ['10.0.0.0/8', '2001:db8::/32'], sources: ['*.b.lab'] },
          { name: 'all', from: ['192.0.2.1'], sources: ['*'] },
        ],
      },
    });
    const peers = new SyncPeers(sync.peers);
    const who = (address: string, ...names: string[]): string[] =>
      peers.of({ address, names }).map((p) => p.name);
    expect(who('192.0.2.9', 'URI:sip:ecrf.a.lab')).toEqual(['a']);
    expect(who('10.1.2.3')).toEqual(['b']);
    expect(who('::ffff:10.1.2.3')).toEqual(['b']);
    expect(who('2001:db8::1', 'DNS:x.lab')).toEqual(['b']);
    expect(who('192.0.2.1', 'URI:sip:ecrf.a.lab')).toEqual(['a', 'all']);
    expect(who('not an address')).toEqual([]);
    const may = (name: string, source: string): boolean => {
      const found = peers.byName(name);
      return found !== undefined && mayWrite(found, source, 'own.b.lab');
    };
    expect(may('a', 'ecrf.A.lab')).toBe(true);
    expect(may('a', 'x.ecrf.a.lab')).toBe(false);
    expect(may('b', 'deep.x.b.lab')).toBe(true);
    expect(may('b', 'xb.lab')).toBe(false);
    expect(may('b', 'own.b.lab')).toBe(false);
    expect(may('all', 'anything.example')).toBe(true);
  },
);
