import { connect } from 'node:tls';
import type { TlsOptions } from '@esinet/platform';
import { until } from '@esinet/testing';
import { expect, it } from 'vitest';
import { RunningHandover, fingerprintOf, order } from './running-handover.js';

/** What comes of bad input from outside and at the desk. What one function decides has its test beside it. */

const startedAt = '2026-03-04T08:59:58.000Z';
const chats = [
  {
    chat: 'a',
    caller: 'tel:+34600000001',
    sender: 'sip:a@provider.lab',
    startedAt,
    texts: ['in', 'last', 'after'],
  },
  { chat: 'b', caller: 'tel:+34600000002', sender: 'sip:b@provider.lab', startedAt, texts: ['another'] },
];

/** Every octet that comes back, but for the date. */
function rawAnswer(port: number, tls: TlsOptions, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ host: '127.0.0.1', port, ...tls }, () => socket.write(request));
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('close', () => resolve(text.replace(/\r\ndate: [^\r]*/i, '')));
    socket.on('error', reject);
  });
}

it(
  'an object is given to the authority it is for, and everybody else gets the same answer',
  {
    meta: {
      clause: ['TS 103 707 C.2', 'TS 103 707 7'],
      shall: ['707:C.1-1', '707:C.2-1', '707:C.2-2', '707:C.2-3', '707:C.2-4', '707:7-4', '707:D.3-3'],
    },
    timeout: 120_000,
  },
  async () => {
    const house = await RunningHandover.start(chats);
    const stranger = await RunningHandover.start([]);
    await house.onboard();
    const same = { names: ['IP:127.0.0.1'] };
    const [foreign, nobody] = [await house.ca.issue(same), await house.ca.issue(same)];
    await house.ask('admin', 'PUT', 'authorities/gc', {
      name: 'Guardia Civil (lab)',
      profile: { specification: '1.1.1', sender: { countryCode: 'XX', uniqueIdentifier: 'psap-archive' } },
      ...{ deliveryUrl: 'https://127.0.0.1:9/hi1', certificates: [fingerprintOf(foreign)] },
    });
    const { id, digest } = await house.sealed(order);
    const shown = await house.ask('clerk', 'GET', `cases/${id}`);
    const [seal] = shown.json['seals'] as { objects: { id: string; contentType: string }[] }[];
    const object = seal?.objects.find(({ contentType }) => contentType === 'image/png')?.id ?? '';
    const get = (path: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
    const ask = (tls: TlsOptions, path = `/objects/${object}`) => rawAnswer(house.publicPort, tls, get(path));

    const refusal = await ask(house.theirs, '/objects/00000000-0000-4000-8000-000000000000');
    expect(refusal).toMatch(/^HTTP\/1\.1 404/);
    // Not approved.
    expect(await ask(house.theirs)).toBe(refusal);
    await house.approve(id, digest);
    await until(async () => (await house.phase(id)) === 'delivered');
    const given = await ask(house.theirs);
    expect(given).toMatch(/^HTTP\/1\.1 200/);
    expect(given.toLowerCase()).toContain('content-type: image/png');
    for (const tls of [foreign, nobody]) expect(await ask(tls)).toBe(refusal);
    // Without a certificate, or with one that nobody here signed, there is no answer at all.
    for (const tls of [{ ca: house.own.ca }, { ...stranger.theirs, ca: house.own.ca }]) {
      expect((await house.outside(tls as TlsOptions, `/objects/${object}`)).ok).toBe(false);
    }
    // Suspended, and over: as if it had never been there.
    house.clock.ms = Date.parse('2026-03-20T00:00:00Z');
    expect(await ask(house.theirs)).toBe(refusal);
    house.clock.ms = Date.parse('2026-03-06T10:00:00Z');
    expect(await ask(house.theirs)).toBe(given);
    expect((await house.ask('clerk', 'POST', `cases/${id}/close`)).status).toBe(200);
    expect(await ask(house.theirs)).toBe(refusal);
    const fetches = (await house.ask('auditor', 'GET', 'audit?limit=1000')).text.match(/"what":"fetch"/g);
    expect(fetches?.length).toBeGreaterThan(3);
  },
);

it(
  'nothing leaves that two people did not approve as it is, for an order that is in force',
  {
    meta: { clause: 'TS 103 707 4.2', shall: ['707:4.2-2', '707:4.2-3', '707:D.3-3', '707:D.4-3'] },
    timeout: 120_000,
  },
  async () => {
    const house = await RunningHandover.start(chats);
    await house.onboard();
    const bad: readonly [member: string, change: object][] = [
      ['selectors.0', { selectors: [{ kind: 'uri', value: 'tel:+3460000*' }] }],
      ['selectors.0', { selectors: [{ kind: 'uri', value: 'sip:%@provider.lab' }] }],
      ['selectors', { selectors: [] }],
      ['authority', { authority: 'nobody' }],
      ['deliveryUrl', { deliveryUrl: 'https://elsewhere.lab/hi1' }],
      ['hash', { hash: { salt: 'ab'.repeat(16), digest: 'cd'.repeat(32) } }],
      ['validity', { validity: { from: '2026-01-01T00:00:00Z', until: '2026-03-06T09:59:59Z' } }],
      ['range', { range: { from: '2026-03-04T08:00:00Z', until: '2027-03-04T08:00:00Z' } }],
    ];
    for (const [member, change] of bad) {
      const answer = await house.ask('clerk', 'POST', 'cases', { ...order, ...change });
      expect(answer.status, answer.text).toBe(422);
      expect(answer.json['problems'], answer.text).toContainEqual(expect.objectContaining({ member }));
    }
    // The last moment of the range is in it, the first behind it is not; nor is who else called at that time.
    const { id, digest } = await house.sealed(order);
    const snapshot = (await house.ask('reviewer', 'GET', `cases/${id}/snapshot`)).json as unknown as {
      text: string;
    }[];
    expect(snapshot.map(({ text }) => text)).toEqual(['in', 'last']);

    const approve = (name: 'approver1' | 'approver2' | 'clerk' | 'reviewer', of = digest) =>
      house.ask(name, 'POST', `cases/${id}/approve`, { digest: of });
    expect((await approve('clerk')).status).toBe(403);
    expect((await approve('approver1', 'ab'.repeat(32))).json['refusal']).toBe('other-bytes');
    expect((await approve('approver1')).status).toBe(200);
    expect((await approve('approver1')).json['refusal']).toBe('same-person');
    expect((await house.ask('clerk', 'POST', `cases/${id}/send`)).status).toBe(409);
    house.clock.ms = Date.parse('2026-03-20T00:00:00Z');
    expect((await approve('approver2')).json['refusal']).toBe('not-in-force');
    house.clock.ms = Date.parse('2026-03-06T10:00:00Z');

    // Approved while nothing may leave; then a byte is changed where it lies, or the order is over.
    await house.ask('admin', 'POST', 'authorities/pj/pause', { reason: 'test' });
    expect((await approve('approver2')).status).toBe(200);
    for (const { key, value } of await house.records.list('handover-parts', { prefix: `${id}/document-` })) {
      const { octets, ...rest } = value as { octets: string };
      const changed = Buffer.from(octets, 'base64');
      changed[100] = (changed[100] ?? 0) ^ 1;
      await house.records.put('handover-parts', key, { ...rest, octets: changed.toString('base64') });
    }
    const second = await house.sealed({ ...order, reference: { kind: 'LDID', value: 'ES-PJ-43' } });
    await house.approve(second.id, second.digest);
    house.clock.ms = Date.parse('2026-03-20T00:00:00Z');
    await house.ask('admin', 'POST', 'authorities/pj/resume');
    const states = async (of: string) =>
      (
        (await house.ask('clerk', 'GET', `cases/${of}/deliveries`)).json as unknown as { state: string }[]
      ).map(({ state }) => state);
    await until(async () => (await states(second.id)).includes('failed'));
    expect(house.far.requests).toBe(0);
    house.clock.ms = Date.parse('2026-03-06T10:00:00Z');
    const third = await house.sealed({ ...order, reference: { kind: 'LDID', value: 'ES-PJ-44' } });
    await house.approve(third.id, third.digest);
    await until(
      async () => (await house.phase(third.id)) === 'delivered' || (await states(id)).includes('waiting'),
    );
    expect(house.far.effects.filter(({ reference }) => reference !== 'ES-PJ-44')).toEqual([]);
  },
);

it(
  'hostile documents and bodies of 50 MB are refused, and change nothing',
  { meta: { clause: ['TS 103 120 6.2.5', 'XML 1.0 4.4'] }, timeout: 120_000 },
  async () => {
    const house = await RunningHandover.start(chats);
    await house.onboard();
    const bomb = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(
      (name, i, all) => `<!ENTITY ${name} "${i === 0 ? 'lol' : `&${all[i - 1] ?? ''};`.repeat(10)}">`,
    );
    const documents: readonly [what: string, body: Buffer][] = [
      [
        'an entity of a file',
        Buffer.from('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><HI1Message>&x;</HI1Message>'),
      ],
      ['an entity of a server', Buffer.from(`<!DOCTYPE a SYSTEM "${house.desk}/readyz"><HI1Message/>`)],
      ['a bomb', Buffer.from(`<!DOCTYPE a [${bomb.join('')}]><HI1Message>&h;</HI1Message>`)],
      ['deep elements', Buffer.from('<a>'.repeat(100_000))],
      [
        'many attributes',
        Buffer.from(`<a ${Array.from({ length: 50_000 }, (_, i) => `a${i}=""`).join(' ')}/>`),
      ],
      ['no XML', Buffer.from([0xff, 0xfe, 0x00])],
      ['nothing', Buffer.alloc(0)],
      [
        'half a message',
        Buffer.from('<HI1Message xmlns="http://uri.etsi.org/03120/common/2019/10/Core"><Header>'),
      ],
      ['50 MB', Buffer.alloc(50 * 1_048_576, 0x20)],
    ];
    for (const [what, body] of documents) {
      const answer = await house.outside(house.theirs, '/hi1', body, 20_000);
      // A body that is too large may be cut off while it is sent.
      const status = answer.ok ? answer.value.status : 413;
      expect(status, what).toBeLessThan(500);
      const text = answer.ok ? answer.value.body.toString() : '';
      expect(text, what).not.toMatch(/root:|lollol/);
      if (status === 200) expect(text, what).toMatch(/<ErrorCode>30\d\d</);
      const asked = await fetch(`${house.desk}/api/handover/cases/ld-task`, {
        method: 'POST',
        headers: { authorization: 'Bearer t-clerk', 'content-type': 'text/xml' },
        body: new Uint8Array(body),
      }).catch(() => ({ status: 413 }));
      expect(asked.status, what).toBeGreaterThanOrEqual(400);
      expect(asked.status, what).toBeLessThan(502);
    }
    const large = await house
      .ask('clerk', 'POST', 'cases', `"${'x'.repeat(50 * 1_048_576)}"`)
      .catch(() => ({ status: 413 }));
    expect(large.status).toBe(413);
    for (const name of [undefined, 'auditor'] as const) {
      expect((await house.ask(name, 'POST', 'cases', order)).status).toBe(name ? 403 : 401);
    }
    expect((await house.ask('clerk', 'GET', 'cases')).json).toEqual([]);
    expect((await house.ask('auditor', 'GET', 'audit/verify')).json).toMatchObject({ ok: true });
    expect((await house.sealed(order)).id).not.toBe('');
  },
);
