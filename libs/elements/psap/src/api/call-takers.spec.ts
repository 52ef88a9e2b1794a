import { connect } from 'node:net';
import { until } from '@esinet/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Caller, TryingRecords } from '../psap-fixture.js';
import { ApiBench } from './api-fixture.js';
import { EventStream } from './event-stream.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function bench(...o: Parameters<typeof ApiBench.open>): Promise<ApiBench> {
  const b = await ApiBench.open(...o);
  open.push(b);
  return b;
}

const chat = (callId: string, what = '') => `chats/${encodeURIComponent(callId)}${what}`;
const code = ({ status, body }: { status: number; body: unknown }) =>
  `${status} ${(body as { code?: string }).code ?? ''}`.trim();
const waiting = async (b: ApiBench, query = ''): Promise<string[]> =>
  ((await b.call('GET', `queue${query}`)).body as { chats: { callId: string }[] }).chats.map((c) =>
    nameOf(c.callId),
  );
const nameOf = (callId: string) => callId.split(':')[4]?.replace(/x+$/, '') ?? '';
const metric = async (b: ApiBench, name: string, label = ''): Promise<string | undefined> =>
  (await (await fetch(`${b.url}/metrics`)).text())
    .split('\n')
    .find((line) => line.startsWith(`${name}{`) && line.includes(label))
    ?.split(' ')
    .at(-1);

