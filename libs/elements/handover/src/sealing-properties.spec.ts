import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import {
  type DeliverMessage,
  type PeerProfile,
  SchemaValidator,
  ownSchema,
  profileDefaults,
  readMessage,
  writeDeliverMessage,
} from '@esinet/handover';
import { MemoryRecords, environment } from '@esinet/platform';
import { requireProgram, temporaryFolder } from '@esinet/testing';
import { describe, expect, it } from 'vitest';
import { now, order, police } from './handover-fixture.js';
import { takeIn } from './intake.js';
import { canonicalUri } from './selectors.js';
import { noLevels, sealed } from './sealing.js';
import { type SeededChats, range, recordSeededChats, target } from './seeded-chats.js';
import { type FrozenMessage, snapshotOf } from './snapshot.js';

/** `ESINET_SEEDS=20000` makes it the long run. */
const seeds = environment.seeds ?? 30;
const validator = new SchemaValidator();
const xmllint = requireProgram('xmllint');
const shared = join(import.meta.dirname, '../../../../../shared/specs/handover/reconstructed/validate.xsd');

const profiles: readonly [name: string, profile: PeerProfile][] = (['1.5.1', '1.1.1'] as const).map(
  (specification) => {
    const sender = { countryCode: 'XX', uniqueIdentifier: 'psap-archive' };
    const binary = specification === '1.5.1' ? 'A' : 'B';
    return [
      `V${specification}`,
      { specification, ...profileDefaults[specification], sender, binary, maxItems: 5 },
    ];
  },
);

/** From the records of a seed to the sealed documents, as the desk does it. */
async function sealedOf(seed: number, profile: PeerProfile) {
  const records = new MemoryRecords();
  const chats = await recordSeededChats(seed, records);
  const authority = { ...police, profile };
  const reference = { kind: profile.reference, value: profile.reference === 'LDID' ? 'ES-PJ-42' : 'pj-42' };
  const { categories, selectors, includeTests } = chats;
  const taken = takeIn({ ...order, reference, categories, selectors, includeTests, range }, authority, now);
  if (!taken.ok) throw new Error(JSON.stringify(taken.error));
  const { authorisation } = taken.value;
  const { messages, unreadable } = await snapshotOf(authorisation, records, { longestChatMs: 86_400_000 });
  let n = 0;
  const made = sealed(messages, chats.decisions, {
    ...{ authorisation, authority, levels: noLevels, validator, wallMs: now, expiry: '2026-04-05T10:00:00Z' },
    uuid: () => `00000000-0000-4000-8000-${String(++n).padStart(12, '0')}`,
    ...{ objectsUrl: 'https://archive.lab/objects/', knowsSchema: true, isLast: true },
  });
  return { chats, messages, unreadable, made };
}

function read(bytes: Buffer): DeliverMessage {
  const message = readMessage(bytes);
  if (!message.ok || message.value.kind !== 'deliver') throw new Error('our own reader does not read it');
  return message.value;
}

/** What an order and its reviewer let out, told by the records alone and by none of the code that makes documents. */
function allowed(chats: SeededChats, messages: readonly FrozenMessage[]): string[] {
  const granted = new Set(chats.categories);
  const marks: string[] = [];
  for (const [index, { chat, message }] of messages.entries()) {
    const { id, parts } = chats.marks.get(`${chat.chat}/${message.sequence}`) ?? { id: 0, parts: [] };
    const withheld = new Set(
      chats.decisions.filter((each) => each.index === index).map(({ withhold }) => withhold),
    );
    const ofCaller = [chat.sender, chat.caller].some(
      (name) => name === message.sender || (canonicalUri(name) ?? '-') === canonicalUri(message.sender),
    );
    if (message.imported !== undefined || withheld.has('message')) continue;
    if (message.direction === 'in' && !ofCaller) continue;
    if (granted.has('content') && !withheld.has('text')) marks.push(`TXT${id}x`);
    if (granted.has('traffic') && message.direction === 'in') marks.push(`RPL${id}x`);
    if (granted.has('subscriber') && message.direction === 'in') marks.push(`DID${chat.chat.at(-1)}x`);
    const named = chat.caller.startsWith('sip:OUT') && (granted.has('traffic') || granted.has('subscriber'));
    if (named) marks.push(/OUT\d+x/.exec(chat.caller)?.[0] ?? '');
    for (const part of parts) {
      if (part === 'LOC' && granted.has('location') && !withheld.has('location')) marks.push(`LOC${id}x`);
      if (part === 'SUB' && granted.has('subscriber') && !withheld.has('parts')) marks.push(`SUB${id}x`);
      if (part === 'PIC' && granted.has('content') && !withheld.has('parts')) marks.push(`PIC${id}x`);
      const whole = ['content', 'location', 'subscriber'].every((each) => granted.has(each as 'content'));
      if (
        part === 'MIX' &&
        whole &&
        !['text', 'parts', 'location'].some((each) => withheld.has(each as 'text'))
      )
        marks.push(`MIX${id}x`);
    }
  }
  return [...new Set(marks)].sort();
}

