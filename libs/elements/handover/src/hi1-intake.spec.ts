import { type ResponseMessage, readMessage } from '@esinet/handover';
import { silentLogger } from '@esinet/kernel';
import { beforeEach, describe, expect, it } from 'vitest';
import { type DeskAtWork, deskOf, diskOf, people, validator, valueOf } from './desk-fixture.js';
import { now, police } from './handover-fixture.js';
import { Hi1Answers } from './hi1-answers.js';
import { type TaskText, orderId, taskId, taskText } from './hi1-fixture.js';
import { hi1Intake, taskIntake } from './hi1-intake.js';
import type { Authority } from './model.js';
import { selectorDigest } from './selectors.js';

const requester = { countryCode: 'XX', uniqueIdentifier: 'LEA-7' };
const authority: Authority = { ...police, requester };
const maxBytes = 100_000;

let work: DeskAtWork;
let ask: (xml: Buffer, of?: Authority) => Promise<{ answer: ResponseMessage; body: Buffer }>;

beforeEach(async () => {
  work = await deskOf(await diskOf(), { authority: { requester } });
  const { desk, own, clock } = work;
  const ports = { desk, answers: new Hi1Answers(own), validator, maxBytes, clock, logger: silentLogger };
  const intake = hi1Intake(ports);
  ask = async (xml, of = authority) => {
    const { status, body } = await intake(xml, of);
    expect(status).toBe(200);
    expect(validator.validate(body)).toEqual({ ok: true, value: undefined });
    const read = readMessage(body);
    if (!read.ok || read.value.kind !== 'response') throw new Error('is an answer');
    return { answer: read.value, body };
  };
});

async function cases() {
  const heads = await work.vault.heads();
  return Promise.all(heads.map(({ id }) => work.desk.get(id)));
}

const created = [
  { action: 0, kind: 'created', objectId: orderId },
  { action: 1, kind: 'created', objectId: taskId },
];