describe('call takers', () => {
  it('take chats up to their seats; the fourth waits, and the figures show it', async () => {
    const b = await bench();
    const calls: string[] = [];
    for (const name of ['one', 'two', 'three', 'four']) calls.push(await b.begin(name));
    expect((await b.call('PUT', 'takers/ana', { name: 'Ana' })).body).toMatchObject({ seats: 3, used: 0 });
    expect(await waiting(b)).toEqual(['one', 'two', 'three', 'four']);
    for (let i = 0; i < 3; i++)
      expect(code(await b.call('POST', 'queue/accept', { taker: 'ana' }))).toBe('200');
    expect(code(await b.call('POST', 'queue/accept', { taker: 'ana' }))).toBe('409 no-seat');
    expect(code(await b.call('POST', chat(calls[3] ?? '', '/accept'), { taker: 'ana' }))).toBe('409 no-seat');
    expect(await waiting(b)).toEqual(['four']);
    await until(async () =>
      (await metric(b, 'esinet_queue_length', 'centre="madrid"')) === '1' ? true : undefined,
    );
    expect(await metric(b, 'esinet_taker_seats', 'state="used"')).toBe('3');
    expect(await metric(b, 'esinet_takers_signed_on')).toBe('1');
    expect(await metric(b, 'esinet_queue_wait_seconds_count', 'centre="madrid"')).toBe('3');

    await b.call('POST', chat(calls[0] ?? '', '/stop'), { by: 'ana' });
    expect(code(await b.call('POST', 'queue/accept', { taker: 'ana' }))).toBe('200');
    expect(code(await b.call('POST', 'queue/accept', { taker: 'ana' }))).toBe('409 queue-empty');
    expect(await waiting(b)).toEqual([]);
  });

  it('alone answer what they have accepted; without any of them signed on anybody may', async () => {
    const b = await bench();
    const callId = await b.begin('one');
    const elsewhere = await b.begin('two', { centre: 'toledo' });
    const say = (who?: string, o: { by?: string; to?: string } = {}) =>
      b.call(
        'POST',
        chat(o.to ?? callId, '/messages'),
        { text: 'hello', ...(o.by !== undefined && { by: o.by }) },
        who === undefined ? {} : { 'x-taker': who },
      );
    expect(code(await say())).toBe('201');
    await b.call('PUT', 'takers/ana', { name: 'Ana', centres: ['madrid'] });
    await b.call('PUT', 'takers/ben', { name: 'Ben', centres: ['madrid'] });
    expect(code(await say())).toBe('409 no-speaker');
    expect(code(await say('ana'))).toBe('409 not-yours');
    expect(code(await say('eve'))).toBe('409 not-signed-on');
    expect(code(await say(undefined, { to: elsewhere }))).toBe('201');
    expect(code(await b.call('POST', chat(callId, '/accept'), { taker: 'ana' }))).toBe('200');
    expect(code(await b.call('POST', chat(callId, '/accept'), { taker: 'ana' }))).toBe('200');
    expect(code(await b.call('POST', chat(callId, '/accept'), { taker: 'ben' }))).toBe('409 taken');
    expect(code(await b.call('POST', chat(elsewhere, '/accept'), { taker: 'ben' }))).toBe('409 other-centre');
    expect((await say('ana')).body).toMatchObject({ by: 'ana', text: 'hello' });
    expect(code(await say(undefined, { by: 'ana' }))).toBe('201');
    expect(code(await say('ben'))).toBe('409 taken');
    expect(code(await say('ben', { by: 'ana' }))).toBe('400 bad-request');
    expect(code(await say('a b'))).toBe('400 bad-request');
    expect(code(await b.call('POST', chat(callId, '/release'), { taker: 'ben' }))).toBe('409 not-yours');
    expect(code(await b.call('POST', chat(callId, '/release'), { taker: 'ana' }))).toBe('200');
    expect(code(await say('ana'))).toBe('409 not-yours');
    expect(await waiting(b, '?centre=madrid')).toEqual(['one']);
  });

  it('keep their chats over a restart, and give them back when they sign off', async () => {
    const records = new TryingRecords();
    const caller = new Caller();
    const callerPort = await caller.start();
    open.push(caller);
    const before = await ApiBench.open({}, { caller, callerPort, records });
    const callId = await before.begin('one');
    await before.begin('two');
    await before.call('PUT', 'takers/ana', { name: 'Ana', seats: 1 });
    await before.call('PUT', 'takers/ben', { name: 'Ben' });
    await before.call('DELETE', 'takers/ben');
    await before.call('POST', chat(callId, '/accept'), { taker: 'ana' });
    await before.call('POST', chat(callId, '/messages'), { text: 'what happened?', by: 'ana' });
    await before.call('POST', chat(callId, '/notes'), { text: 'cannot speak', by: 'ana' });
    await before.element.close();

    const b = await bench({}, { caller, callerPort, records });
    expect((await b.call('GET', 'takers')).body).toMatchObject({
      takers: [{ taker: 'ana', seats: 1, used: 1, chats: [{ callId }] }],
    });
    expect(await waiting(b)).toEqual(['two']);
    expect((await b.call('GET', chat(callId, '/notes'))).body).toMatchObject({
      notes: [{ by: 'ana', text: 'cannot speak' }],
    });
    // The caller of the one has been answered, of the other not.
    expect((await b.call('GET', chat(callId))).body).not.toHaveProperty('unansweredSince');
    await until(async () => {
      const { chats } = (await b.call('GET', 'queue')).body as { chats: { unansweredSince?: string }[] };
      return chats[0]?.unansweredSince;
    });
    expect(code(await b.call('DELETE', 'takers/ana'))).toBe('204');
    expect(await waiting(b)).toEqual(['one', 'two']);
    expect((await b.call('GET', chat(callId))).body).not.toHaveProperty('taker');
    expect(code(await b.call('DELETE', 'takers/ana'))).toBe('404 not-found');
  });

  it('lose nothing while the disk is full: what was not recorded did not happen', async () => {
    const records = new TryingRecords();
    const b = await bench({}, { records });
    const callId = await b.begin('one');
    await b.call('PUT', 'takers/ana', { name: 'Ana' });
    records.failing = true;
    expect(code(await b.call('PUT', 'takers/ben', { name: 'Ben' }))).toBe('503 not-stored');
    expect(code(await b.call('POST', chat(callId, '/accept'), { taker: 'ana' }))).toBe('503 not-stored');
    expect(code(await b.call('DELETE', 'takers/ana'))).toBe('503 not-stored');
    expect(code(await b.call('POST', chat(callId, '/notes'), { text: 'x' }))).toBe('503 not-stored');
    records.failing = false;
    expect(await waiting(b)).toEqual(['one']);
    expect((await b.call('GET', 'takers')).body).toMatchObject({ takers: [{ taker: 'ana', used: 0 }] });
    expect(code(await b.call('POST', chat(callId, '/accept'), { taker: 'ana' }))).toBe('200');
  });

  it('race for a chat: one of them gets it', async () => {
    const b = await bench();
    const callId = await b.begin('one');
    for (const id of ['ana', 'ben', 'cleo']) await b.call('PUT', `takers/${id}`, { name: id });
    const answers = await Promise.all(
      ['ana', 'ben', 'cleo'].map((taker) => b.call('POST', chat(callId, '/accept'), { taker })),
    );
    expect(answers.map(code).sort()).toEqual(['200', '409 taken', '409 taken']);
    const { taker } = answers.find(({ status }) => status === 200)?.body as { taker: string };
    expect((await b.call('GET', chat(callId))).body).toMatchObject({ taker });
  });

  it('are given chats, if so configured', async () => {
    const b = await bench({ takers: { assign: 'push', seats: 1 } });
    await b.call('PUT', 'takers/ana', { name: 'Ana' });
    const callId = await b.begin('one');
    const second = await b.begin('two');
    await until(async () =>
      ((await b.call('GET', chat(callId))).body as { taker?: string }).taker === 'ana' ? true : undefined,
    );
    expect(await waiting(b)).toEqual(['two']);
    await b.send(callId, 258, 2, 'bye', { from: 'sip:one@provider.lab' });
    await until(async () =>
      ((await b.call('GET', chat(second))).body as { taker?: string }).taker === 'ana' ? true : undefined,
    );
  });

  it(
    'never see a test call, nor do the figures',
    { meta: { clause: 'TS 103 698 6.1.2.10', shall: '6.1.2.10-3' } },
    async () => {
      const b = await bench();
      await b.call('PUT', 'takers/ana', { name: 'Ana' });
      const seen: string[] = [];
      const aborting = new AbortController();
      const stream = await fetch(`${b.url}/api/events`, { signal: aborting.signal });
      const reading = (async () => {
        for await (const chunk of stream.body ?? []) seen.push(Buffer.from(chunk).toString());
      })().catch(() => undefined);
      const callId = 'urn:emergency:uid:callid:testcall123:app.lab';
      expect(await b.send(callId, 257, 1, 'testing', { uri: 'urn:service:sos.test' })).toBe(200);
      await b.caller.request(1);
      await b.begin('real');
      await until(() =>
        seen.join('').includes('"callId":"urn:emergency:uid:callid:realxxx') ? true : undefined,
      );
      aborting.abort();
      await reading;
      expect(seen.join('')).not.toContain('testcall123');
      expect(await waiting(b)).toEqual(['real']);
      const { chats } = (await b.call('GET', 'chats')).body as { chats: { callId: string }[] };
      expect(chats.map((c) => nameOf(c.callId))).toEqual(['real']);
      expect(code(await b.call('POST', chat(callId, '/accept'), { taker: 'ana' }))).toBe('404 not-found');
      await until(async () =>
        (await metric(b, 'esinet_queue_length', 'centre="madrid"')) === '1' ? true : undefined,
      );
    },
  );

  it('send configured texts by their name, in the language of the caller', async () => {
    const b = await bench({
      snippets: [
        { id: 'where', text: '{name}: where are you?', language: 'en' },
        { id: 'where', text: '¿Dónde está usted?', language: 'es' },
        { id: 'ok', text: 'OK' },
      ],
    });
    const callId = await b.begin('one');
    const spanish = await b.begin('two', { headers: [['Accept-Language', 'es-ES, en;q=0.5']] });
    const say = async (to: string, snippet: string) =>
      (await b.call('POST', chat(to, '/messages'), { snippet })).body;
    expect(await say(callId, 'where')).toMatchObject({ text: '112 Madrid (lab): where are you?' });
    expect(await say(spanish, 'ok')).toMatchObject({ text: 'OK' });
    expect(await say(callId, 'nothing')).toMatchObject({ code: 'not-found' });
    expect((await b.call('GET', 'snippets?language=es-MX')).body).toMatchObject({
      snippets: [{ id: 'where', language: 'es' }, { id: 'ok' }],
    });
  });
});

