import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { exit } from '../terminal.js';
import { approve, digestOf, documents } from './handover-approve.js';
import { audit } from './handover-audit.js';
import { authorities, onboard, pause, unpause } from './handover-authorities.js';
import { cases, freeze, request, requestOf, show, step } from './handover-cases.js';
import { deliveries } from './handover-deliveries.js';
import { review } from './handover-review.js';
import { withholding } from './handover-arguments.js';

const id = '6b3ff3b2-1df7-4c57-9c09-0d5fc1ce8b11';
const bytes = Buffer.from('<HI1Message/>');
const sha256 = (octets: Buffer): string => createHash('sha256').update(octets).digest('hex');
const seal = {
  ...{ id: 'seal-1', transactionId: 'transaction-1', digest: sha256(bytes), bytes: bytes.length, items: 2 },
  objects: [{ id: 'object-1', contentType: 'image/png', bytes: 74, digest: 'ab'.repeat(32) }],
};
const span = { from: '2026-03-01T00:00:00Z', until: '2026-03-02T00:00:00Z' };
const sealedCase = {
  ...{ id, phase: 'sealed', createdBy: 'clerk', createdAt: '2026-03-03T10:00:00Z', reviewedBy: 'reviewer' },
  authorisation: {
    ...{ reference: { kind: 'LDID', value: 'ES-LAB-1' }, authority: 'lab', legalReference: 'Order 1/2026' },
    ...{ selectors: [{ kind: 'uri', value: 'tel:+34600000001' }], categories: ['content'], range: span },
    validity: span,
  },
  ...{ approvals: [], seals: [seal], digest: digestOf([seal]) },
};

/** A far side that speaks the contract of the desk, as far as a test says. */
let answers: Record<string, { status?: number; body: unknown }[]>;
let asked: { what: string; token: string | undefined; body: string }[];
let server: Server;
let folder: string;
let o: { url: string; portOffset: number; data: string };
let shown = '';

