import { ManualClock, type Result, err, ok } from '@esinet/kernel';
import { type Shape, readBoundaries } from '@esinet/location';
import type {
  FindServiceRequest,
  FindServiceResponse,
  LostAnswer,
  LostClientError,
  LostRequest,
  Mapping,
} from '@esinet/lost';
import { PrometheusMetrics } from '@esinet/platform';
import { expect, it } from 'vitest';
import { AnswerCache } from './answer-cache.js';
import { BoundaryShelf } from './boundary-shelf.js';
import { Coverage, type CoverageRegion } from './coverage.js';
import { buildLayers } from './layers.js';
import type { ResolveContext } from './resolve-context.js';
import { resolve } from './resolve.js';
import { ForeignMappings } from './sync/foreign-mappings.js';
import { Upstreams } from './upstream.js';

const SOS = 'urn:service:sos';
const ring = (west: number, size = 10): [number, number][] => [
  [west, 40],
  [west + size, 40],
  [west + size, 40 + size],
  [west, 40 + size],
  [west, 40],
];

type Far = (request: LostRequest) => Result<LostAnswer, LostClientError> | 'silence';

const region = (server: string, west: number, more: Partial<CoverageRegion> = {}): CoverageRegion => ({
  id: `${server} ${west}`,
  server,
  serviceUrn: SOS,
  geometry: { type: 'Polygon', coordinates: [ring(west)] },
  ...more,
});

const mapping = (more: Partial<Mapping> = {}): Mapping => ({
  source: 'b.lab',
  sourceId: 'b',
  lastUpdated: '2026-01-01T00:00:00Z',
  expires: '2026-01-01T13:00:00Z',
  displayName: [{ lang: 'en', text: 'B' }],
  service: SOS,
  uris: ['sip:psap@b.lab'],
  serviceBoundary: [{ type: 'polygon', rings: [ring(10)] }],
  ...more,
});

const found = (more: Partial<FindServiceResponse> = {}, of: Partial<Mapping> = {}): FindServiceResponse => ({
  type: 'findServiceResponse',
  mappings: [mapping(of)],
  warnings: [],
  path: ['a.lab', 'b.lab'],
  locationUsed: 'here',
  ...more,
});

const errors = (code: 'notFound' | 'loop' | 'forbidden' | 'internalError', source = 'b.lab'): LostAnswer => ({
  type: 'errors',
  source,
  errors: [{ code, message: 'far', lang: 'en' }],
});

const redirect = (target: string): LostAnswer => ({ type: 'redirect', target, source: 'b.lab', message: '' });

interface Options {
  readonly far: Readonly<Record<string, Far>>;
  readonly regions?: readonly CoverageRegion[];
  readonly forestGuide?: string;
  readonly defaultMapping?: { readonly uri: string; readonly displayName: string };
  readonly mappings?: readonly Mapping[];
}

/** `a.lab` has 0 to 10 east, `b.lab` is responsible from 10 to 20 unless other regions are given. */
function server(o: Options) {
  const clock = new ManualClock();
  const asked: { readonly name: string; readonly request: LostRequest }[] = [];
  const metrics = new PrometheusMetrics();
  const features = [
    {
      type: 'Feature',
      properties: { NGUID: 'a', ServiceURI: 'sip:psap@a.lab', ServiceURN: SOS },
      geometry: { type: 'Polygon', coordinates: [ring(0)] },
    },
  ];
  const read = readBoundaries({ type: 'FeatureCollection', features });
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const context: ResolveContext = {
    layers: buildLayers({
      source: 'a.lab',
      boundaries: read.value.map((boundary) => ({ boundary, lastUpdated: 0 })),
      expiresMs: 3_600_000,
      maxVerticesByValue: 100,
      builtAt: 0,
      defaultMapping: o.defaultMapping,
    }),
    boundaries: new BoundaryShelf({ entries: 10, positions: 1_000 }),
    lists: new BoundaryShelf({ entries: 10, positions: 1_000 }),
    referral: {
      coverage: new Coverage(o.regions ?? [region('b.lab', 10)]),
      mappings: new ForeignMappings(o.mappings ?? []),
      forestGuide: o.forestGuide,
      upstreams: new Upstreams(
        (name) => {
          const far = o.far[name];
          if (!far) return Promise.resolve(undefined);
          return Promise.resolve({
            ask(request) {
              asked.push({ name, request });
              const answered = far(request);
              return answered === 'silence' ? new Promise(() => undefined) : Promise.resolve(answered);
            },
          });
        },
        clock,
        { failures: 3, pauseMs: 5_000, perServer: 4, total: 8 },
        metrics,
        new Set(['b.lab']),
      ),
      cache: new AnswerCache(clock, {
        entries: 4,
        positions: 1_000,
        maxAgeMs: 86_400_000,
        staleMs: 7_200_000,
      }),
      clock,
      limits: { budgetMs: 800, hopMs: 100, redirects: 2, overlapping: 3 },
      close: () => undefined,
    },
  };
  const ask = async (request: LostRequest): Promise<LostAnswer> => {
    const given = resolve(request, context, clock.wall());
    return given;
  };
  return { clock, asked, metrics, context, ask };
}

