import { createHash } from 'node:crypto';
import { HttpsAgent, httpExchange, isoTime } from '@esinet/kernel';
import { MemoryRecords, type RunningElement } from '@esinet/platform';
import { until } from '@esinet/testing';
import { describe, expect, it } from 'vitest';
import { HANDOVER } from './handover.module.js';
import type { HandoverElement } from './handover-element.js';
import { order, png, recordChat } from './handover-fixture.js';
import { taskText } from './hi1-fixture.js';
import { asAuthority, deskOf, world } from './service-fixture.js';

const sha256 = (octets: Buffer | string) => createHash('sha256').update(octets).digest('hex');

/** From the request to the first approval. */
async function approvedOnce(running: RunningElement, authority: object) {
  const desk = deskOf(running);
  expect(await desk('admin', 'PUT', 'authorities/pj', authority)).toMatchObject({ status: 200 });
  const made = await desk('clerk', 'POST', 'cases', order);
  expect(made).toMatchObject({
    status: 201,
    json: { phase: 'requested', hash: { salt: expect.any(String) as string } },
  });
  const id = String(made.json['id']);
  const frozen = await desk('clerk', 'POST', `cases/${id}/freeze`);
  expect(frozen).toMatchObject({ status: 200, json: { messages: 2, unreadable: 0 } });
  const reviewed = await desk('reviewer', 'POST', `cases/${id}/review`, { decisions: [] });
  expect(reviewed).toMatchObject({ status: 200, json: { phase: 'sealed' } });
  const digest = String(reviewed.json['digest']);
  const first = await desk('approver1', 'POST', `cases/${id}/approve`, { digest });
  expect(first).toMatchObject({ status: 200, json: { phase: 'sealed' } });
  const seals = reviewed.json['seals'] as unknown as {
    id: string;
    digest: string;
    objects: { id: string; digest: string }[];
  }[];
  return { desk, id, digest, seals };
}

const phaseOf = async (desk: ReturnType<typeof deskOf>, id: string) =>
  (await desk('clerk', 'GET', `cases/${id}`)).json['phase'];

