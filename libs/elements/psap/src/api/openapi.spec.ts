import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeMultipart } from '@esinet/sip';
import { freePort, until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TryingRecords } from '../psap-fixture.js';
import { type Answer, ApiBench } from './api-fixture.js';
import { EventStream } from './event-stream.js';

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: object }> };
  readonly responses: Record<
    string,
    { readonly description: string; readonly content?: Record<string, { readonly schema: object }> }
  >;
  readonly 'x-codeSamples': readonly { readonly source: string }[];
}

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
  readonly tags: readonly { readonly name: string }[];
}

interface Described {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

let bench: ApiBench;
let document: Document;
let operations: Map<string, Described>;
/** The event stream from its beginning. */
let told = '';
/** Every call that was made: operation, status and code of the problem. */
const made = new Set<string>();

/** A border that knows one source, and one that nobody can reach. */
const border = createServer((request, response) => {
  let id = '';
  request.on('data', (chunk: Buffer) => (id += chunk.toString()));
  request.on('end', () => {
    const known = id === 'known1@bcf.lab';
    response.writeHead(known ? 201 : 433, { 'content-type': 'application/json' });
    response.end(known ? JSON.stringify({ id, action: 'limit', until: '2026-11-29T12:00:00.000Z' }) : '');
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => border.listen(0, '127.0.0.1', resolve));
  bench = await ApiBench.open({
    badActors: {
      borders: {
        '*': `http://127.0.0.1:${(border.address() as AddressInfo).port}`,
        'away.lab': `http://127.0.0.1:${await freePort()}`,
      },
    },
    snippets: [{ id: 'where', text: '{name}: where are you?' }],
    takers: { signedOn: 2, notes: 1, noteBytes: 200 },
    limits: { textBytes: 2_000, firstPause: '20 ms' },
    events: { listeners: 2 },
    transfer: { accept: 'ask' },
  });
  document = (await bench.call('GET', 'openapi.json')).body as Document;
  bench.element.get<EventStream>(EventStream).open(
    {
      write: (text) => (told += text),
      unread: 0,
      end: () => undefined,
      cut: () => undefined,
    },
    {},
  );
  operations = new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, Described] => [
        operation.operationId,
        { method: method.toUpperCase(), path, operation },
      ]),
    ),
  );
});
afterAll(async () => {
  await bench.close();
  border.close();
});

const validators = new Map<string, z.ZodType>();

/** The validator of a schema of the document. */
function validator(schema: object): z.ZodType {
  const known = validators.get(JSON.stringify(schema));
  if (known) return known;
  const made = newValidator(schema);
  validators.set(JSON.stringify(schema), made);
  return made;
}

function newValidator(schema: object): z.ZodType {
  const whole = { ...schema, $defs: document.components.schemas };
  const text = JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/');
  return z.fromJSONSchema(JSON.parse(text) as Parameters<typeof z.fromJSONSchema>[0]);
}