function find(lon: number, more: Partial<FindServiceRequest> = {}): FindServiceRequest {
  return {
    type: 'findService',
    locations: [{ id: 'here', profile: 'geodetic-2d', shape: { type: 'point', position: [lon, 45] } }],
    service: SOS,
    recursive: true,
    validateLocation: false,
    serviceBoundary: 'value',
    path: [],
    ...more,
  };
}

it(
  'asks with its own name in the path, and passes on path, warnings and validation as they came',
  { meta: { clause: ['RFC 5222 6', 'RFC 5222 8.4.1', 'RFC 5222 13.2'] } },
  async () => {
    const warnings = [{ code: 'defaultMappingReturned', message: 'm', source: 'b.lab' }] as const;
    const locationValidation = { valid: ['country'], invalid: [], unchecked: [] };
    const answer = found({ warnings, locationValidation, path: ['x.lab', 'a.lab', 'b.lab'] });
    const { ask, asked } = server({ far: { 'b.lab': () => ok(answer) } });
    expect(await ask(find(15, { path: ['x.lab'], validateLocation: true }))).toEqual(answer);
    expect(asked).toMatchObject([
      { name: 'b.lab', request: { recursive: true, path: ['x.lab', 'a.lab'], validateLocation: true } },
    ]);
  },
);

it(
  'does not ask by itself unless it may, and names nobody who was asked before',
  { meta: { clause: ['RFC 5222 8.3.3', 'RFC 5222 13.1', 'RFC 5222 13.3'] } },
  async () => {
    const { ask, asked } = server({ far: {} });
    expect(await ask(find(15, { recursive: false }))).toMatchObject({ type: 'redirect', target: 'b.lab' });
    const visited = { recursive: false, path: ['B.lab'] };
    expect(await ask(find(15, visited))).toMatchObject({ source: 'a.lab', errors: [{ code: 'loop' }] });
    expect(await ask(find(15, { path: ['B.lab'] }))).toMatchObject({ errors: [{ code: 'loop' }] });
    expect(asked).toEqual([]);
  },
);

it(
  'follows redirects of the server it asks, naming all it asked, up to a number of them and never in a circle',
  { meta: { clause: ['RFC 5222 6', 'RFC 5222 13.3'] } },
  async () => {
    const to =
      (name: string): Far =>
      () =>
        ok(redirect(name));
    const { ask, asked } = server({ far: { 'b.lab': to('c.lab'), 'c.lab': () => ok(found()) } });
    expect(await ask(find(15))).toMatchObject({ type: 'findServiceResponse' });
    expect(asked.map(({ name, request }) => [name, 'path' in request && request.path])).toEqual([
      ['b.lab', ['a.lab']],
      ['c.lab', ['a.lab', 'b.lab']],
    ]);
    const circle = server({ far: { 'b.lab': to('c.lab'), 'c.lab': to('B.LAB') } });
    expect(await circle.ask(find(15))).toMatchObject({ errors: [{ code: 'loop' }] });
    const back = server({ far: { 'b.lab': to('A.lab') } });
    expect(await back.ask(find(15))).toMatchObject({ source: 'a.lab', errors: [{ code: 'notFound' }] });
    const far = { 'b.lab': to('c.lab'), 'c.lab': to('d.lab'), 'd.lab': to('e.lab'), 'e.lab': to('f.lab') };
    const long = server({ far });
    expect(await long.ask(find(15))).toMatchObject({ errors: [{ code: 'serverError' }] });
    expect(long.asked).toHaveLength(3);
    const nowhere = server({ far: { 'b.lab': to('http://169.254.169.254/') } });
    expect(await nowhere.ask(find(15))).toMatchObject({ errors: [{ code: 'serverError' }] });
  },
);

