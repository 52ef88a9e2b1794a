import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import {
  type FindServiceRequest,
  LOST_EXT_NS,
  LOST_NS,
  LOST_SLB_NS,
  type LostAnswer,
  type LostRequest,
} from './messages.js';
import { readLostAnswer } from './read-answer.js';
import { readLostRequest } from './read-request.js';
import { writeLostAnswer } from './write-answer.js';
import { writeLostRequest } from './write-request.js';

const here = { id: 'a', profile: 'geodetic-2d', shape: { type: 'point', position: [-3.7, 40.4] } } as const;
const square = [
  [-4, 40],
  [-3, 40],
  [-3, 41],
  [-4, 41],
  [-4, 40],
] as const;
const find: FindServiceRequest = {
  type: 'findService',
  locations: [here],
  service: 'urn:service:sos',
  recursive: true,
  validateLocation: false,
  serviceBoundary: 'value',
  path: ['a.lab'],
  limit: 20,
  region: true,
};
const list = {
  type: 'listServicesByLocation',
  locations: [here],
  recursive: true,
  path: ['a.lab'],
} as const;

const requests: LostRequest[] = [
  { ...list, serviceListBoundary: 'value' },
  { ...list, service: 'urn:service:sos', serviceListBoundary: 'reference' },
  { type: 'getServiceListBoundary', key: '0123456789abcdef0123456789abcdef' },
];
const listed = {
  type: 'listServicesByLocationResponse',
  services: ['urn:service:sos.fire'],
  warnings: [],
  path: ['a.lab'],
  locationUsed: 'a',
} as const;
const boundary = {
  expires: '2026-01-01T00:00:00Z',
  shapes: [{ type: 'polygon', rings: [square] }],
} as const;
const civics = [{ elements: [{ name: 'country', value: 'AT' }] }];
const answers: LostAnswer[] = [
  { ...listed, serviceListBoundary: boundary },
  { ...listed, serviceListBoundary: { expires: 'NO-EXPIRATION', shapes: [], civics } },
  { ...listed, serviceListBoundaryReference: { source: 'a.lab', key: '0'.repeat(32) } },
  { type: 'getServiceListBoundaryResponse', boundary, path: ['a.lab'] },
  { type: 'getServiceListBoundaryResponse', boundary: { ...boundary, civics }, path: ['a.lab', 'b.lab'] },
];

it(
  'asks for the boundary of a list, and gives it by value and by reference',
  { meta: { clause: ['RFC 6197 3.1', 'RFC 6197 3.2', 'RFC 6197 3.3'] } },
  () => {
    for (const request of requests) {
      expect(readLostRequest(writeLostRequest(request))).toEqual({ ok: true, value: request });
    }
    for (const answer of answers) {
      expect(readLostAnswer(writeLostAnswer(answer))).toEqual({ ok: true, value: answer });
    }
    // A reference is what is meant where nothing is said.
    const text = writeLostRequest({ ...list, serviceListBoundary: 'value' }).replace(' type="value"', '');
    expect(readLostRequest(text)).toMatchObject({ value: { serviceListBoundary: 'reference' } });
  },
);

it(
  'limits the number of answers, by area or distance, wherever the elements stand',
  { meta: { clause: ['RFC 6451 5.2', 'RFC 6451 5.4', 'RFC 6451 5.5'] } },
  () => {
    expect(readLostRequest(writeLostRequest(find))).toEqual({ ok: true, value: find });
    const text = writeLostRequest({ ...find, region: false });
    const extensions = text.slice(text.indexOf('<limit'), text.indexOf('</findService>'));
    const first = text.replace(extensions, '').replace('<location', `${extensions}<location`);
    expect(readLostRequest(first)).toMatchObject({ value: { limit: 20, region: false } });
    const mapping = {
      source: 'a.lab',
      sourceId: '1',
      lastUpdated: '2026-01-01T00:00:00Z',
      expires: 'NO-CACHE',
      displayName: [{ lang: 'en', text: 'Pizza' }],
      service: 'urn:service:food.pizza',
      uris: ['sip:pizza@a.lab'],
      serviceLocations: [{ shape: here.shape }, { civic: { elements: [{ name: 'country', value: 'AT' }] } }],
    } as const;
    const answer = {
      type: 'findServiceResponse',
      mappings: [mapping],
      warnings: [],
      path: ['a.lab'],
    } as const;
    expect(readLostAnswer(writeLostAnswer(answer))).toEqual({ ok: true, value: answer });
  },
);