/** Calls an operation as the document describes it, and holds the answer against the description. */
async function call(
  id: string,
  o: {
    path?: Readonly<Record<string, string | number>>;
    query?: string;
    body?: unknown;
    headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Answer> {
  const found = operations.get(id);
  if (!found) throw new Error(`no operation ${id}`);
  const { method, path, operation } = found;
  let filled = path.slice('/api/'.length);
  for (const [name, value] of Object.entries(o.path ?? {})) {
    filled = filled.replace(`{${name}}`, encodeURIComponent(value));
  }
  const answer = await bench.call(method, `${filled}${o.query ?? ''}`, o.body, o.headers);
  const code = answer.status >= 400 ? ` ${(answer.body as { code: string }).code}` : '';
  made.add(`${id} ${answer.status}${code}`);
  const described = operation.responses[String(answer.status)];
  expect(described, `${id} ${answer.status}${code} is in the document`).toBeDefined();
  if (code !== '') expect(described?.description).toContain(`\`${code.trim()}\``);
  const content = Object.entries(described?.content ?? {});
  if (content.length === 0) {
    expect(answer.body).toBe('');
    return answer;
  }
  const [type, media] = content[0] ?? ['', { schema: {} }];
  if (type === '*/*') return answer;
  expect(answer.contentType).toContain(type);
  const read = validator(media.schema).safeParse(answer.body);
  expect(read.error?.issues, `${id} ${answer.status}${code}`).toBeUndefined();
  return answer;
}

const get = (answer: Answer, name: string) => (answer.body as Record<string, string>)[name] ?? '';

describe('the OpenAPI document', { timeout: 60_000 }, () => {
  it('describes every operation: name, purpose, an example, and the schema of what goes in and out', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(operations.size).toBe(Object.values(document.paths).flatMap((m) => Object.keys(m)).length);
    const tags = document.tags.map(({ name }) => name);
    for (const { path, operation } of operations.values()) {
      expect(operation.summary, path).toBeTruthy();
      expect(operation['x-codeSamples'][0]?.source, path).toContain('curl -s ');
      expect(tags, path).toContain(operation.tags[0]);
      expect(operation.tags).toHaveLength(1);
      const inPath = [...path.split('{').slice(1)].map((rest) => rest.slice(0, rest.indexOf('}')));
      expect(operation.parameters.filter((p) => p.in === 'path').map((p) => p.name)).toEqual(inPath);
      for (const [status, answer] of Object.entries(operation.responses)) {
        if (status === '204') continue;
        for (const { schema } of Object.values(answer.content ?? {})) validator(schema);
        expect(Object.keys(answer.content ?? {}), `${path} ${status}`).toHaveLength(1);
      }
    }
    expect(Object.keys(document.paths).every((path) => path.startsWith('/api/'))).toBe(true);
  });

  it('is shown by a page that needs nothing from elsewhere', async () => {
    const page = (await bench.call('GET', 'docs')).body as string;
    const links = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link ?? '');
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) {
      expect(link).not.toContain('//');
      expect((await fetch(new URL(link, `${bench.url}/api/docs`))).status, link).toBe(200);
    }
    const start = await (await fetch(`${bench.url}/api/docs/swagger-ui-init.js`)).text();
    expect(start).not.toContain('https://validator');
  });

  it('is true: every operation called, every answer as described', async () => {
    const photo = Buffer.from([0xff, 0xd8, 0, 1, 2, 0xff, 0xd9]);
    const multipart = writeMultipart(
      [
        { headers: [['Content-Type', 'text/plain; charset=utf-8']], body: 'help' },
        { headers: [['Content-Type', 'image/jpeg']], body: photo },
      ],
      { boundary: 'part' },
    );
    const callId = 'urn:emergency:uid:callid:onexxxxxxxx:app.lab';
    await bench.send(callId, 257, 1, Buffer.from(multipart.body), {
      from: 'sip:one@provider.lab',
      contentType: multipart.contentType,
    });
    await until(async () => (await bench.phase(callId)) === 'open' || undefined);
    const second = await bench.begin('two');
    const third = await bench.begin('three');
    const one = { id: callId };
    const nobody = { id: 'nobody' };

    const listed = await call('listChats', { query: '?centre=madrid&phase=open&limit=10' });
    expect((listed.body as { chats: unknown[] }).chats).toHaveLength(3);
    await call('listChats', { query: '?limit=0' });
    await call('listChats', { query: '?colour=red' });
    const chat = await call('getChat', { path: one });
    const [message] = (chat.body as { messages: { sequence: number; otherParts: { part: number }[] }[] })
      .messages;
    await call('getChat', { path: nobody });
    await call('getChat', { path: { id: 'x'.repeat(600) } });
    const at = { ...one, sequence: message?.sequence ?? 0, part: message?.otherParts[0]?.part ?? 0 };
    const part = await fetch(
      `${bench.url}/api/chats/${encodeURIComponent(callId)}/parts/${at.sequence}/${at.part}`,
    );
    expect(part.headers.get('content-type')).toBe('image/jpeg');
    expect(Buffer.from(await part.arrayBuffer())).toEqual(photo);
    await call('getPart', { path: at });
    await call('getPart', { path: { ...at, part: 77 } });
    await call('getPart', { path: { ...at, part: 'x' } });

    await call('say', { path: one, body: { text: 'where are you?' } });
    await call('say', { path: one, body: { snippet: 'where' } });
    await call('say', { path: one, body: { snippet: 'who' } });
    await call('say', { path: one, body: { text: 'a', snippet: 'where' } });
    await call('say', { path: one, body: { text: '' } });
    await call('say', { path: one, body: [] });
    await call('say', { path: one, body: '{"text":' });
    await call('say', { path: one, body: { text: 'é'.repeat(1_500) } });
    await call('say', { path: one, body: { text: 'x'.repeat(100_000) } });
    await call('say', {
      path: one,
      body: 'text=a',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    await call('say', { path: nobody, body: { text: 'a' } });

    await call('writeNote', { path: one, body: { text: 'x'.repeat(300) } });
    await call('writeNote', { path: one, body: { text: 'deaf', by: 'ana' } });
    await call('writeNote', { path: one, body: { text: 'more' } });
    await call('writeNote', { path: one, body: {} });
    await call('writeNote', { path: nobody, body: { text: 'a' } });
    await call('listNotes', { path: one });
    await call('listNotes', { path: nobody });

    await call('signOn', { path: { id: 'ana' }, body: { name: 'Ana', seats: 1, centres: ['madrid'] } });
    await call('signOn', { path: { id: 'ben' }, body: { name: 'Ben' } });
    await call('signOn', { path: { id: 'cleo' }, body: { name: 'Cleo' } });
    await call('signOn', { path: { id: 'a b' }, body: { name: 'Ana' } });
    await call('signOn', { path: { id: 'dan' }, body: { name: 'Dan', seats: 0 } });
    await call('signOn', { path: { id: 'dan' }, body: 'x', headers: { 'content-type': 'text/plain' } });
    await call('listTakers');
    await call('getTaker', { path: { id: 'ana' } });
    await call('getTaker', { path: { id: 'eve' } });
    await call('getTaker', { path: { id: 'a b' } });
    await call('getQueue', { query: '?centre=madrid' });
    await call('getQueue', { query: '?centre=' });
    await call('acceptNext', { body: { taker: 'ana' } });
    await call('acceptNext', { body: { taker: 'ana' } });
    await call('acceptNext', { body: { taker: 'eve' } });
    await call('acceptNext', { body: {} });
    await call('acceptNext', { body: 'x', headers: { 'content-type': 'text/plain' } });
    await call('accept', { path: { id: second }, body: { taker: 'ana' } });
    await call('accept', { path: one, body: { taker: 'ben' } });
    await call('accept', { path: { id: second }, body: { taker: 'ben' } });
    await call('accept', { path: { id: second }, body: { taker: 'eve' } });
    await call('accept', { path: nobody, body: { taker: 'ben' } });
    await call('accept', { path: one, body: { taker: 7 } });
    await call('release', { path: { id: second }, body: { taker: 'ana' } });
    await call('release', { path: { id: second }, body: { taker: 'ben' } });
    await call('release', { path: nobody, body: { taker: 'ben' } });
    await call('release', { path: one, body: {} });
    await call('say', { path: one, body: { text: 'a' } });
    await call('say', { path: one, body: { text: 'a' }, headers: { 'X-Taker': 'eve' } });
    await call('say', { path: one, body: { text: 'a' }, headers: { 'X-Taker': 'ben' } });
    await call('say', { path: { id: second }, body: { text: 'a', by: 'ben' } });
    await call('say', { path: one, body: { text: 'a', by: 'ana' } });

    const toledo = await bench.begin('toledo', { centre: 'toledo' });
    await call('accept', { path: { id: toledo }, body: { taker: 'ana' } });
    await call('signOff', { path: { id: 'ana' } });
    await call('signOff', { path: { id: 'ana' } });
    await call('signOff', { path: { id: 'a b' } });
    await call('signOff', { path: { id: 'ben' } });

    await call('stop', { path: { id: third }, body: { text: 'bye' } });
    await call('stop', { path: { id: third } });
    await call('stop', { path: one, body: { text: 7 } });
    await call('stop', { path: nobody });
    await call('say', { path: { id: third }, body: { text: 'a' } });
    await call('signOn', { path: { id: 'ben' }, body: { name: 'Ben', centres: ['sevilla'] } });
    await call('accept', { path: { id: third }, body: { taker: 'ben' } });
    await call('acceptNext', { body: { taker: 'ben' } });
    await call('release', { path: { id: third }, body: { taker: 'ben' } });
    await call('signOff', { path: { id: 'ben' } });
    await call('callBack', { path: { id: third }, body: { text: 'safe now?' } });
    await call('callBack', { path: { id: third }, body: { incident: true } });
    await call('callBack', { path: nobody, body: { text: 'safe?' } });

    await call('listCentres');
    await call('getState');
    await call('setState', { body: { centre: 'madrid', state: 'Partial', reason: 'few seats' } });
    await call('setState', { body: { posture: 'Red' } });
    await call('setState', { body: { state: 'Unreachable' } });
    await call('setState', { body: { reason: 'none' } });
    await call('setState', { body: { state: 'Down', centre: 'nowhere' } });
    await call('setState', { body: 'x', headers: { 'content-type': 'text/plain' } });
    await call('setState', { body: { centre: 'madrid', state: 'Normal', posture: 'Green' } });
    await call('setState', { body: { posture: 'Green' } });
    await call('listSnippets', { query: '?language=en' });
    await call('listSnippets', { query: '?language=' });
    await call('getRegistry');
    const codes = await call('listProblems');
    for (const { code } of (codes.body as { problems: { code: string }[] }).problems) {
      await call('getProblem', { path: { code } });
    }
    await call('getProblem', { path: { code: 'toString' } });

    const events = await fetch(`${bench.url}/api/events`);
    made.add('listen 200');
    expect(events.headers.get('content-type')).toContain('text/event-stream');
    await call('listen');
    await call('listen', { query: '?colour=red' });
    await events.body?.cancel();

    const { records } = bench;
    if (records instanceof TryingRecords) records.failing = true;
    await call('say', { path: one, body: { text: 'lost' } });
    await call('setState', { body: { state: 'Down' } });
    await call('stop', { path: one });
    await call('writeNote', { path: { id: second }, body: { text: 'lost' } });
    await call('signOn', { path: { id: 'ana' }, body: { name: 'Ana' } });
    if (records instanceof TryingRecords) records.failing = false;
  });

  it('knows every problem of a transfer', async () => {
    const callId = await bench.begin('four');
    const four = { id: callId };
    await call('transfer', { path: four, body: { to: 'x' } });
    await call('transfer', { path: four, body: {} });
    await call('transfer', { path: four, body: { to: 'sip:x@nowhere.lab' } });
    await call('transfer', { path: { id: 'nobody' }, body: { to: 'sip:x@nowhere.lab' } });
    await call('redirect', { path: four, body: { to: 'x' } });
    await call('redirect', { path: four, body: {} });
    await call('redirect', { path: four, body: { to: 'sip:x@nowhere.lab' } });
    await call('redirect', { path: { id: 'nobody' }, body: { to: 'sip:x@nowhere.lab' } });
    await call('acceptTransfer', { path: { id: 'nothing' } });
    await call('declineTransfer', { path: { id: 'nothing' } });
    await call('acceptTransfer', {
      path: { id: 'nothing' },
      body: 'x',
      headers: { 'content-type': 'text/plain' },
    });
    await call('declineTransfer', { path: { id: 'nothing' }, body: { by: 7 } });
    await call('listTransfers', { query: '?centre=madrid' });
    await call('listTransfers', { query: '?centre=' });
  });

  it('describes a transfer as it goes', async () => {
    const five = { id: await bench.begin('five') };
    await call('writeNote', { path: five, body: { text: 'lives alone', by: 'ana' } });
    const six = { id: await bench.begin('six') };
    const to = 'sip:toledo@psap.esinet.internal';
    const decide = async (what: 'acceptTransfer' | 'declineTransfer'): Promise<void> => {
      const asked = await until(async () => {
        const { transfers } = (await call('listTransfers')).body as {
          transfers: { transfer: string; role: string; phase: string }[];
        };
        return transfers.find((t) => t.role === 'in' && t.phase === 'asked');
      });
      await call(what, { path: { id: asked.transfer }, body: { by: 'ben' } });
    };
    const refused = call('transfer', { path: five, body: { to, reason: 'theirs' } });
    await decide('declineTransfer');
    expect(get(await refused, 'code')).toBe('refused');
    const agreed = call('transfer', { path: five, body: { to, reason: 'theirs', text: 'one moment' } });
    await decide('acceptTransfer');
    expect((await agreed).status).toBe(202);
    // What colleagues wrote down goes along.
    const there = await until(async () => {
      const { transfers } = (await call('listTransfers')).body as { transfers: { phase: string }[] };
      // With what became of it, where it failed.
      expect(transfers.filter(({ phase }) => phase === 'failed').slice(1)).toEqual([]);
      const { chats } = (await call('listChats', { query: '?centre=toledo' })).body as {
        chats: { chat: string; transferredFrom?: string }[];
      };
      return chats.find((c) => c.transferredFrom !== undefined)?.chat;
    });
    expect((await call('listNotes', { path: { id: there } })).body).toMatchObject({
      notes: [{ text: 'lives alone', by: 'ana', from: expect.stringContaining('madrid') as string }],
    });
    expect((await call('redirect', { path: six, body: { to, text: 'please ask there' } })).status).toBe(201);
    await call('say', { path: six, body: { text: 'gone' } });
  });

  it('describes the calls of things, and test calls', async () => {
    const cap =
      '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>s-1</identifier><sender>sensor@app.lab</sender>' +
      '<sent>2026-11-21T08:00:00-00:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Private</scope>' +
      '<info><category>Fire</category><event>Smoke</event><urgency>Immediate</urgency><severity>Severe</severity>' +
      '<certainty>Observed</certainty></info></alert>';
    const contentType = 'application/EmergencyCallData.cap+xml';
    const sent = await bench.caller.send(bench.port, {
      route: '<sip:madrid@psap.esinet.internal;lr>',
      headers: [
        ['Call-Info', '<cid:alert@app.lab>; purpose=EmergencyCallData.cap'],
        ['Content-ID', '<alert@app.lab>'],
      ],
      body: cap,
      contentType,
    });
    expect(sent).toBe(200);
    const { alerts } = (await call('listAlerts', { query: '?centre=madrid' })).body as {
      alerts: { alert: string; otherParts?: { part: number }[] }[];
    };
    const id = alerts[0]?.alert ?? '';
    await call('getAlert', { path: { id } });
    const part = await call('getAlertPart', { path: { id, part: 0 } });
    expect([part.status, part.body]).toEqual([200, cap]);
    await bench.send('urn:emergency:uid:callid:testcall123:app.lab', 257, 1, 'testing', {
      uri: 'urn:service:sos.test',
    });
    const { tests } = (await call('listTests')).body as { tests: unknown[] };
    expect(tests).toHaveLength(1);
  });

  it('answers bad input with a problem, and changes nothing', async () => {
    const id = encodeURIComponent(await bench.begin('seven'));
    const before = (await bench.call('GET', `chats/${id}`)).body;
    const bodies = [
      '',
      'null',
      '[]',
      '"text"',
      '7',
      '{"__proto__":{"text":"a"}}',
      '{"constructor":{"prototype":{"text":"a"}}}',
      `{"text":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      '{"text":{"$gt":""}}',
      '{"text":"a","text2":"b"}',
      '{"text":"a","by":"../../etc"}',
      '{"text":"\\ud800","by":""}',
      '\ufeff{"text"',
      '{"text":"a"}}',
    ];
    const paths = [...operations.values()]
      .filter(({ method }) => method !== 'GET' && method !== 'DELETE')
      .map(({ method, path }) => ({ method, path: path.slice(5).replace('{id}', id) }));
    const wrong: string[] = [];
    for (const { method, path } of paths) {
      for (const body of bodies) {
        // Without a body these are proper requests.
        if (['', '{"__proto__":{"text":"a"}}'].includes(body) && path.endsWith('/stop')) continue;
        const answer = await bench.call(method, path, body);
        const problem = answer.body as { code?: string; status?: number };
        const proper = answer.contentType === 'application/problem+json' && problem.code !== undefined;
        if (!proper || answer.status >= 500)
          wrong.push(`${method} ${path} ${answer.status} ${body.slice(0, 30)}`);
      }
    }
    for (const path of [
      'chats/%E0%A4%A',
      'chats/%00',
      'chats/__proto__',
      'chats?centre=a&centre=b',
      'chats?limit=1e9',
      'chats?limit[]=1',
      'chats/..%2f..%2fetc',
      `chats/${id}/parts/1/99999999999999999999`,
      `chats/${id}/parts/-1/0`,
      'takers/%F0%9F%98%80',
      'queue?centre[x]=1',
      'events?lastEventId=1&lastEventId=2',
      `chats?centre=${'x'.repeat(300)}`,
    ]) {
      const answer = await bench.call('GET', path);
      if (answer.status < 400 || answer.status >= 500 || answer.contentType !== 'application/problem+json') {
        wrong.push(`GET ${path} ${answer.status} ${answer.contentType}`);
      }
    }
    expect(wrong).toEqual([]);
    expect((await bench.call('GET', `chats/${id}`)).body).toEqual(before);
  });

  it('reports the source of a chat to its border', async () => {
    const begin = (name: string, source: string) =>
      bench.begin(name, { headers: [['Call-Info', `<${source}>;purpose=emergency-source;suspicion=80`]] });
    const known = { id: await begin('rascal', 'known1@bcf.lab') };
    expect(get(await call('getChat', { path: known }), 'source')).toBe('known1@bcf.lab');
    const reported = await call('reportBadActor', { path: known, body: {} });
    expect(reported.body).toMatchObject({ source: 'known1@bcf.lab', action: 'limit' });
    const statuses = [];
    for (const source of ['other1@bcf.lab', 'any1@away.lab']) {
      const path = { id: await begin(`r${source.slice(0, 4)}`, source) };
      statuses.push((await call('reportBadActor', { path })).status);
    }
    const none = { id: await bench.begin('orderly') };
    for (const path of [none, { id: 'nobody' }]) {
      statuses.push((await call('reportBadActor', { path })).status);
    }
    statuses.push((await call('reportBadActor', { path: known, body: { by: 7 } })).status);
    expect(statuses).toEqual([409, 502, 409, 404, 400]);
  });

  it('has a companion that describes the events, and is as true', async () => {
    const { components, channels } = (await bench.call('GET', 'asyncapi.json')).body as {
      components: { messages: Record<string, { payload: object }> };
      channels: { events: { messages: Record<string, object> } };
    };
    expect(Object.keys(channels.events.messages)).toEqual(Object.keys(components.messages));
    const events = told
      .split('\n\n')
      .map((block) =>
        Object.fromEntries(
          block.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
        ),
      )
      .filter((fields) => fields['event'] !== undefined);
    for (const { event = '', data = '' } of events) {
      const payload = components.messages[event]?.payload;
      expect(payload, event).toBeDefined();
      const read = validator(payload ?? {}).safeParse(JSON.parse(data));
      expect(read.error?.issues, `${event} ${data}`).toBeUndefined();
    }
    const ids = events.map(({ id }) => Number(id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(new Set(events.map(({ event }) => event))).toEqual(
      new Set(Object.keys(components.messages).filter((type) => type !== 'missed')),
    );
  });

  it('was walked from end to end', () => {
    const codes = (d: Described): string[] =>
      Object.entries(d.operation.responses).flatMap(([status, { description }]) =>
        status === 'default'
          ? []
          : Number(status) < 400
            ? [`${d.operation.operationId} ${status}`]
            : [...description.matchAll(/`([a-z-]+)`: /g)].map(
                ([, code]) => `${d.operation.operationId} ${status} ${code ?? ''}`,
              ),
      );
    const all = [...operations.values()].flatMap(codes);
    const missing = all.filter((each) => !made.has(each));
    // Every operation succeeded once; of the ways to fail most were tried, each code at least once.
    expect(missing.filter((each) => Number(each.split(' ')[1]) < 400)).toEqual([]);
    const tried = new Set([...made].map((each) => each.split(' ')[2]));
    expect([...new Set(all.map((each) => each.split(' ')[2]))].filter((c) => !tried.has(c))).toEqual([
      'busy',
    ]);
  });
});