it.each([
  ['no answer in time', 'silence', 'serverTimeout'],
  ['a server that cannot be reached', { code: 'unreachable', message: '' }, 'serverTimeout'],
  ['an answer that is none', { code: 'malformed', message: '' }, 'serverError'],
  ['an answer without end', { code: 'too-large', message: '' }, 'serverError'],
  ['an HTTP error', { code: 'http', message: '', status: 500 }, 'serverError'],
] as const)(
  'answers %s as RFC 5222 calls it',
  { meta: { clause: 'RFC 5222 13.1' } },
  async (_name, how, code) => {
    const { ask, clock } = server({ far: { 'b.lab': () => (how === 'silence' ? how : err(how)) } });
    const asking = ask(find(15));
    await clock.run(800);
    expect(await asking).toMatchObject({ type: 'errors', source: 'a.lab', errors: [{ code }] });
  },
);

it(
  'passes on the error of the server it asked, with its name',
  { meta: { clause: 'RFC 5222 13' } },
  async () => {
    for (const code of ['notFound', 'forbidden', 'internalError'] as const) {
      const { ask } = server({ far: { 'b.lab': () => ok(errors(code)) } });
      expect(await ask(find(15))).toEqual(errors(code));
    }
    // A server that does not say who it is has the name it was asked by.
    const { ask } = server({ far: { 'b.lab': () => ok(errors('forbidden', '')) } });
    expect(await ask(find(15))).toEqual(errors('forbidden'));
    const unknown = server({ far: {} });
    expect(await unknown.ask(find(15))).toMatchObject({ errors: [{ code: 'internalError' }] });
  },
);

it(
  'makes up for what the other left out, so that what it passes on is valid',
  { meta: { clause: 'RFC 5222 15' } },
  async () => {
    const bare = { source: '', sourceId: '', lastUpdated: 'yesterday' };
    const { ask } = server({ far: { 'b.lab': () => ok(found({ path: [] }, bare)) } });
    expect(await ask(find(15))).toMatchObject({
      mappings: [{ source: 'b.lab', sourceId: 'unnamed', lastUpdated: '2026-01-01T12:00:00.000Z' }],
      path: ['a.lab', 'b.lab'],
    });
  },
);

it(
  'leaves a server alone that does not answer, and asks it again after a pause',
  { meta: { clause: 'RFC 5222 13.1' } },
  async () => {
    let isUp = false;
    const { ask, asked, clock } = server({
      far: { 'b.lab': () => (isUp ? ok(found()) : err({ code: 'unreachable', message: '' })) },
    });
    for (let i = 0; i < 6; i += 1) await ask(find(15));
    expect(asked).toHaveLength(3);
    isUp = true;
    clock.advance(4_999);
    await ask(find(15));
    expect(asked).toHaveLength(3);
    clock.advance(1);
    expect(await ask(find(15))).toMatchObject({ type: 'findServiceResponse' });
    expect(asked).toHaveLength(4);
  },
);

it('has only so many questions under way at one server', async () => {
  const { ask, asked, clock } = server({ far: { 'b.lab': () => 'silence' } });
  const asking = Array.from({ length: 10 }, () => ask(find(15)));
  await clock.run(800);
  const codes = (await Promise.all(asking)).map((a) => (a.type === 'errors' ? a.errors[0]?.code : a.type));
  expect(codes.filter((code) => code === 'internalError')).toHaveLength(6);
  expect(asked).toHaveLength(4);
  expect(clock.waiting).toBe(0);
});

it(
  'gives less time to a question that others have waited for already',
  { meta: { clause: 'RFC 5222 13.1' } },
  async () => {
    const { ask, clock } = server({ far: { 'b.lab': () => 'silence' } });
    const asking = ask(find(15, { path: ['x.lab', 'y.lab', 'z.lab'] }));
    await clock.run(500);
    expect(await asking).toMatchObject({ errors: [{ code: 'serverTimeout' }] });
  },
);