it.each([
  ['no number', '<limit xmlns="NS">many</limit>'],
  ['nothing', '<limit xmlns="NS"/>'],
  ['none', '<limit xmlns="NS">0</limit>'],
  ['less than none', '<limit xmlns="NS">-1</limit>'],
  ['a part of one', '<limit xmlns="NS">1.5</limit>'],
  ['very many digits', `<limit xmlns="NS">${'9'.repeat(1_000)}</limit>`],
  ['a region that is neither', '<region xmlns="NS">maybe</region>'],
])('refuses a limit of %s', { meta: { clause: 'RFC 6451 7' } }, (_name, extension) => {
  const text = writeLostRequest({ ...find, path: [] })
    .replace(/<limit.*<\/region>/, '')
    .replace('</findService>', `${extension.replace('NS', LOST_EXT_NS)}</findService>`);
  const read = readLostRequest(text);
  expect(read.ok ? 'ok' : read.error.code).toBe('badRequest');
});

it.each([
  ['without a key', `<getServiceListBoundary xmlns="${LOST_SLB_NS}"/>`],
  [
    'with an endless key',
    `<getServiceListBoundary xmlns="${LOST_SLB_NS}" serviceListKey="${'k'.repeat(300)}"/>`,
  ],
  ['in the wrong namespace', `<getServiceListBoundary xmlns="${LOST_NS}" serviceListKey="k"/>`],
  [
    'of an unknown kind',
    writeLostRequest({ ...list, serviceListBoundary: 'value' }).replace('type="value"', 'type="some"'),
  ],
])('refuses a question for a list boundary %s', { meta: { clause: 'RFC 6197 5.1' } }, (_name, text) => {
  const read = readLostRequest(text);
  expect(read.ok ? 'ok' : read.error.code).toBe('badRequest');
});

it(
  'reads a list whose boundary cannot be read as a list without one',
  { meta: { clause: 'RFC 6197 3.3' } },
  () => {
    const text = writeLostAnswer({ ...listed, serviceListBoundary: boundary }).replace(
      /<gml:Polygon/g,
      '<gml:Pol',
    );
    const read = readLostAnswer(text.replace(/<\/gml:Polygon/g, '</gml:Pol'));
    expect(read).toEqual({ ok: true, value: listed });
  },
);

/** The schemas in the RFCs' own texts, where the specifications lie beside the repository. */
const specs = resolve(import.meta.dirname, '../../../../shared/specs');
const jing = ['/usr/bin/jing', '/usr/local/bin/jing'].find((file) => existsSync(file));
const missing = !existsSync(join(specs, 'rfc'))
  ? 'specifications not beside the repository'
  : jing
    ? ''
    : 'no jing';

function schemaOf(rfc: string, from: string): string {
  const text = readFileSync(join(specs, `rfc/${rfc}.txt`), 'latin1')
    .split('\n')
    .filter((line) => !/^(\f|\S.*\[Page \d+\]|RFC \d{4} {5})/.test(line))
    .join('\n');
  const start = text.indexOf('<grammar', text.indexOf(from));
  return text.slice(start, text.indexOf('</grammar>', start) + 10);
}

function validate(
  schema: string,
  documents: readonly string[],
  more: Readonly<Record<string, string>> = {},
): void {
  const folder = mkdtempSync(join(tmpdir(), 'lost-ext-'));
  try {
    for (const [name, text] of Object.entries({ 'schema.rng': schema, ...more })) {
      writeFileSync(join(folder, name), text);
    }
    const files = documents.map((document, i) => {
      const file = join(folder, `${i}.xml`);
      writeFileSync(file, document);
      return file;
    });
    const output = execFileSync(jing ?? '', [join(folder, 'schema.rng'), ...files], { encoding: 'utf8' });
    expect(output).toBe('');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it.skipIf(missing !== '')(
  `every document with a list boundary is valid by the schema ${missing && `(skipped: ${missing})`}`,
  { timeout: 60_000, meta: { clause: 'RFC 6197 5.1' } },
  () => {
    const lost = readFileSync(join(specs, 'schemas/lost/lost-rfc5222.rng'), 'utf8');
    const documents = [...requests.map(writeLostRequest), ...answers.map(writeLostAnswer)];
    validate(schemaOf('rfc6197', 'BEGIN'), documents, { 'lost.rng': lost });
  },
);

it.skipIf(missing !== '')(
  `every extension element is valid by its schema and leaves the request valid ${missing && `(skipped: ${missing})`}`,
  { timeout: 60_000, meta: { clause: ['RFC 6451 7', 'RFC 6451 10'] } },
  () => {
    const request = writeLostRequest(find);
    const elements = request.match(/<(limit|region) .*?<\/\1>/g) ?? [];
    expect(elements).toHaveLength(2);
    validate(schemaOf('rfc6451', '10.  Non-Normative'), elements);
    validate(readFileSync(join(specs, 'schemas/lost/lost-rfc5222.rng'), 'utf8'), [request]);
  },
);
