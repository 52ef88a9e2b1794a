import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { LOST_NS, type Mapping } from './messages.js';
import { readSyncAnswer, readSyncRequest } from './read-sync.js';
import { LOSTSYNC_NS, type SyncAnswer, type SyncRequest, deletionOf, isDeletion } from './sync-messages.js';
import { writeSyncAnswer, writeSyncRequest } from './write-sync.js';

const square = [
  [0, 40],
  [10, 40],
  [10, 50],
  [0, 50],
  [0, 40],
] as const;

const coverage: Mapping = {
  source: 'ecrf.a.lab',
  sourceId: 'coverage:a & "b"',
  lastUpdated: '2026-01-01T00:00:00.000Z',
  expires: 'NO-EXPIRATION',
  displayName: [{ lang: 'en', text: 'A <1>' }],
  service: 'urn:service:sos',
  uris: [],
  serviceBoundary: [{ type: 'polygon', rings: [square] }],
};
const civic: Mapping = {
  ...coverage,
  sourceId: 'civic',
  expires: '2027-01-01T00:00:00Z',
  uris: ['sip:psap@a.lab'],
  serviceNumber: '112',
};
const civicMapping = (({ serviceBoundary: _, ...rest }) => ({
  ...rest,
  civicBoundary: [{ elements: [{ name: 'country', value: 'AT' }] }],
}))(civic);
const deletion = deletionOf(coverage, '2026-02-01T00:00:00.000Z');

const requests: SyncRequest[] = [
  { type: 'getMappingsRequest', exists: [] },
  {
    type: 'getMappingsRequest',
    exists: [{ source: 'ecrf.a.lab', sourceId: 'x "y"', lastUpdated: '2026-01-01T00:00:00Z' }],
  },
  { type: 'pushMappings', mappings: [coverage, civicMapping] },
  { type: 'pushMappings', mappings: [deletion] },
];
const answers: SyncAnswer[] = [
  { type: 'getMappingsResponse', mappings: [coverage, civicMapping, deletion] },
  { type: 'pushMappingsResponse' },
  {
    type: 'errors',
    source: 'ecrf.a.lab',
    errors: [],
    notDeleted: { message: 'no such mapping', mappings: [deletion] },
  },
  { type: 'errors', source: 'ecrf.a.lab', errors: [{ code: 'forbidden', message: 'no', lang: 'en' }] },
];

it(
  'reads what it writes, deletions included',
  { meta: { clause: ['RFC 6739 4', 'RFC 6739 5', 'RFC 6739 5.1', 'RFC 6739 5.2'] } },
  () => {
    for (const request of requests) {
      expect(readSyncRequest(writeSyncRequest(request))).toEqual({ ok: true, value: request });
    }
    for (const answer of [...answers, { type: 'getMappingsResponse', mappings: [] } as const]) {
      expect(readSyncAnswer(writeSyncAnswer(answer))).toEqual({ ok: true, value: answer });
    }
    expect(isDeletion(deletion)).toBe(true);
    expect(isDeletion(coverage)).toBe(false);
  },
);

const push = (inside: string, name = 'pushMappings'): string =>
  `<sync:${name} xmlns:sync="${LOSTSYNC_NS}" xmlns="${LOST_NS}">${inside}</sync:${name}>`;
const IDENTITY =
  'source="a.lab" sourceId="1" lastUpdated="2026-01-01T00:00:00Z" expires="2027-01-01T00:00:00Z"';

it('takes a request by the name the text has for it, too', { meta: { clause: 'RFC 6739 5.1' } }, () => {
  expect(readSyncRequest(push(`<mapping ${IDENTITY}/>`, 'pushMappingsRequest'))).toMatchObject({ ok: true });
});

it.each([
  ['not XML', '<a'],
  ['another namespace', '<pushMappings xmlns="urn:x"/>'],
  ['an answer', writeSyncAnswer({ type: 'pushMappingsResponse' })],
  ['no mapping', push('')],
  ['no source', push('<mapping sourceId="1" lastUpdated="2026-01-01T00:00:00Z" expires="NO-CACHE"/>')],
  ['a source that is no name', push(`<mapping ${IDENTITY.replace('a.lab', 'a b')}/>`)],
  ['a source without a dot', push(`<mapping ${IDENTITY.replace('a.lab', 'localhost')}/>`)],
  ['no sourceId', push(`<mapping ${IDENTITY.replace('"1"', '" "')}/>`)],
  ['a time that is none', push(`<mapping ${IDENTITY.replace('2026-01', '2026-13')}/>`)],
  ['a time without its zone', push(`<mapping ${IDENTITY.replace('00Z" expires', '00" expires')}/>`)],
  ['no expiry', push(`<mapping ${IDENTITY.replace(/ expires.*/, '')}/>`)],
  [
    'a boundary that cannot be read, which must not delete',
    push(
      `<mapping ${IDENTITY}><service>urn:service:sos</service><serviceBoundary profile="geodetic-2d"><x xmlns="y"/></serviceBoundary></mapping>`,
    ),
  ],
  [
    'a boundary by reference',
    push(
      `<mapping ${IDENTITY}><service>urn:service:sos</service><serviceBoundaryReference source="a.lab" key="1"/></mapping>`,
    ),
  ],
  [
    'a fingerprint without its source',
    `<getMappingsRequest xmlns="${LOSTSYNC_NS}"><exists><mapping-fingerprint sourceId="1" lastUpdated="2026-01-01T00:00:00Z"/></exists></getMappingsRequest>`,
  ],
])('refuses %s', { meta: { clause: 'RFC 6739 5.2' } }, (_name, text) => {
  const read = readSyncRequest(text);
  expect(read.ok ? 'ok' : read.error.code).toBe('badRequest');
  const answer = readSyncAnswer(text);
  if (!text.includes('pushMappingsResponse'))
    expect(answer.ok ? 'ok' : answer.error.code).toBe('serverError');
});

/** The schema in the RFC's own text, where the specifications lie beside the repository. */
const specs = resolve(import.meta.dirname, '../../../../shared/specs');
const rfc = join(specs, 'rfc/rfc6739.txt');
const jing = '/usr/bin/jing';
const missing = [rfc, jing].filter((file) => !existsSync(file));

it.skipIf(missing.length > 0)(
  `every document is valid by the schema ${missing.map((file) => `(no ${file})`).join(' ')}`,
  { timeout: 60_000, meta: { clause: 'RFC 6739 7' } },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'lost-sync-'));
    try {
      const text = readFileSync(rfc, 'latin1')
        .split('\n')
        .filter((line) => !/^(Schulzrinne & Tschofenig|RFC 6739 )/.test(line))
        .join('\n')
        .replaceAll('\f', '');
      const start = text.indexOf('<grammar');
      writeFileSync(join(folder, 'sync.rng'), text.slice(start, text.indexOf('</grammar>') + 10));
      const lost = readFileSync(join(specs, 'schemas/lost/lost-rfc5222.rng'), 'utf8');
      writeFileSync(join(folder, 'lost.rng'), lost);
      const files = [...requests.map(writeSyncRequest), ...answers.map(writeSyncAnswer)].map(
        (document, i) => {
          const file = join(folder, `${i}.xml`);
          writeFileSync(file, document);
          return file;
        },
      );
      execFileSync(jing, [join(folder, 'sync.rng'), ...files], { stdio: 'pipe', encoding: 'utf8' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