it(
  'asks nobody again for a place in a boundary it knows, with the path and warnings of then',
  { meta: { clause: ['RFC 5222 5.2', 'RFC 5222 6', 'RFC 5582 6', 'RFC 5582 7.2'] } },
  async () => {
    const warnings = [{ code: 'serviceSubstitution', message: 'm', source: 'b.lab' }] as const;
    const { ask, asked, clock } = server({ far: { 'b.lab': () => ok(found({ warnings })) } });
    await ask(find(15));
    const again = find(12, {
      locations: [{ id: 'other', profile: 'geodetic-2d', shape: circle(12, 1_000) }],
    });
    expect(await ask(again)).toEqual({ ...found({ warnings }), locationUsed: 'other' });
    expect(asked).toHaveLength(1);
    // An area that reaches out of it, another service, and what has to be validated are asked for.
    const out = find(10.1, {
      locations: [{ id: 'x', profile: 'geodetic-2d', shape: circle(19.999, 1_000) }],
    });
    await ask(out);
    await ask(find(15, { service: `${SOS}.fire` }));
    await ask(find(15, { validateLocation: true }));
    expect(asked).toHaveLength(4);
    clock.advance(3_600_000);
    await ask(find(15));
    expect(asked).toHaveLength(5);
  },
);

function circle(lon: number, radius: number): Shape {
  return { type: 'circle', center: [lon, 45], radius };
}

it.each([
  ['must not be kept', found({}, { expires: 'NO-CACHE' })],
  ['has expired', found({}, { expires: '2026-01-01T11:00:00Z' })],
  ['does not hold the place', found({}, { serviceBoundary: [{ type: 'polygon', rings: [ring(40)] }] })],
  ['is a default', found({ warnings: [{ code: 'defaultMappingReturned', message: '', source: 'b.lab' }] })],
  ['has no boundary', found({}, { serviceBoundary: [] })],
  ['has too large a boundary', found({}, { serviceBoundary: [{ type: 'polygon', rings: [long()] }] })],
])('does not keep an answer that %s', { meta: { clause: 'RFC 5222 5.2' } }, async (_name, answer) => {
  const { ask, asked, context } = server({ far: { 'b.lab': () => ok(answer) } });
  expect(await ask(find(15))).toMatchObject({ type: 'findServiceResponse' });
  await ask(find(15));
  expect(asked).toHaveLength(2);
  expect(context.referral?.cache.size).toBe(0);
});

function long(): [number, number][] {
  return [
    ...Array.from({ length: 2_000 }, (_, i): [number, number] => [10 + i / 200, 40]),
    ...ring(10).slice(2),
  ];
}

it('believes a server only where it is the one to ask', { meta: { clause: 'RFC 5582 8' } }, async () => {
  // c.lab claims half of the world.
  const half = [
    [-80, -80],
    [90, -80],
    [90, 80],
    [-80, 80],
    [-80, -80],
  ] as const;
  const greedy = found({}, { source: 'c.lab', serviceBoundary: [{ type: 'polygon', rings: [half] }] });
  const { ask, asked } = server({
    regions: [region('b.lab', 10), region('c.lab', 30)],
    far: { 'b.lab': () => ok(found()), 'c.lab': () => ok(greedy) },
  });
  await ask(find(35));
  await ask(find(36));
  expect(asked).toHaveLength(1);
  expect(await ask(find(15))).toMatchObject({ mappings: [{ source: 'b.lab' }] });
  expect(await ask(find(5))).toMatchObject({ mappings: [{ source: 'a.lab' }] });
});

it(
  'keeps what is newer of one mapping, and no more than it may',
  { meta: { clause: 'RFC 5222 5.1' } },
  async () => {
    let at = 0;
    const { ask, asked, context, clock } = server({
      far: {
        'b.lab': () => {
          at += 1;
          const serviceBoundary: Shape[] = [{ type: 'polygon', rings: [ring(10 + at / 100)] }];
          return ok(found({}, { sourceId: `${at}`, serviceBoundary }));
        },
      },
    });
    for (let i = 0; i < 8; i += 1) await ask(find(15, { service: `urn:service:sos.s${i}` }));
    expect(asked).toHaveLength(8);
    expect(context.referral?.cache.size).toBe(4);
    clock.advance(1);
  },
);