// Nothing here is about time: a machine that does something else as well is slow.
describe('a case by REST', { timeout: 60_000 }, () => {
  it('goes from intake to delivered, and its objects are fetched by nobody else (model A)', async () => {
    const { far, own, theirs, others, authority, start } = await world();
    const running = await start();
    const { desk, id, digest, seals } = await approvedOnce(running, authority);
    const shown = await desk('reviewer', 'GET', `cases/${id}/snapshot`);
    expect(shown.json).toMatchObject([
      {
        index: 0,
        scope: 'in-scope',
        text: 'fire on the stairs',
        parts: [{}, { contentType: 'image/png', bytes: png.length }, {}, {}],
      },
      { index: 1, text: 'second floor' },
    ]);
    const object = seals[0]?.objects.find((each) => each.digest === sha256(png));
    const path = `/objects/${object?.id ?? ''}`;
    // Not approved yet, and nobody is told so.
    const early = await asAuthority(running, theirs, path);
    const unknown = await asAuthority(running, theirs, '/objects/00000000-0000-4000-8000-000000000000');
    expect(early).toMatchObject({ ok: true, value: { status: 404 } });
    for (const tls of [theirs, others, own]) {
      const answer = await asAuthority(running, tls, path);
      expect(answer.ok && answer.value.body).toEqual(unknown.ok && unknown.value.body);
      expect(answer.ok && Object.keys(answer.value.headers)).toEqual(
        unknown.ok && Object.keys(unknown.value.headers),
      );
    }
    expect(await asAuthority(running, { ca: own.ca }, path)).toMatchObject({ ok: false });
    expect(far.received).toEqual([]);

    expect(await desk('approver1', 'POST', `cases/${id}/approve`, { digest })).toMatchObject({
      ...{ status: 409, json: { refusal: 'same-person' } },
    });
    const other = await desk('approver2', 'POST', `cases/${id}/approve`, { digest: 'a'.repeat(64) });
    expect(other).toMatchObject({ status: 409, json: { refusal: 'other-bytes' } });
    expect(await desk('approver2', 'POST', `cases/${id}/approve`, { digest })).toMatchObject({ status: 200 });
    await until(async () => (await phaseOf(desk, id)) === 'delivered');
    expect(far.received.map(({ url, body }) => [url, sha256(body)])).toEqual([['/hi1', seals[0]?.digest]]);
    const document = await desk('reviewer', 'GET', `cases/${id}/documents/${seals[0]?.id ?? ''}`);
    expect(sha256(document.text)).toBe(seals[0]?.digest);

    const given = await asAuthority(running, theirs, path);
    expect(given).toMatchObject({
      ok: true,
      value: { status: 200, headers: { 'content-type': 'image/png', 'cache-control': 'no-store' } },
    });
    expect(given.ok && given.value.body).toEqual(png);
    expect(await asAuthority(running, others, path)).toMatchObject({ value: { status: 404 } });

    expect(await desk('clerk', 'POST', `cases/${id}/close`)).toMatchObject({ status: 200 });
    expect(await asAuthority(running, theirs, path)).toMatchObject({ value: { status: 404 } });
    expect((await desk('clerk', 'GET', `cases/${id}`)).json).toMatchObject({ id, phase: 'closed' });
    expect(await desk('auditor', 'GET', 'audit/verify')).toMatchObject({ json: { ok: true } });
    const audit = await desk('auditor', 'GET', `audit?case=${id}&limit=100`);
    const whats = (audit.json as unknown as { what: string }[]).map(({ what }) => what);
    expect(whats).toEqual(
      expect.arrayContaining(['intake', 'freeze', 'review', 'approve', 'send', 'attempt', 'fetch', 'close']),
    );
    expect(audit.text).not.toMatch(/34600000001|stairs/);
    expect((await desk('auditor', 'GET', 'audit/counts')).json).toMatchObject({
      pj: { 'attempt delivered': 1 },
    });
  });

  it('sends objects after their document, and again after a failure (model B)', async () => {
    const { far, authority, start } = await world({ binary: 'B' });
    const running = await start();
    const { desk, id, digest, seals } = await approvedOnce(running, authority);
    far.next.push(500, 500);
    await desk('approver2', 'POST', `cases/${id}/approve`, { digest });
    await until(() => far.received.length > 2);
    const [document] = far.received;
    for (const again of far.received.slice(1, 3)) expect(again.body).toEqual(document?.body);
    await until(async () => (await phaseOf(desk, id)) === 'delivered');
    const objects = seals.flatMap((seal) => seal.objects);
    const sent = far.received.slice(3);
    expect(sent.map(({ url }) => url).sort()).toEqual(objects.map((each) => `/objects/${each.id}/`).sort());
    expect(sent.map(({ body }) => sha256(body)).sort()).toEqual(objects.map((each) => each.digest).sort());
    expect(sent.every(({ expect: asked }) => asked === '100-continue')).toBe(true);
    const metrics = await (await fetch(`http://127.0.0.1:${running.http.port}/metrics`)).text();
    expect(metrics).toMatch(/esinet_handover_attempts_total\{.*verdict="retry".*\} 2/);
    expect(await desk('clerk', 'GET', `cases/${id}/deliveries`)).toMatchObject({
      json: [
        { kind: 'document', attempts: 3, state: 'delivered' },
        ...objects.map(() => ({ kind: 'object' })),
      ],
    });
  });

  it('goes on after a restart with the same bytes, and sends none that were changed', async () => {
    const { far, authority, start } = await world();
    const first = await start();
    const { desk, id, digest } = await approvedOnce(first, authority);
    await desk('admin', 'POST', 'authorities/pj/pause', { reason: 'holidays' });
    await desk('approver2', 'POST', `cases/${id}/approve`, { digest });
    expect(await phaseOf(desk, id)).toBe('sending');
    await first.close();
    expect(far.received).toEqual([]);

    const second = await start();
    const again = deskOf(second);
    const ready = (await (await fetch(`http://127.0.0.1:${second.http.port}/readyz`)).json()) as object;
    expect(ready).toMatchObject({
      notes: { authorities: expect.stringContaining('holidays') as string },
    });
    await again('approver1', 'POST', `cases/${id}/suspend`);
    await again('admin', 'POST', 'authorities/pj/resume');
    expect((await again('approver1', 'POST', `cases/${id}/resume`)).json).toMatchObject({
      phase: 'sealed',
      approvals: [],
    });
    await again('approver1', 'POST', `cases/${id}/approve`, { digest });
    expect(far.received).toEqual([]);
    // Somebody reaches the store and changes what was approved.
    const element = second.get<HandoverElement>(HANDOVER);
    const c = await element.desk.get(id);
    const seal = c?.seals[0];
    const bytes = (await element.desk.files.document(id, seal?.id ?? '')) ?? Buffer.alloc(0);
    await element.desk.files.putDocument(
      id,
      seal?.id ?? '',
      Buffer.from(bytes.toString().replace('stairs', 'stairz')),
    );
    await again('approver2', 'POST', `cases/${id}/approve`, { digest });
    await until(async () => (await element.outbox.ofCase(id)).every(({ state }) => state === 'failed'));
    expect(far.received).toEqual([]);
    // Mended, it goes: these are the bytes that were approved.
    await element.desk.files.putDocument(id, seal?.id ?? '', bytes);
    expect(await again('clerk', 'POST', `cases/${id}/send`)).toMatchObject({ status: 200 });
    await until(async () => (await phaseOf(again, id)) === 'delivered');
    expect(far.received.map(({ body }) => sha256(body))).toEqual([seal?.digest]);
  });
});