describe('the event stream over HTTP', () => {
  it('cuts a reader that does not read, without keeping what it left', async () => {
    const b = await bench();
    const stream = b.element.get<EventStream>(EventStream);
    const socket = connect(b.element.http.port, '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write('GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await until(() => (stream.listeners === 1 ? true : undefined));
    socket.pause();
    const text = 'x'.repeat(200_000);
    let told = 0;
    while (stream.listeners > 0 && told < 500) {
      stream.tell({ id: Date.now() * 1_000 + told++, at: 't', type: 'note', data: { text } });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(stream.listeners).toBe(0);
    expect(told).toBeLessThan(500);
    socket.resume();
    await closed;
  });

  it('tells, lets come back, refuses one too many, and does not keep the element from ending', async () => {
    const b = await ApiBench.open({ events: { listeners: 2 } });
    const caller = b.caller;
    const listen = async (headers: Record<string, string> = {}) => {
      const answer = await fetch(`${b.url}/api/events`, { headers });
      const chunks: string[] = [];
      const done = (async () => {
        for await (const chunk of answer.body ?? []) chunks.push(Buffer.from(chunk).toString());
      })();
      return { answer, done, text: () => chunks.join('') };
    };
    const first = await listen();
    expect(first.answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const callId = await b.begin('one');
    await until(() => (first.text().includes('event: queue') ? true : undefined));
    expect(first.text()).toContain('"text":"help"');
    expect(first.text().indexOf('event: ready')).toBeLessThan(first.text().indexOf('event: chat'));
    const id = first.text().match(/id: (\d+)\nevent: chat/)?.[1] ?? '';
    const again = await listen({ 'last-event-id': id });
    await until(() => (again.text().includes('event: queue') ? true : undefined));
    expect(again.text()).not.toContain('event: ready');
    expect(again.text()).toContain(callId);
    const third = await fetch(`${b.url}/api/events`);
    expect(third.status).toBe(503);
    expect(await third.json()).toMatchObject({ code: 'too-many-listeners' });
    await b.close();
    await Promise.all([first.done, again.done]);
    expect(caller.received.length).toBeGreaterThan(0);
  });
});