it(
  'answers from what it knew while the authority is away, and says so',
  { meta: { clause: ['RFC 5222 5.2', 'RFC 5222 13'] } },
  async () => {
    let isUp = true;
    const { ask, clock, asked } = server({
      far: { 'b.lab': () => (isUp ? ok(found()) : err({ code: 'unreachable', message: '' })) },
    });
    await ask(find(15));
    isUp = false;
    clock.advance(3_600_000);
    // The mapping is unmodified, its time is over for everybody to see.
    const stale = await ask(find(15));
    expect(stale).toMatchObject({
      mappings: [{ expires: '2026-01-01T13:00:00Z' }],
      warnings: [{ code: 'serverTimeout', source: 'a.lab' }],
      path: ['a.lab', 'b.lab'],
    });
    expect(asked).toHaveLength(2);
    clock.advance(7_200_000);
    expect(await ask(find(15))).toMatchObject({ errors: [{ code: 'serverTimeout' }] });
  },
);

it(
  'fetches a boundary that came by reference while nobody waits, and needs no second answer for the place',
  { meta: { clause: ['RFC 5222 5.6', 'RFC 5222 9'] } },
  async () => {
    const { serviceBoundary: _, ...rest } = mapping();
    const byReference = { ...rest, serviceBoundaryReference: { source: 'c.lab', key: 'k' } };
    const boundary: Shape[] = [{ type: 'polygon', rings: [ring(10)] }];
    const { ask, asked, context } = server({
      far: {
        'b.lab': () => ok(found({ mappings: [byReference] })),
        'c.lab': () =>
          ok({
            type: 'getServiceBoundaryResponse',
            serviceBoundary: boundary,
            warnings: [],
            path: ['c.lab'],
          }),
      },
    });
    expect(await ask(find(15))).toMatchObject({ mappings: [byReference] });
    await new Promise((done) => setImmediate(done));
    expect(asked.map(({ name, request }) => [name, request.type])).toEqual([
      ['b.lab', 'findService'],
      ['c.lab', 'getServiceBoundary'],
    ]);
    expect(context.referral?.cache.size).toBe(1);
    const kept = await ask(find(12, { serviceBoundary: 'reference' }));
    const key = kept.type === 'findServiceResponse' && kept.mappings[0]?.serviceBoundaryReference?.key;
    expect(asked).toHaveLength(2);
    expect(await ask({ type: 'getServiceBoundary', key: key || '' })).toMatchObject({
      serviceBoundary: boundary,
    });
    expect(await ask({ type: 'getServiceBoundary', key: 'k' })).toMatchObject({
      errors: [{ code: 'notFound' }],
    });
  },
);

it(
  'asks all servers whose regions overlap, and the one that has an answer is enough',
  { meta: { clause: 'RFC 5582 7.3' } },
  async () => {
    const regions = [region('b.lab', 10), region('c.lab', 12)];
    const second = found({ path: ['a.lab', 'c.lab'] }, { source: 'c.lab', sourceId: 'c' });
    const one = server({
      regions,
      far: { 'b.lab': () => ok(errors('notFound')), 'c.lab': () => ok(second) },
    });
    expect(await one.ask(find(15))).toEqual(second);
    const both = server({ regions, far: { 'b.lab': () => ok(found()), 'c.lab': () => ok(second) } });
    expect(await both.ask(find(15))).toMatchObject({ mappings: [{ source: 'b.lab' }, { source: 'c.lab' }] });
    const none = server({
      regions,
      far: { 'b.lab': () => ok(errors('notFound')), 'c.lab': () => err({ code: 'timeout', message: '' }) },
    });
    expect(await none.ask(find(15))).toMatchObject({ errors: [{ code: 'serverTimeout' }] });
    expect(await none.ask(find(15, { recursive: false, path: ['b.lab'] }))).toMatchObject({
      target: 'c.lab',
    });
  },
);

it(
  'asks for the very service where only a more general one is offered here',
  { meta: { clause: ['RFC 5222 5.4', 'RFC 5222 13.2'] } },
  async () => {
    const regions = [region('b.lab', 0, { serviceUrn: `${SOS}.fire` })];
    const fire = found({}, { service: `${SOS}.fire` });
    const up = server({ regions, far: { 'b.lab': () => ok(fire) } });
    expect(await up.ask(find(5, { service: `${SOS}.fire` }))).toMatchObject({
      mappings: [{ source: 'b.lab' }],
    });
    expect(await up.ask(find(5, { service: `${SOS}.police` }))).toMatchObject({
      mappings: [{ source: 'a.lab' }],
      warnings: [{ code: 'serviceSubstitution' }],
    });
    const down = server({ regions, far: { 'b.lab': () => err({ code: 'timeout', message: '' }) } });
    expect(await down.ask(find(5, { service: `${SOS}.fire` }))).toMatchObject({
      mappings: [{ source: 'a.lab', uris: ['sip:psap@a.lab'] }],
      warnings: [{ code: 'serviceSubstitution' }, { code: 'serverTimeout' }],
    });
  },
);