describe('the desk', { timeout: 60_000 }, () => {
  it('says what is wrong in the words of problem+json', async () => {
    const { authority, start } = await world();
    const running = await start();
    const desk = deskOf(running);
    const table: [Parameters<typeof desk>, number, object][] = [
      [[undefined, 'GET', 'cases'], 401, { code: 'unauthenticated' }],
      [['clerk', 'PUT', 'authorities/pj', authority], 403, { code: 'not-allowed' }],
      [
        ['admin', 'PUT', 'authorities/pj', { ...authority, deliveryUrl: 'http://x/' }],
        422,
        { problems: [{ member: 'deliveryUrl' }] },
      ],
      [['admin', 'PUT', 'authorities/pj', { ...authority, more: 1 }], 422, {}],
      [['admin', 'POST', 'authorities/nobody/resume'], 404, {}],
      [
        ['admin', 'PUT', 'authorities/pj', authority],
        200,
        { id: 'pj', profile: { etsiVersion: 'V1.23.1', binary: 'A' } },
      ],
      [['reviewer', 'POST', 'cases', order], 403, {}],
      [
        ['clerk', 'POST', 'cases', { ...order, selectors: [{ kind: 'uri', value: 'tel:*' }] }],
        422,
        { problems: [{ member: 'selectors.0' }] },
      ],
      [
        ['clerk', 'POST', 'cases', { ...order, authority: 'others' }],
        422,
        { problems: [{ member: 'authority' }] },
      ],
      [['clerk', 'POST', 'cases/ld-task'], 415, {}],
      [['clerk', 'GET', 'cases/nothing'], 404, {}],
      [['clerk', 'POST', 'cases/nothing/freeze'], 404, {}],
      [['clerk', 'DELETE', 'cases'], 405, {}],
      [['clerk', 'GET', 'nothing'], 404, {}],
      [['auditor', 'GET', 'audit?limit=x'], 400, {}],
      [['clerk', 'GET', 'audit'], 403, {}],
    ];
    for (const [call, status, json] of table) {
      expect(await desk(...call), JSON.stringify(call).slice(0, 80)).toMatchObject({ status, json });
    }
    const { json: made } = await desk('everything', 'POST', 'cases', order);
    const at = `cases/${String(made['id'])}`;
    expect(await desk('everything', 'POST', `${at}/review`, { decisions: [] })).toMatchObject({
      ...{ status: 409, json: { refusal: 'not-now' } },
    });
    expect(await desk('reviewer', 'GET', at)).toMatchObject({ json: { authorisation: { selectors: [{}] } } });
    expect(await desk('auditor', 'GET', at)).toMatchObject({ json: { authorisation: { selectors: 1 } } });
    const described = (await (
      await fetch(`http://127.0.0.1:${running.http.port}/openapi.json`)
    ).json()) as object;
    expect(described).toMatchObject({
      openapi: '3.1.0',
      paths: { '/api/handover/cases/{id}/approve': { post: {} } },
    });
  });

  it('takes a task by HI1, sends its records as they come, and in two what is too large', async () => {
    const { authority, chats, theirs, far, start, clock } = await world();
    const running = await start();
    const desk = deskOf(running);
    const profile = { ...authority.profile, reference: 'LIID' };
    await desk('admin', 'PUT', 'authorities/pj', { ...authority, profile });
    const span = ['2026-03-06T10:00:00Z', '2026-03-06T11:00:00Z'] as const;
    const task = taskText({
      ...{ kind: 'LITaskObject', reference: 'a-42', range: span, validity: span },
      address: `<task:URL>${authority.deliveryUrl}</task:URL>`,
    });
    const answer = await asAuthority(running, theirs, '/hi1', task);
    expect(answer.ok && answer.value.body.toString()).toMatch(/(<CREATEResponse>.*){2}/);
    const [{ id }] = (await desk('clerk', 'GET', 'cases')).json as unknown as [{ id: string }];
    const { json } = await desk('approver1', 'GET', `cases/${id}`);
    expect(json).toMatchObject({ phase: 'requested', createdBy: 'authority:pj' });
    for (const name of ['approver1', 'approver2'] as const) {
      const approved = await desk(name, 'POST', `cases/${id}/approve`, { digest: json['digest'] });
      expect(approved.status).toBe(200);
    }
    expect(await phaseOf(desk, id)).toBe('running');
    far.next.push({ error: 3022 });
    // All of it at once, so that it is one batch.
    const staged = new MemoryRecords();
    await recordChat(staged, {
      ...{ chat: 'live', caller: 'tel:+34600000001', startedAt: isoTime(clock.wall()), everyMs: 1 },
      texts: ['one', 'two', 'three'],
    });
    const writes = ['chats', 'chats-by-time', 'messages'].map(async (collection) =>
      (await staged.list(collection)).map((record) => ({ kind: 'put' as const, collection, ...record })),
    );
    await chats.write((await Promise.all(writes)).flat());
    await until(() => far.received.length >= 3);
    expect(
      far.received.map(({ body }) =>
        [...body.toString().matchAll(/>(one|two|three)</g)].map(([, text]) => text),
      ),
    ).toEqual([['one', 'two', 'three'], ['one', 'two'], ['three']]);
    await until(async () =>
      (await desk('clerk', 'GET', `cases/${id}/deliveries`)).text.includes('"replaced"'),
    );
    expect(await phaseOf(desk, id)).toBe('running');
  });

  it('answers an HI1 message that it does not take in with the code for it', async () => {
    const { authority, theirs, others, start } = await world();
    const running = await start();
    await deskOf(running)('admin', 'PUT', 'authorities/pj', authority);
    const answer = await asAuthority(running, theirs, '/hi1', Buffer.from('<x/>'));
    expect(answer.ok && answer.value.body.toString()).toContain('<ErrorCode>3020</ErrorCode>');
    expect(await asAuthority(running, others, '/hi1', Buffer.from('<x/>'))).toMatchObject({
      value: { status: 404 },
    });
    expect(await asAuthority(running, theirs, '/hi1', Buffer.alloc(1_100_000))).not.toMatchObject({
      value: { status: 200 },
    });
  });

  it('is served over HTTPS where that is configured, and plain HTTP has probes only', async () => {
    const { own, start } = await world({ config: { tls: { port: 0, clientCertificate: 'none' } } });
    const running = await start();
    expect(await deskOf(running)('clerk', 'GET', 'cases')).toMatchObject({ status: 404 });
    expect((await fetch(`http://127.0.0.1:${running.http.port}/livez`)).status).toBe(200);
    const agent = new HttpsAgent({ keepAlive: false }, { ca: own.ca });
    const answer = await httpExchange({
      ...{
        method: 'GET',
        url: `https://127.0.0.1:${running.also?.[0]?.port ?? 0}/api/handover/cases`,
        agent,
      },
      ...{ headers: { authorization: 'Bearer t-clerk' }, timeoutMs: 5_000, maxBytes: 100_000 },
    });
    agent.destroy();
    expect(answer).toMatchObject({ ok: true, value: { status: 200 } });
  });
});