describe('a request of an authority', () => {
  it('becomes a case that people still have to verify', async () => {
    const { answer } = await ask(taskText({ subtypes: ['Location'] }));
    expect(answer).toMatchObject({
      header: { transactionId: '1d2c3b4a-5f6e-4d7c-8b9a-0f1e2d3c4b55', receiver: requester },
      outcome: { actions: created },
    });
    expect(await cases()).toMatchObject([
      {
        ...{ phase: 'requested', createdBy: 'authority:pj', approvals: [] },
        authorisation: {
          ...{ legalReference: 'COURT-17', authority: 'pj', categories: ['traffic', 'content', 'location'] },
          reference: { kind: 'LDID', value: 'ES-PJ-42' },
          selectors: [{ kind: 'uri', value: 'tel:+34600000001' }],
        },
      },
    ]);
  });

  it('is answered the same when it comes again, also at once, and makes one case', async () => {
    const xml = taskText();
    const [a, b] = await Promise.all([ask(xml), ask(xml)]);
    expect(b.body).toEqual(a.body);
    expect((await ask(xml)).body).toEqual(a.body);
    expect(await cases()).toHaveLength(1);
    // Another message under the same number is none of it.
    expect((await ask(taskText({ type: 'TrafficData' }))).answer.outcome).toMatchObject({
      kind: 'refused',
      error: { code: 3007 },
    });
    const again = await ask(taskText({ transaction: 'ffffffff-5f6e-4d7c-8b9a-0f1e2d3c4b55' }));
    expect(again.answer.outcome).toMatchObject({
      actions: [{ error: { code: 3000 } }, { error: { code: 3010 } }],
    });
  });

  it('is answered with its case when the process died before the answer was kept', async () => {
    const { desk, own, clock } = work;
    const answers = new Hi1Answers(own);
    const keep = answers.put.bind(answers);
    answers.put = () => Promise.reject(new Error('the disk is full'));
    const intake = hi1Intake({ desk, answers, validator, maxBytes, clock, logger: silentLogger });
    const failed = readMessage((await intake(taskText(), authority)).body);
    expect(failed).toMatchObject({ value: { outcome: { error: { code: 3003 } } } });
    answers.put = keep;
    expect(readMessage((await intake(taskText(), authority)).body)).toMatchObject({
      value: { outcome: { actions: created } },
    });
    expect(await cases()).toHaveLength(1);
    for (const collection of ['handover-hi1-answers', 'handover-hi1-objects', 'handover-references']) {
      expect(JSON.stringify(await own.list(collection))).not.toContain('600000001');
    }
  });

  it('may prove its selectors, name several, and a call', async () => {
    const salt = 'ab'.repeat(16);
    const call = 'urn:emergency:uid:callid:a1:app.lab';
    const value = `tel:+34600000001\nsip:caller1@provider.lab\n${call}`;
    const digest = selectorDigest({ value }, { algorithm: 'sha-512', construct: 'hmac', salt });
    const values = [
      ['ETSI', 'TELURI', 'tel:+34-600-000-001'],
      ['ETSI', 'SIPURI', 'sip:caller1@Provider.lab'],
      ['ESINET', 'CallIdentifier', call],
      ['ESINET', 'SelectorSalt', salt],
      ['ESINET', 'SelectorDigest', digest],
      ['ESINET', 'SelectorHashAlgorithm', 'sha-512'],
      ['ESINET', 'SelectorHashConstruct', 'hmac'],
    ] as const;
    expect((await ask(taskText({ values }))).answer.outcome).toMatchObject({ actions: created });
    expect(await cases()).toMatchObject([{ hash: { algorithm: 'sha-512', construct: 'hmac', digest } }]);
  });

  it('for what comes is an LITaskObject', async () => {
    const span = ['2026-03-06T09:00:00Z', '2026-03-07T00:00:00Z'] as const;
    const profile = { ...police.profile, reference: 'LIID' as const };
    work = await deskOf(work, { authority: { requester, profile } });
    const { desk, own, clock } = work;
    const intake = hi1Intake({
      ...{ desk, answers: new Hi1Answers(own), validator, maxBytes, clock, logger: silentLogger },
    });
    const xml = taskText({ kind: 'LITaskObject', reference: 'a-42', range: span, subtypes: ['Location'] });
    const { body } = await intake(xml, { ...authority, profile });
    expect(readMessage(body)).toMatchObject({ value: { outcome: { actions: created } } });
    expect(await cases()).toMatchObject([
      {
        authorisation: {
          ...{ running: true, categories: ['traffic', 'content', 'location'], range: { from: span[0] } },
          reference: { kind: 'LIID', value: 'a-42' },
        },
      },
    ]);
  });
});