describe.each(profiles)('whatever was recorded, for a peer of %s', (name, profile) => {
  const clause = ['TS 103 707 4.2', 'TS 103 707 5.2', 'TS 103 707 5.4', 'XML 1.0 2.2'];
  const shall = ['707:4.2-2', '707:5.1-1', '707:5.2.3-9', '707:5.3.2-4', '707:5.4.3-2', '707:5.4.3-7'];
  const documents: Buffer[] = [];

  it(
    `${seeds} seeds make documents that are valid, say what was granted, and nothing else`,
    { meta: { clause, shall }, timeout: 120_000 + seeds * 500 },
    async () => {
      let items = 0;
      for (let seed = 1; seed <= seeds; seed++) {
        const { chats, messages, unreadable, made } = await sealedOf(seed, profile);
        const at = `seed ${seed}`;
        expect(unreadable, at).toBe(0);
        if (!made.ok) {
          expect(made.error, at).toEqual({ kind: 'nothing' });
          expect(messages, at).toEqual([]);
          continue;
        }
        const urls = new Set<string>();
        const orders = new Map<number, number[]>();
        let told = '';
        for (const { bytes, seal, objects } of made.value.documents) {
          documents.push(bytes);
          const message = read(bytes);
          // Reading and writing again gives the same octets: the reader leaves nothing out.
          expect(writeDeliverMessage(message, profile), at).toBe(bytes.toString());
          expect(seal.digest, at).toBe(createHash('sha256').update(bytes).digest('hex'));
          const text = bytes.toString();
          expect(/<!|\]\]>|[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.exec(text), at).toBeNull();
          expect(text.match(/<\?/g), at).toHaveLength(1);
          told += text;
          const own = message.objects.flatMap((object) => object.items);
          items += own.length;
          for (const { correlation, objects: binaries, timestamp = '' } of own) {
            const { levelId = -1, sequenceNumber = -1 } = correlation ?? {};
            orders.set(levelId, [...(orders.get(levelId) ?? []), sequenceNumber]);
            expect(timestamp >= range.from && timestamp < range.until, `${at} ${timestamp}`).toBe(true);
            for (const { url, checksum, contentLength, originalFilename = '' } of binaries) {
              expect(urls.has(url), at).toBe(false);
              urls.add(url);
              const octets =
                objects.get(url.replace(/\/$/, '').split('/').at(-1) ?? '')?.octets ?? Buffer.alloc(0);
              told += octets.toString('latin1');
              expect([octets.length, createHash('sha256').update(octets).digest('hex')], at).toEqual([
                contentLength,
                checksum,
              ]);
              expect(originalFilename, at).not.toMatch(/[/\\\u202e]/);
            }
          }
          expect(objects.size, at).toBe(own.flatMap((item) => item.objects).length);
        }
        for (const numbers of orders.values()) expect(numbers, at).toEqual(numbers.map((_, i) => i));
        const found = told.match(/(?:TXT|RPL|DID|OUT|LOC|SUB|PIC|MIX)\d+x/g) ?? [];
        expect([...new Set(found)].sort(), at).toEqual(allowed(chats, messages));
        // The names of a target are told; another caller's chat is not there.
        for (const { chat } of messages)
          expect(
            [chat.caller, chat.sender].map(canonicalUri).includes(target) || chat.callId.includes('chosen'),
            at,
          ).toBe(true);
      }
      expect(items).toBeGreaterThan(seeds * 2);
    },
  );

  xmllint.it(
    'and xmllint finds them valid too',
    { meta: { clause: ['TS 103 120 9.2.1', 'TS 103 707 B'] }, timeout: 120_000 },
    async () => {
      const folder = temporaryFolder('documents');
      const sample = documents.slice(0, 300);
      const files = sample.map((bytes, i) => {
        const path = join(folder, `${name}-${i}.xml`);
        writeFileSync(path, bytes);
        return path;
      });
      for (const schema of [ownSchema, ...(existsSync(shared) ? [shared] : [])]) {
        const said = await new Promise<string>((resolve) => {
          const args = ['--nonet', '--huge', '--noout', '--schema', schema, ...files];
          execFile(xmllint.path, args, { maxBuffer: 1 << 26 }, (_, out, errors) => resolve(out + errors));
        });
        const wrong = said.split('\n').filter((line) => line !== '' && !line.endsWith(' validates'));
        expect(wrong.slice(0, 5), schema).toEqual([]);
      }
      expect(files.length).toBeGreaterThan(seeds * 0.7);
    },
  );
});
