import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageType, readIdentifiers } from '@esinet/lmpe';
import { writePidfLo } from '@esinet/location';
import { InProcessBus, LevelRecords, type Records, type RunningElement, SipEdge } from '@esinet/platform';
import { type Clock, ManualClock, silentLogger, systemClock } from '@esinet/kernel';
import { parseDatagram, writeMultipart } from '@esinet/sip';
import { until } from '@esinet/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { PsapConfig } from './config.js';
import { psapConfigSchema } from './config.js';
import { type MessageRecord, collections } from './message-record.js';
import { Caller, TryingRecords, callId, identify } from './psap-fixture.js';
import { startPsap } from './start-psap.js';

const madrid = 'sip:madrid@psap.esinet.internal';
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'psap-'));
  open.push({ close: () => rm(path, { recursive: true, force: true }) });
  return path;
}

interface Bench {
  caller: Caller;
  callerPort: number;
  port: number;
  api: string;
  records: Records;
  element: RunningElement;
  events: { subject: string; payload: unknown }[];
}

async function bench(
  o: {
    records?: Records;
    config?: Partial<Record<keyof PsapConfig, unknown>>;
    caller?: Caller;
    callerPort?: number;
    clock?: Clock;
  } = {},
): Promise<Bench> {
  const caller = o.caller ?? new Caller();
  const callerPort = o.callerPort ?? (await caller.start());
  if (!o.caller) open.push(caller);
  const records = o.records ?? new TryingRecords();
  const config = psapConfigSchema.parse({
    listeners: [{ name: 'psap-udp', transport: 'udp', port: 0 }],
    http: { port: 0 },
    centres: [{ uri: madrid, name: '112 Madrid (lab)' }],
    outboundProxy: `udp:127.0.0.1:${callerPort}`,
    limits: { firstPause: '20 ms', textBytes: 2_000 },
    script: 'greet',
    drain: 0,
    ...o.config,
  });
  const bus = new InProcessBus({ logger: silentLogger, clock: systemClock });
  const events: Bench['events'] = [];
  bus.subscribe('events.psap.>', (payload, subject) => void events.push({ subject, payload }));
  const element = await startPsap(config, { records, bus, ...(o.clock && { clock: o.clock }) });
  open.push(element);
  return {
    caller,
    callerPort,
    port: element.get<SipEdge>(SipEdge).port('psap-udp') ?? 0,
    api: `http://127.0.0.1:${element.http.port}/api`,
    records,
    element,
    events,
  };
}

async function messages(records: Records): Promise<MessageRecord[]> {
  const all = (await records.list(collections.messages)).map(({ value }) => value as MessageRecord);
  return all.sort((a, b) => a.sequence - b.sequence);
}

const summary = (all: readonly MessageRecord[]) =>
  all.map((m) => `${m.direction} ${m.messageType ?? '?'}/${m.messageId ?? '-'} ${m.text ?? ''}`);