beforeEach(async () => {
  answers = { 'GET /cases': [{ body: [{ ...sealedCase, reference: 'ES-LAB-1', authority: 'lab' }] }] };
  asked = [];
  server = createServer((incoming, response) => void answer(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  folder = mkdtempSync(join(tmpdir(), 'esinet-handover-'));
  mkdirSync(join(folder, 'handover'));
  const people = { clerk: 'c', reviewer: 'r', approver1: 'a1', approver2: 'a2', admin: 'ad', auditor: 'au' };
  writeFileSync(join(folder, 'handover', 'people.json'), JSON.stringify(people));
  o = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, portOffset: 0, data: folder };
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      shown += String(text);
      return true;
    });
});
afterEach(() => {
  vi.restoreAllMocks();
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const what = `${incoming.method} ${incoming.url?.replace('/api/handover', '').replace(id, 'CASE')}`;
  const token = incoming.headers.authorization;
  asked.push({ what, token, body: Buffer.concat(chunks).toString() });
  const list = answers[what];
  // The last one stays.
  const found = (list?.length ?? 0) > 1 ? list?.shift() : list?.[0];
  const { status = 200, body } = found ?? { status: 404, body: { detail: `nothing at ${what}` } };
  response.writeHead(status).end(Buffer.isBuffer(body) ? body : JSON.stringify(body));
}

async function saysOf(run: () => Promise<number>): Promise<[number, string]> {
  shown = '';
  const code = await run();
  return [code, shown.replace(/\u001b\[\d+m/g, '')];
}

it('takes in a request, and says what is missing in it', async () => {
  expect(await saysOf(() => request({ ...o, authority: 'lab' }))).toEqual([
    exit.usage,
    expect.stringMatching(
      /needs --ldid or --liid, --order, --about, .*--from or --last, --until, --valid-until or --valid-for/,
    ),
  ]);
  const wanted = {
    ...{ ...o, authority: 'lab', ldid: 'ES-LAB-1', order: 'Order 1/2026', categories: ['content'] },
    about: ['tel:+34600000001', 'urn:emergency:uid:callid:abc:app.lab'],
    ...{ from: span.from, until: span.until, validFrom: span.from, validUntil: '2026-12-31T00:00:00Z' },
    ...{ salt: 'ab', hash: 'cd' },
  };
  const hash = { algorithm: 'sha-256', construct: 'salt-prefix', salt: '5a', digest: 'd1' };
  answers['POST /cases'] = [{ status: 201, body: { ...sealedCase, phase: 'requested', seals: [], hash } }];
  expect(await saysOf(() => request(wanted))).toEqual([
    exit.ok,
    expect.stringMatching(
      /taken in[^]*LDID ES-LAB-1[^]*tel:\+34600000001[^]*salt +5a[^]*handover freeze 6b3f/,
    ),
  ]);
  expect(asked[0]?.token).toBe('Bearer c');
  expect(JSON.parse(asked[0]?.body ?? '')).toMatchObject({
    reference: { kind: 'LDID', value: 'ES-LAB-1' },
    selectors: [{ kind: 'uri' }, { kind: 'call-id' }],
    hash: { salt: 'ab', digest: 'cd' },
  });
  answers['POST /cases'] = [
    {
      status: 422,
      body: { detail: 'cannot be granted', problems: [{ member: 'range', problem: 'ends in the past' }] },
    },
  ];
  expect(await saysOf(() => request(wanted))).toEqual([
    exit.failed,
    '422  cannot be granted\n  range: ends in the past\n',
  ]);
  const lasting = { ...wanted, last: 3_600_000, validFrom: '2026-03-05T00:00:00Z', validFor: 86_400_000 };
  expect(await requestOf(lasting, Date.parse('2026-03-05T01:00:00Z'))).toMatchObject({
    request: {
      range: { from: '2026-03-05T00:00:00.000Z', until: '2026-03-05T01:00:00.000Z' },
      validity: { until: '2026-03-06T00:00:00.000Z' },
    },
  });
  const task = join(folder, 'task.xml');
  writeFileSync(task, '<HI1Message/>');
  expect(await requestOf({ ...o, ldTask: task })).toEqual({ xml: Buffer.from('<HI1Message/>') });
  expect(await requestOf({ ...o, file: task })).toContain('cannot be used');
});

it('lists, shows and freezes a case that is named by its beginning', async () => {
  expect(await saysOf(() => cases(o))).toEqual([
    exit.ok,
    expect.stringMatching(/6b3ff3b2.*sealed.*ES-LAB-1/),
  ]);
  answers['GET /cases/CASE'] = [{ body: sealedCase }, { body: { ...sealedCase, authorisation: undefined } }];
  expect(await saysOf(() => show('6b3', o))).toEqual([
    exit.ok,
    expect.stringMatching(
      /order +Order 1\/2026[^]*sealed +1 document, 2 messages, 1 object, 87 octets[^]*approve/,
    ),
  ]);
  expect((await saysOf(() => show('last', o)))[0]).toBe(exit.ok);
  expect(await saysOf(() => show('7', o))).toEqual([exit.failed, expect.stringContaining('handover cases')]);
  answers['POST /cases/CASE/freeze'] = [{ body: { messages: 3, unreadable: 1 } }];
  expect((await saysOf(() => freeze(id, o)))[1]).toMatch(/3 messages[^]*1 record could not be read/);
  answers['POST /cases/CASE/close'] = [
    { status: 409, body: { title: 'Not possible now', detail: 'not at that point', refusal: 'not-now' } },
  ];
  expect(await saysOf(() => step('close', id, o))).toEqual([
    exit.failed,
    expect.stringMatching(/not-now {2}not at that point[^]*handover show/),
  ]);
});

it('shows a snapshot as people look at it, and seals with what is withheld', async () => {
  const message = { scope: 'in-scope', callId: 'urn:emergency:uid:callid:abc:app.lab', kind: 'in-chat' };
  answers['GET /cases/CASE/snapshot'] = [
    {
      body: [
        {
          ...{
            ...message,
            index: 0,
            direction: 'in',
            sender: 'tel:+34600000001',
            time: '2026-03-01T10:00:00Z',
          },
          text: 'Fire\u001b[2J on the stairs',
          parts: [{ index: 1, contentType: 'image/png', bytes: 74 }],
          location: { point: { latitude: 'N40.416775', longitude: 'W003.703790' }, uncertainty: 12 },
        },
        {
          ...message,
          index: 1,
          scope: 'other-holder',
          direction: 'out',
          withheld: [{ what: 'message', reason: 'other-holder' }],
        },
      ],
    },
  ];
  const withhold = withholding('0:parts:privileged');
  expect(await saysOf(() => review(id, { ...o, withhold }))).toEqual([
    exit.ok,
    expect.stringMatching(
      /tel:\+34600000001\n +Fire\ufffd\[2J on the stairs\n +part 1 {2}image\/png, 74 octets\n +place {2}N40\.416775 W003\.703790 ±12 m\n +you withhold: parts \(privileged\)[^]*not handed over: received from another centre[^]*--withhold 0:parts:privileged --seal/,
    ),
  ]);
  expect((await saysOf(() => review(id, { ...o, withhold: withholding('7:text') })))[0]).toBe(exit.usage);
  expect(() => withholding('x:text')).toThrow('Expected NUMBER:WHAT:WHY');
  answers['POST /cases/CASE/review'] = [{ body: sealedCase }];
  expect(await saysOf(() => review(id, { ...o, withhold, seal: true }))).toEqual([
    exit.ok,
    expect.stringContaining(sealedCase.digest),
  ]);
  expect(asked.at(-1)).toMatchObject({
    token: 'Bearer r',
    body: JSON.stringify({ decisions: [{ index: 0, withhold: 'parts', reason: 'privileged' }] }),
  });
});

it('approves what it has counted itself, in the name of a person, and nothing else', async () => {
  answers['GET /cases/CASE'] = [{ body: sealedCase }];
  answers['GET /cases/CASE/documents/seal-1'] = [{ body: bytes }];
  answers['POST /cases/CASE/approve'] = [
    { body: { ...sealedCase, approvals: [{ by: 'approver2', at: '' }] } },
  ];
  expect((await saysOf(() => approve(id, o)))[1]).toContain('--yes where nobody can be asked');
  expect(await saysOf(() => approve(id, { ...o, as: 'approver2', yes: true }))).toEqual([
    exit.ok,
    expect.stringContaining('approved, 1 of 2'),
  ]);
  expect(asked.at(-1)).toMatchObject({
    ...{ what: 'POST /cases/CASE/approve', token: 'Bearer a2' },
    body: JSON.stringify({ digest: sealedCase.digest }),
  });
  const out = join(folder, 'out');
  expect((await saysOf(() => documents(id, { ...o, out })))[1]).toContain('its digest is right');
  expect(readFileSync(join(out, 'transaction-1.xml'))).toEqual(bytes);
  answers['GET /cases/CASE/documents/seal-1'] = [{ body: Buffer.from('<HI1Message> </HI1Message>') }];
  expect(await saysOf(() => approve(id, { ...o, yes: true }))).toEqual([
    exit.failed,
    expect.stringContaining('not what was sealed'),
  ]);
  answers['GET /cases/CASE'] = [{ body: { ...sealedCase, digest: '00' } }];
  answers['GET /cases/CASE/documents/seal-1'] = [{ body: bytes }];
  expect((await saysOf(() => approve(id, { ...o, yes: true })))[1]).toContain('digest is not that of');
});

it('watches deliveries until the case has ended, and says what failed for good', async () => {
  const entry = { number: 1, kind: 'document', id: 'seal-1', bytes: 13, notBefore: '2026-03-03T10:00:00Z' };
  answers['GET /cases/CASE/deliveries'] = [
    { body: [] },
    { body: [{ ...entry, state: 'waiting', attempts: 1, reason: 'status-500' }] },
    { body: [{ ...entry, state: 'delivered', attempts: 2 }] },
  ];
  answers['GET /cases/CASE'] = [
    { body: { ...sealedCase, phase: 'sending' } },
    { body: { ...sealedCase, phase: 'sending' } },
    { body: { ...sealedCase, phase: 'delivered' } },
  ];
  expect(await saysOf(() => deliveries(id, { ...o, watch: true, every: 0 }))).toEqual([
    exit.ok,
    expect.stringMatching(
      /Nothing was put[^]*waiting[^]*status-500[^]*delivered[^]*All of it was acknowledged/,
    ),
  ]);
  answers['GET /cases/CASE/deliveries'] = [
    { body: [{ ...entry, state: 'failed', attempts: 1, reason: 'error-3020' }] },
  ];
  expect(await saysOf(() => deliveries(id, { ...o, every: 1 }))).toEqual([
    exit.failed,
    expect.stringMatching(/failed[^]*error-3020[^]*1 of 1 failed for good/),
  ]);
});

it('keeps authorities and reads the audit', async () => {
  const authority = {
    ...{ name: 'Lab authority', deliveryUrl: 'https://127.0.0.1:16443/hi1', certificates: ['ab'] },
    profile: {
      specification: '1.5.1',
      reference: 'LDID',
      binary: 'A',
      etsiVersion: 'V1.23.1',
      collections: true,
    },
  };
  const file = join(folder, 'authority.json');
  writeFileSync(file, JSON.stringify({ id: 'lab', ...authority }));
  answers['PUT /authorities/lab'] = [{ body: { id: 'lab', ...authority } }];
  expect(await saysOf(() => onboard(file, o))).toEqual([exit.ok, 'onboarded  lab\n']);
  expect(JSON.parse(asked[0]?.body ?? '')).toEqual(authority);
  expect((await saysOf(() => onboard(file, { ...o, certificate: [file] })))[0]).toBe(exit.usage);
  answers['GET /authorities'] = [{ body: [{ id: 'lab', ...authority, paused: 'error-3004' }] }];
  expect((await saysOf(() => authorities(o)))[1]).toMatch(
    /lab {2}Lab authority {2}paused: error-3004[^]*model A/,
  );
  answers['POST /authorities/lab/pause'] = answers['POST /authorities/lab/resume'] = [{ body: {} }];
  expect((await saysOf(() => pause('lab', { ...o, reason: 'moved' })))[0]).toBe(exit.ok);
  expect((await saysOf(() => unpause('lab', o)))[0]).toBe(exit.ok);
  answers['GET /audit/verify'] = [
    { body: { ok: false, entries: 3, brokenAt: { number: 2, why: 'changed' } } },
  ];
  expect(await saysOf(() => audit({ ...o, verify: true, limit: 1 }))).toEqual([
    exit.failed,
    'The chain is broken at entry 2: changed.\n',
  ]);
  const line = {
    at: '2026-03-03T10:00:00Z',
    what: 'freeze',
    who: 'clerk',
    case: id,
    counts: { messages: 3 },
  };
  answers['GET /audit?limit=1'] = [{ body: [{ number: 1, ...line, outcome: 'done' }] }];
  expect((await saysOf(() => audit({ ...o, limit: 1 })))[1]).toMatch(
    /freeze {2}clerk {2}case 6b3f.*3 messages/,
  );
});

it('says in words who may, and where nobody is', async () => {
  answers['GET /cases'] = [{ status: 403, body: { detail: 'the person does not have the role for it' } }];
  expect((await saysOf(() => cases(o)))[1]).toMatch(/403 {2}the person[^]*--as NAME/);
  expect(await saysOf(() => cases({ ...o, as: 'eve' }))).toEqual([
    exit.usage,
    expect.stringContaining('clerk, reviewer, approver1'),
  ]);
  expect(await saysOf(() => cases({ ...o, data: join(folder, 'none') }))).toEqual([
    exit.unreachable,
    expect.stringContaining('--token'),
  ]);
  expect(await saysOf(() => cases({ ...o, url: 'http://127.0.0.1:1', token: 't' }))).toEqual([
    exit.unreachable,
    expect.stringContaining('npm start'),
  ]);
  expect((await saysOf(() => cases({ ...o, json: true })))[1]).toContain('"status": 403');
});