it(
  'finds who is responsible for an address by the longest match',
  { meta: { clause: ['RFC 5582 7.1', 'RFC 5222 12.3'] } },
  async () => {
    const elements = (of: Record<string, string>) => ({
      elements: Object.entries(of).map(([name, value]) => ({ name, value })),
    });
    const civic = (server: string, of: Record<string, string>): CoverageRegion => ({
      id: server,
      server,
      serviceUrn: SOS,
      civic: [elements(of)],
    });
    const nj = { country: 'US', A1: 'NJ' };
    const { ask } = server({
      far: {},
      regions: [
        civic('nj.lab', nj),
        civic('essex.lab', { ...nj, A2: 'Essex' }),
        civic('newark.lab', { ...nj, A2: 'Essex', A3: 'Newark' }),
      ],
    });
    const at = (of: Record<string, string>): FindServiceRequest =>
      find(0, { locations: [{ id: 'c', profile: 'civic', civic: elements(of) }], recursive: false });
    expect(await ask(at({ ...nj, A2: 'ESSEX', A3: 'Newark' }))).toMatchObject({ target: 'newark.lab' });
    expect(await ask(at({ ...nj, A2: 'Essex', A3: 'Nutley' }))).toMatchObject({ target: 'essex.lab' });
    expect(await ask(at({ ...nj, A2: 'Bergen' }))).toMatchObject({ target: 'nj.lab' });
    expect(await ask(at({ country: 'US', A1: 'NY' }))).toMatchObject({ errors: [{ code: 'notFound' }] });
  },
);

it(
  'uses the first location it understands, also to find who is responsible',
  { meta: { clause: ['RFC 5222 8.3.1', 'RFC 5222 12.1', 'RFC 5222 7'] } },
  async () => {
    const { ask, asked } = server({ far: { 'b.lab': () => ok(found()) } });
    const prism = {
      id: 'p',
      profile: 'prism',
      error: 'x',
      errorCode: 'locationProfileUnrecognized',
    } as const;
    const [here] = find(15).locations;
    if (!here) throw new Error('no location');
    await ask(find(15, { locations: [prism, here] }));
    expect(asked).toHaveLength(1);
    const broken = { id: 'p', profile: 'geodetic-2d', error: 'x', errorCode: 'locationInvalid' } as const;
    expect(await ask(find(15, { locations: [broken] }))).toMatchObject({
      errors: [{ code: 'locationInvalid' }],
    });
    expect(asked).toHaveLength(1);
  },
);

it(
  'is loop where it stands in the path already, whatever it is asked',
  { meta: { clause: ['RFC 5222 6', 'RFC 5222 13.1'] } },
  async () => {
    const { ask } = server({ far: {} });
    const path = ['x.lab', 'A.LAB'];
    const { locations } = find(15);
    for (const request of [
      find(15, { path }),
      { type: 'listServices', path } as const,
      { type: 'listServicesByLocation', locations, recursive: true, path } as const,
    ]) {
      expect(await ask(request)).toMatchObject({ type: 'errors', errors: [{ code: 'loop' }] });
    }
  },
);

it(
  'gives at most as many service URIs as are wanted, and by area what can be answered by area',
  { meta: { clause: ['RFC 6451 5.2', 'RFC 6451 5.4', 'RFC 6451 6'] } },
  async () => {
    const uris = ['sip:1@b.lab', 'sips:2@b.lab', 'xmpp:3@b.lab'];
    const { ask } = server({ far: { 'b.lab': () => ok(found({}, { uris })) } });
    expect(await ask(find(15, { limit: 2 }))).toMatchObject({ mappings: [{ uris: uris.slice(0, 2) }] });
    expect(await ask(find(15, { limit: 20 }))).toMatchObject({ mappings: [{ uris }] });
    expect(await ask(find(5, { region: false }))).toMatchObject({ mappings: [{ uris: ['sip:psap@a.lab'] }] });
    const pizza = server({
      far: {},
      regions: [],
      mappings: [mapping({ service: 'urn:service:food.pizza' })],
    });
    const near = find(15, { service: 'urn:service:food.pizza' });
    expect(await pizza.ask(near)).toMatchObject({ type: 'findServiceResponse' });
  },
);