describe('a PSAP', () => {
  it(
    'answers a start with its own, to the P-Asserted-Identity',
    { meta: { clause: 'TS 103 698 6.2.2', shall: ['6.2.2-9', '6.2.3-7'] } },
    async () => {
      const b = await bench();
      const status = await b.caller.send(b.port, {
        route: `<${madrid};lr>`,
        callInfo: identify(257, 1),
        headers: [['P-Asserted-Identity', '"Ana" <sip:ana.real@provider.lab>, <tel:+34600000000>']],
      });
      expect(status).toBe(200);
      const greeting = await b.caller.request(1);
      expect(greeting.requestUri).toBe('sip:ana.real@provider.lab');
      expect(greeting.to?.uri).toBe('sip:ana.real@provider.lab');
      expect(greeting.header('Reply-To')).toBe(madrid);
      expect(greeting.header('Content-Type')).toBe('text/plain; charset=utf-8');
      expect(greeting.header('Resource-Priority')).toBe('esnet.0');
      expect(greeting.headerLines('Call-Info')).toHaveLength(3);
      expect(readIdentifiers(greeting.values('Call-Info'))).toEqual({
        callId,
        messageId: 1,
        messageType: MessageType.start,
        problems: [],
      });
      expect(greeting.body.toString()).toBe('You have reached 112 Madrid (lab). What is your emergency?');
      await until(async () => (await messages(b.records)).find((m) => m.delivery === 'delivered'));
      expect(summary(await messages(b.records))).toEqual([
        'in 257/1 help',
        'out 257/1 You have reached 112 Madrid (lab). What is your emergency?',
      ]);
      expect(b.events.map(({ subject }) => subject)).toContain('events.psap.chat-started');
      expect(JSON.stringify(b.events)).not.toContain('help');
    },
  );

  it('answers 200 only when the record is durable', { meta: { clause: 'RFC 3428 7' } }, async () => {
    const records = new TryingRecords();
    const b = await bench({ records });
    let release: () => void = () => undefined;
    records.gate = new Promise((resolve) => (release = resolve));
    let status = -1;
    const sent = b.caller.send(b.port, { callInfo: identify(257, 1) }).then((s) => (status = s));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(status).toBe(-1);
    expect(b.caller.received).toHaveLength(0);
    release();
    records.gate = undefined;
    expect(await sent).toBe(200);
    expect(summary(await messages(records))[0]).toBe('in 257/1 help');
  });

  it('finds after a kill what was answered before', { meta: { clause: 'RFC 3428 7' } }, async () => {
    const path = await folder();
    const records = await LevelRecords.open(path);
    open.push(records);
    const b = await bench({ records });
    expect(await b.caller.send(b.port, { callInfo: identify(257, 1) })).toBe(200);
    // The files as they are at this moment: all that a killed process leaves.
    const left = join(await folder(), 'copy');
    await cp(path, left, { recursive: true });
    const again = await LevelRecords.open(left);
    open.push(again);
    expect(summary(await messages(again))).toContain('in 257/1 help');
  });

  it(
    'answers 500 when the record cannot be kept, and takes the same message later',
    { meta: { clause: 'RFC 3428 7' } },
    async () => {
      const records = new TryingRecords();
      const b = await bench({ records });
      records.failing = true;
      expect(await b.caller.send(b.port, { callInfo: identify(257, 1) })).toBe(500);
      expect(b.caller.received).toHaveLength(0);
      records.failing = false;
      expect(await b.caller.send(b.port, { callInfo: identify(257, 1) })).toBe(200);
      await b.caller.request(1);
      records.failing = true;
      expect(await b.caller.send(b.port, { callInfo: identify(259, 2), body: 'more' })).toBe(500);
      records.failing = false;
      expect(await b.caller.send(b.port, { callInfo: identify(259, 2), body: 'more' })).toBe(200);
      expect(summary(await messages(records)).filter((m) => m.startsWith('in'))).toEqual([
        'in 257/1 help',
        'in 259/2 more',
      ]);
    },
  );

  it(
    'takes a message once however often it comes',
    { meta: { clause: 'TS 103 698 6.1.2.7', shall: '6.1.2.7-12' } },
    async () => {
      const b = await bench();
      for (let i = 0; i < 3; i++)
        expect(await b.caller.send(b.port, { callInfo: identify(257, 1) })).toBe(200);
      for (let i = 0; i < 3; i++)
        expect(await b.caller.send(b.port, { callInfo: identify(259, 2), body: 'x' })).toBe(200);
      // Another text under the same identifier is another message.
      expect(await b.caller.send(b.port, { callInfo: identify(259, 2), body: 'y' })).toBe(200);
      const all = summary(await messages(b.records));
      expect(all.filter((m) => m.startsWith('in'))).toEqual(['in 257/1 help', 'in 259/2 x', 'in 259/2 y']);
      expect(all.filter((m) => m.startsWith('out 257'))).toHaveLength(1);
      expect(b.caller.received).toHaveLength(1);
    },
  );

  it('makes up a chat where the identifiers fail', { meta: { clause: 'TS 103 698 6.1.2.7' } }, async () => {
    const b = await bench();
    expect(await b.caller.send(b.port, { uri: madrid })).toBe(200);
    expect(
      await b.caller.send(b.port, {
        uri: madrid,
        body: 'again',
        callInfo: ['<urn:x:y>;purpose=EmergencyCallData.MsgType', 'nonsense'],
      }),
    ).toBe(200);
    const all = await messages(b.records);
    expect(new Set(all.map((m) => m.chat)).size).toBe(1);
    expect(all.filter((m) => m.direction === 'in').map((m) => m.text)).toEqual(['help', 'again']);
    expect(all[0]?.problems).toEqual(['no call identifier', 'no message type']);
    const { callId: given } = readIdentifiers((await b.caller.request(1)).values('Call-Info'));
    expect(given).toBe(all[0]?.callId);
    // The caller takes up the identifier it was given.
    expect(
      await b.caller.send(b.port, { uri: madrid, body: 'third', callInfo: identify(259, 3, given) }),
    ).toBe(200);
    expect((await messages(b.records)).filter((m) => m.direction === 'in').at(-1)?.chat).toBe(all[0]?.chat);
  });

  it(
    'gives a stranger with the same identifier a chat of its own',
    { meta: { clause: 'TS 103 698 6.2.2' } },
    async () => {
      const b = await bench();
      expect(await b.caller.send(b.port, { callInfo: identify(257, 1) })).toBe(200);
      expect(await b.caller.send(b.port, { callInfo: identify(257, 1), from: 'sip:eve@elsewhere.lab' })).toBe(
        200,
      );
      await b.caller.request(2);
      expect(b.caller.received.map((m) => m.requestUri).sort()).toEqual([
        'sip:ana@provider.lab',
        'sip:eve@elsewhere.lab',
      ]);
      expect(
        await b.caller.send(b.port, {
          callInfo: identify(259, 2),
          from: 'sip:eve@elsewhere.lab',
          body: 'eve',
        }),
      ).toBe(200);
      const all = await messages(b.records);
      expect(new Set(all.map((m) => m.chat)).size).toBe(2);
      expect(all.find((m) => m.text === 'eve')?.chat).toBe(
        all.find((m) => m.sender === 'sip:eve@elsewhere.lab')?.chat,
      );
    },
  );

  it(
    'goes on after a restart with the next identifier and no second start',
    { meta: { clause: 'TS 103 698 6.2.3', shall: ['6.1.2.7-12', '6.1.2.7-13'] } },
    async () => {
      const records = new TryingRecords();
      const first = await bench({ records });
      await first.caller.send(first.port, { callInfo: identify(257, 1) });
      await first.caller.request(1);
      await until(async () => (await messages(records)).some((m) => m.delivery === 'delivered'));
      await first.element.close();
      const second = await bench({ records, caller: first.caller, callerPort: first.callerPort });
      expect(await second.caller.send(second.port, { callInfo: identify(257, 1) })).toBe(200);
      const said = await fetch(`${second.api}/chats/${encodeURIComponent(callId)}/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text: 'still here' }),
      });
      expect(said.status).toBe(201);
      const next = await second.caller.request(2);
      expect(readIdentifiers(next.values('Call-Info'))).toMatchObject({ messageId: 2, messageType: 259 });
      expect(second.caller.received).toHaveLength(2);
    },
  );

  it(
    'sends after a restart what it had not delivered',
    { meta: { clause: 'TS 103 698 6.2.2' } },
    async () => {
      const records = new TryingRecords();
      const first = await bench({ records });
      first.caller.answer = () => ({ status: 503 });
      await first.caller.send(first.port, { callInfo: identify(257, 1) });
      await first.caller.request(1);
      await first.element.close();
      first.caller.answer = () => ({ status: 200 });
      const seen = first.caller.received.length;
      await bench({ records, caller: first.caller, callerPort: first.callerPort });
      const greeting = await first.caller.request(seen + 1);
      expect(readIdentifiers(greeting.values('Call-Info'))).toMatchObject({ messageId: 1, messageType: 257 });
      await until(async () => (await messages(records)).some((m) => m.delivery === 'delivered'));
    },
  );

  it(
    'tries again, within bounds, and says what became of it',
    { meta: { clause: 'RFC 3428 8' } },
    async () => {
      const b = await bench({ config: { limits: { firstPause: '5 ms', attempts: 3 } } });
      let refusals = 2;
      b.caller.answer = () => ({ status: refusals-- > 0 ? 480 : 200 });
      await b.caller.send(b.port, { callInfo: identify(257, 1) });
      await until(async () => (await messages(b.records)).some((m) => m.delivery === 'delivered'));
      expect(b.caller.received).toHaveLength(3);
      b.caller.answer = () => ({ status: 480 });
      await fetch(`${b.api}/chats/${encodeURIComponent(callId)}/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"text":"lost"}',
      });
      await until(async () => (await messages(b.records)).some((m) => m.delivery === 'failed'));
      expect(b.caller.received).toHaveLength(6);
      expect(b.events.some(({ payload }) => JSON.stringify(payload).includes('undelivered'))).toBe(true);
    },
  );

  it(
    'keeps every part byte by byte',
    { meta: { clause: 'TS 103 698 6.1.2.8', shall: '6.1.2.8-5' } },
    async () => {
      const b = await bench();
      const image = Buffer.from([0xff, 0xd8, 0, 13, 10, 13, 10, 45, 45, 0xff]);
      const pidf = writePidfLo({
        entity: 'sip:ana@provider.lab',
        shape: { type: 'point', position: [-3.7, 40.4] },
        timestamp: '2026-01-01T00:00:00Z',
        retentionExpiry: '2026-01-02T00:00:00Z',
      });
      const { contentType, body } = writeMultipart([
        { headers: [['Content-Type', 'text/plain; charset=utf-8']], body: 'fire ñ' },
        {
          headers: [
            ['Content-Type', 'application/pidf+xml'],
            ['Content-ID', '<loc@app.lab>'],
          ],
          body: pidf,
        },
        { headers: [['Content-Type', 'image/jpeg']], body: image },
      ]);
      expect(
        await b.caller.send(b.port, {
          callInfo: identify(257, 1),
          contentType,
          body,
          headers: [['Geolocation', '<cid:loc@app.lab>']],
        }),
      ).toBe(200);
      const [record] = await messages(b.records);
      expect(record).toMatchObject({
        text: 'fire ñ',
        otherParts: [{ contentType: 'image/jpeg', bytes: image.length }],
      });
      expect(record?.locations?.[0]).toMatchObject({
        source: 'value',
        shapes: [{ type: 'point', position: [-3.7, 40.4] }],
      });
      const kept = parseDatagram(Buffer.from(record?.raw ?? '', 'base64'));
      expect(kept.kind === 'message' && kept.message.body.equals(body)).toBe(true);
    },
  );

  it(
    'fetches a location by reference after the answer',
    { meta: { clause: 'TS 103 698 5.4.2', shall: '5.4.2-3' } },
    async () => {
      let asked = 0;
      let answer: () => void = () => undefined;
      const lis = createServer((_, response) => {
        asked++;
        answer = () => {
          response.setHeader('content-type', 'application/pidf+xml');
          response.end(
            writePidfLo({
              entity: 'sip:ana@provider.lab',
              shape: { type: 'point', position: [2.17, 41.38] },
              timestamp: '2026-01-01T00:00:00Z',
              retentionExpiry: '2026-01-02T00:00:00Z',
            }),
          );
        };
      });
      await new Promise<void>((resolve) => lis.listen(0, '127.0.0.1', resolve));
      open.push({ close: () => new Promise((resolve) => lis.close(() => resolve())) });
      const host = `127.0.0.1:${(lis.address() as AddressInfo).port}`;
      const b = await bench({ config: { held: { allowedHosts: [host] } } });
      const headers: [string, string][] = [['Geolocation', `<http://${host}/loc/abc>`]];
      expect(await b.caller.send(b.port, { callInfo: identify(257, 1), headers })).toBe(200);
      await until(() => asked > 0);
      expect((await messages(b.records))[0]?.locations).toBeUndefined();
      answer();
      const located = await until(async () => (await messages(b.records)).find((m) => m.locations));
      expect(located.locations?.[0]).toMatchObject({
        source: 'reference',
        shapes: [{ type: 'point', position: [2.17, 41.38] }],
      });
      // Nobody else's address is asked.
      expect(
        await b.caller.send(b.port, {
          callInfo: identify(259, 2),
          headers: [['Geolocation', '<http://127.0.0.1:9/loc>']],
        }),
      ).toBe(200);
      expect(asked).toBe(1);
    },
  );

  it('refuses too long a text', { meta: { clause: 'RFC 3261 21.4.11' } }, async () => {
    const b = await bench();
    expect(await b.caller.send(b.port, { callInfo: identify(257, 1), body: 'x'.repeat(2_001) })).toBe(413);
    expect(await messages(b.records)).toEqual([]);
  });

  it('answers nothing by itself once a call taker has the chat', async () => {
    const b = await bench({ config: { script: 'echo' } });
    await b.caller.send(b.port, { callInfo: identify(257, 1) });
    await b.caller.send(b.port, { callInfo: identify(259, 2), body: 'smoke' });
    expect((await b.caller.request(2)).body.toString()).toBe('default has received: smoke');
    const post = (path: string, method: string, body: object): Promise<Response> =>
      fetch(`${b.api}/${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect((await post('takers/ana', 'PUT', { name: 'Ana' })).ok).toBe(true);
    const chat = `chats/${encodeURIComponent(callId)}`;
    expect((await post(`${chat}/accept`, 'POST', { taker: 'ana' })).ok).toBe(true);
    await b.caller.send(b.port, { callInfo: identify(259, 3), body: 'fire' });
    expect((await post(`${chat}/messages`, 'POST', { text: 'I am here', by: 'ana' })).ok).toBe(true);
    expect((await b.caller.request(3)).body.toString()).toBe('I am here');
  });

  it(
    'answers each in-chat text by itself if told to, and ends with the caller',
    { meta: { clause: 'TS 103 698 6.2.4' } },
    async () => {
      const b = await bench({ config: { script: 'echo' } });
      await b.caller.send(b.port, { callInfo: identify(257, 1) });
      await b.caller.send(b.port, { callInfo: identify(259, 2), body: 'smoke' });
      expect((await b.caller.request(2)).body.toString()).toBe('default has received: smoke');
      await b.caller.send(b.port, { callInfo: identify(258, 3), body: 'bye' });
      const chat = (await (await fetch(`${b.api}/chats/${encodeURIComponent(callId)}`)).json()) as {
        phase: string;
        closedAt: string;
        messages: object[];
      };
      expect(chat).toMatchObject({ phase: 'closed' });
      expect(chat.messages).toHaveLength(5);
      expect(JSON.stringify(chat)).not.toContain('<presence');
      const refused = await fetch(`${b.api}/chats/${encodeURIComponent(callId)}/stop`, { method: 'POST' });
      expect(refused.status).toBe(409);
      expect(refused.headers.get('content-type')).toBe('application/problem+json');
      expect(b.events.map(({ subject }) => subject)).toContain('events.psap.stopped');
    },
  );

  it(
    'makes room for the living when its memory is full',
    { meta: { clause: 'TS 103 698 6.1.2.9', shall: '6.1.2.9-1' } },
    async () => {
      const clock = new ManualClock();
      const b = await bench({ config: { limits: { chats: 2 } }, clock });
      const id = (n: number) => `urn:emergency:uid:callid:aaaaaaaaaa${n}:app.lab`;
      const silent = () =>
        b.events.filter(({ payload }) => JSON.stringify(payload).includes('"silent"')).length;
      const delivered = async (n: number) =>
        until(async () => (await messages(b.records)).filter((m) => m.delivery === 'delivered').length >= n);
      for (const n of [1, 2])
        expect(await b.caller.send(b.port, { callInfo: identify(257, 1, id(n)) })).toBe(200);
      expect(await b.caller.send(b.port, { callInfo: identify(257, 1, id(3)) })).toBe(480);
      await delivered(2);
      clock.advance(61_000);
      await until(() => silent() >= 2);
      expect(await b.caller.send(b.port, { callInfo: identify(257, 1, id(3)) })).toBe(200);
      await delivered(3);
      clock.advance(61_000);
      await until(() => silent() >= 3);
      // The one that had to go comes back from the records, knowing what it had.
      expect(await b.caller.send(b.port, { callInfo: identify(259, 2, id(1)), body: 'still here' })).toBe(
        200,
      );
      const all = (await messages(b.records)).filter((m) => m.callId === id(1));
      expect(summary(all).map((m) => m.slice(0, 9))).toEqual(['in 257/1 ', 'out 257/1', 'in 259/2 ']);
      // So does one that a call taker asks for.
      for (const n of [1, 2, 3]) {
        const said = await fetch(`${b.api}/chats/${encodeURIComponent(id(n))}/messages`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"text":"hello"}',
        });
        expect(said.status).toBe(201);
      }
    },
  );

  it(
    'answers a test call and ends it, and refuses the next one',
    { meta: { clause: 'TS 103 698 6.1.2.10' } },
    async () => {
      const b = await bench();
      const pidf = writePidfLo({
        entity: 'sip:ana@provider.lab',
        shape: { type: 'circle', center: [-3.7, 40.4], radius: 30 },
        timestamp: '2026-01-01T00:00:00Z',
        retentionExpiry: '2026-01-02T00:00:00Z',
      });
      const test = {
        uri: 'urn:service:sos.fire.test',
        route: `<${madrid};lr>`,
        body: pidf,
        contentType: 'application/pidf+xml',
        callInfo: identify(257, 1),
      };
      expect(await b.caller.send(b.port, test)).toBe(200);
      const answer = await b.caller.request(1);
      expect(readIdentifiers(answer.values('Call-Info'))).toMatchObject({ messageId: 1, messageType: 258 });
      expect(answer.body.toString()).toBe(
        '112 Madrid (lab)\r\nurn:service:sos.fire.test\r\n40.40000 N, 3.70000 W, within 30 m',
      );
      // A copy of it is no second test.
      expect(await b.caller.send(b.port, test)).toBe(200);
      expect(
        await b.caller.send(b.port, {
          ...test,
          callInfo: identify(257, 1, 'urn:emergency:uid:callid:bbbbbbbbbbb:e'),
        }),
      ).toBe(486);
      expect(b.caller.received).toHaveLength(1);
    },
  );

  it('shows centres, and problems as problems', { meta: { clause: 'RFC 9457 3' } }, async () => {
    const b = await bench();
    const centres = (await (await fetch(`${b.api}/centres`)).json()) as { centres: { id: string }[] };
    expect(centres.centres.map((c) => c.id)).toEqual(['madrid', 'default']);
    for (const [path, init, status] of [
      ['chats/nobody', {}, 404],
      ['chats?limit=x', {}, 400],
      [
        'chats/nobody/messages',
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
        400,
      ],
      ['chats/nobody/stop', { method: 'POST' }, 404],
      ['elsewhere', {}, 404],
    ] as const) {
      const answer = await fetch(`${b.api}/${path}`, init);
      expect(answer.status).toBe(status);
      const problem = (await answer.json()) as { code: string };
      expect(problem).toMatchObject({ status, type: `/api/problems/${problem.code}` });
    }
    const metrics = await (await fetch(`${b.api.replace('/api', '')}/metrics`)).text();
    expect(metrics).toContain('esinet_chat_sessions');
  });
});