describe('a request that is refused', () => {
  const other = (local: string): string =>
    `<ActionRequest><ActionIdentifier>2</ActionIdentifier>${local}</ActionRequest>`;
  const whole: [what: string, xml: () => Buffer, code: number][] = [
    [
      'a DOCTYPE',
      () => Buffer.from(String(taskText()).replace('<HI1', '<!DOCTYPE a [<!ENTITY b "c">]><HI1')),
      3019,
    ],
    ['half of it', () => taskText().subarray(0, 1_000), 3019],
    ['HTML', () => Buffer.from('<html/>'), 3020],
    ['an element of another place', () => taskText({ order: '<auth:Wrong/>' }), 3020],
    [
      'a time with a fraction',
      () => taskText({ range: ['2026-03-04T08:00:00.5Z', '2026-03-04T09:00:00Z'] }),
      3020,
    ],
    ['an LDID that is none', () => taskText({ reference: 'nonsense' }), 3020],
    ['too many octets', () => taskText({ more: `<!--${'x'.repeat(maxBytes)}-->` }), 3022],
    ['another edition', () => taskText({ version: 'V2.1.1' }), 3021],
    ['a sender that is not the one of the certificate', () => taskText({ sender: 'LEA-8' }), 3007],
    ['a receiver that is not us', () => taskText({ receiver: 'another' }), 3007],
    ['an ActionIdentifier twice', () => taskText({ more: other('<GET/>').replace('>2<', '>1<') }), 3002],
    ['one that is left out', () => taskText({ more: other('<GET/>').replace('>2<', '>3<') }), 3020],
  ];
  it.each(whole)('as a whole: %s', async (_, xml, code) => {
    const { answer } = await ask(xml());
    expect(answer.outcome).toMatchObject({ kind: 'refused', error: { code } });
    expect(await cases()).toEqual([]);
  });

  const single: [what: string, change: TaskText, code: number][] = [
    ['no authorisation', { linked: false }, 3016],
    ['an authorisation without its number', { order: '' }, 3005],
    ['one that was cancelled', { status: 'Cancelled' }, 3007],
    ['one that is over', { validity: ['2026-03-01T00:00:00Z', '2026-03-06T10:00:00Z'] }, 3007],
    ['a range that is not over', { range: ['2026-03-06T08:00:00Z', '2026-03-07T00:00:00Z'] }, 3007],
    ['a wildcard', { values: [['ETSI', 'SIPURI', 'sip:*@provider.lab']] }, 3007],
    ['a format nobody knows', { values: [['ETSI', 'IMSI', '214071234567890']] }, 3001],
    [
      'a salt without its digest',
      {
        values: [
          ['ETSI', 'TELURI', 'tel:+34600000001'],
          ['ESINET', 'SelectorSalt', 'ab'],
        ],
      },
      3005,
    ],
    [
      'a hash that does not fit',
      {
        values: [
          ['ETSI', 'TELURI', 'tel:+34600000001'],
          ['ESINET', 'SelectorSalt', 'ab'.repeat(16)],
          ['ESINET', 'SelectorDigest', 'cd'.repeat(32)],
        ],
      },
      3007,
    ],
    ['only a hash', { values: [['ESINET', 'SelectorSalt', 'ab'.repeat(16)]] }, 3005],
    ['a type nobody knows', { type: 'constructor' }, 3001],
    ['nothing that is asked for', { type: 'Other' }, 3005],
    ['a category nobody knows', { subtypes: ['Everything'] }, 3001],
    ['another address', { address: '<task:URL>https://evil.example/</task:URL>' }, 3007],
    ['an address that is no URL', { address: '<task:IPv4Address>192.0.2.0</task:IPv4Address>' }, 3007],
    ['an LIID where an LDID was agreed', { kind: 'LITaskObject', reference: 'a-42' }, 3007],
  ];
  it.each(single)('for its task: %s', async (_, change, code) => {
    const { answer } = await ask(taskText(change));
    expect(answer.outcome).toMatchObject({
      actions: [
        { action: 0, kind: 'failed', error: { code: 3000 } },
        { action: 1, kind: 'failed', error: { code } },
      ],
    });
    expect(await cases()).toEqual([]);
  });

  it.each([
    '<GET><Identifier>bb22cc33-dd44-4e55-9f66-001122334455</Identifier></GET>',
    '<LIST/>',
    '<GETCSPCONFIG/>',
  ])('for what nobody does here, and the rest is done: %s', async (action) => {
    const { answer } = await ask(taskText({ more: other(action) }));
    expect(answer.outcome).toMatchObject({ actions: [...created, { error: { code: 3001 } }] });
  });

  it('is told nothing of what it said, and tells the log nothing', async () => {
    const { body } = await ask(taskText({ values: [['ETSI', 'SIPURI', 'sip:*secret@provider.lab']] }));
    expect(String(body)).not.toContain('secret');
  });
});

describe('a task that came on another way', () => {
  it('is entered by a clerk for the authority that it says it is from', async () => {
    const { desk, authorities } = work;
    const intake = taskIntake({ desk, authorities: () => authorities.all(), validator, maxBytes });
    const c = valueOf(await intake(taskText(), people.clerk));
    expect(c).toMatchObject({ createdBy: 'clara', authorisation: { authority: 'pj' } });
    for (const xml of [taskText({ sender: 'LEA-8' }), taskText({ linked: false }), Buffer.from('x')]) {
      expect(await intake(xml, people.clerk)).toMatchObject({ ok: false, error: { kind: 'problems' } });
    }
    expect(work.clock.wall()).toBe(now);
  });
});
