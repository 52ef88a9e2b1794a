import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { readMessage } from '@esinet/handover';
import { httpExchange } from '@esinet/kernel';
import { ensureLabPki, loadTls } from '@esinet/platform/pki';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { said } from './said.js';
import { chat, documents, picture } from './simulator-fixture.js';
import { type SimulatorOptions, startAuthoritySimulator } from './start-authority-simulator.js';

const folder = mkdtempSync(join(tmpdir(), 'esinet-authority-'));
const pki = join(folder, 'pki');
let folders = 0;
const dataFolder = (): string => join(folder, `data-${++folders}`);
const agents = new Map<string, Agent>();

beforeAll(async () => {
  const names = ['authority-simulator', 'handover', 'psap'].map((name) => ({ name, domain: `${name}.lab` }));
  await ensureLabPki({ folder: pki, names });
  for (const { name } of names) {
    const { key, cert, ca } = await loadTls(pki, name);
    agents.set(name, new Agent({ key, cert, ca, keepAlive: false }));
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function started(o: Partial<SimulatorOptions> = {}) {
  const lines: string[] = [];
  const simulator = await startAuthoritySimulator({
    ...{ port: 0, controlPort: 0, pki, data: dataFolder(), onEvent: (event) => lines.push(said(event)) },
    ...o,
  });
  onTestFinished(() => simulator.close());
  return Object.assign(simulator, { lines });
}

async function post(url: string, body: Buffer, name = 'handover') {
  const answer = await httpExchange({
    ...{ method: 'POST', url, body, timeoutMs: 5_000, maxBytes: 1_000_000, agent: agents.get(name) as Agent },
    headers: { 'Content-Type': 'text/xml; charset=utf-8' },
  });
  return answer.ok ? answer.value : { status: 0, body: Buffer.from(answer.error.message) };
}

/** The status, and whether the receiver said "go on". */
function postObject(url: string, octets: Buffer, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; asked: boolean }>((resolve) => {
    let asked = false;
    const posted = request(url, {
      ...{ method: 'POST', agent: agents.get('handover') },
      headers: {
        'Content-Type': 'image/png',
        'Content-Length': String(octets.length),
        Expect: '100-continue',
        ...headers,
      },
    });
    posted.on('continue', () => {
      asked = true;
      posted.end(octets);
    });
    posted.on('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, asked });
      if (!asked) posted.destroy();
    });
    posted.on('error', () => resolve({ status: 0, asked }));
    posted.flushHeaders();
  });
}

it(
  'takes documents over mutual TLS from the provider only, byte true, and knows them after a restart',
  { meta: { clause: 'TS 103 707 7' } },
  async () => {
    const data = dataFolder();
    const simulator = await started({ data });
    const [document] = documents(chat(2));
    const bytes = document?.bytes ?? Buffer.alloc(0);
    expect((await post(simulator.deliveryUrl, bytes, 'psap')).status).toBe(403);
    const nobody = await httpExchange({
      ...{ method: 'POST', url: simulator.deliveryUrl, body: bytes, timeoutMs: 5_000, maxBytes: 1_000 },
      agent: new Agent({ rejectUnauthorized: false }),
    });
    expect(nobody.ok).toBe(false);
    const answer = await post(simulator.deliveryUrl, bytes);
    expect(answer.status).toBe(200);
    expect(readMessage(answer.body)).toMatchObject({
      value: { outcome: { actions: [{ kind: 'delivered' }] } },
    });
    const [file = ''] = readdirSync(join(data, 'received', 'documents'));
    expect(readFileSync(join(data, 'received', 'documents', file))).toEqual(bytes);
    expect(simulator.report()).toMatchObject({ ok: true, items: 2, documents: { taken: 1, again: 0 } });
    expect(simulator.lines.join('\n')).toMatch(
      /stranger[^]*document[^]*LDID ES-LAB-42 {2}number 1, the last, 2 messages/,
    );
    await simulator.close();

    const again = await started({ data });
    expect(again.report()).toMatchObject({ ok: true, items: 2, references: [{ lastCame: true }] });
    const repeated = await post(again.deliveryUrl, bytes);
    expect(readMessage(repeated.body)).toMatchObject({
      value: { outcome: { actions: [{ kind: 'failed', error: { code: 3010 } }] } },
    });
    // Another content under the same identifiers is the same object, and is told.
    await post(again.deliveryUrl, Buffer.concat([bytes, Buffer.from('\n')]));
    expect(again.report()).toMatchObject({
      ok: false,
      documents: { again: 2 },
      findings: [{ kind: 'other-bytes' }],
    });
  },
);

it('has every failure on demand, once each, and then takes what comes', async () => {
  const simulator = await started();
  const control = `http://127.0.0.1:${simulator.controlPort}`;
  const order = async (...next: string[]) =>
    (await fetch(`${control}/faults`, { method: 'POST', body: JSON.stringify({ next }) })).status;
  expect(await order('500', 'nonsense')).toBe(400);
  expect(await order('500', 'cut', 'html', 'error-3003', 'error-3020', 'half', 'slow-1')).toBe(200);
  expect(await (await fetch(`${control}/faults`)).json()).toEqual({ next: expect.arrayContaining(['half']) });
  const [document] = documents(chat(1));
  const bytes = document?.bytes ?? Buffer.alloc(0);
  const code = (body: Buffer): number => Number(/<ErrorCode>(\d+)/.exec(body.toString())?.[1]);
  expect(await post(simulator.deliveryUrl, bytes)).toMatchObject({ status: 500 });
  expect(await post(simulator.deliveryUrl, bytes)).toMatchObject({ status: 0 });
  expect((await post(simulator.deliveryUrl, bytes)).body.toString()).toContain('<html>');
  expect(code((await post(simulator.deliveryUrl, bytes)).body)).toBe(3003);
  expect(code((await post(simulator.deliveryUrl, bytes)).body)).toBe(3020);
  expect(simulator.report().documents).toMatchObject({ taken: 0, refused: 2 });
  // The answer was cut: it is here, and the sender cannot know.
  expect(await post(simulator.deliveryUrl, bytes)).toMatchObject({ status: 0 });
  expect(code((await post(simulator.deliveryUrl, bytes)).body)).toBe(3010);
  simulator.order('took-hang', 'other-transaction');
  const [second] = documents(chat(1, { first: 1 }), { firstSequence: 2 });
  const hung = httpExchange({
    ...{
      method: 'POST',
      url: simulator.deliveryUrl,
      body: second?.bytes ?? '',
      timeoutMs: 300,
      maxBytes: 1_000,
    },
    agent: agents.get('handover') as Agent,
  });
  expect(await hung).toMatchObject({ ok: false, error: { code: 'timeout' } });
  const other = await post(simulator.deliveryUrl, second?.bytes ?? Buffer.alloc(0));
  expect(other.body.toString()).not.toContain(second?.transactionId);
  expect(await (await fetch(`${control}/report`)).json()).toMatchObject({
    ...{ ok: false, items: 2, faults: { waiting: [] }, findings: [{ kind: 'after-last' }] },
    references: [{ missing: [], refused: [] }],
  });
});

it(
  'Model B: octets that were announced, after "go on", and no others',
  { meta: { clause: 'TS 103 707 C.3' } },
  async () => {
    const simulator = await started({ model: 'B' });
    const url = `${simulator.objectsUrl}${randomUUID()}/`;
    expect(await postObject(url, picture)).toEqual({ status: 404, asked: false });
    const [document] = documents(chat(1, { pictures: new Map([[0, url]]) }));
    await post(simulator.deliveryUrl, document?.bytes ?? Buffer.alloc(0));
    expect(simulator.report()).toMatchObject({ ok: false, objects: { announced: 1, here: 0 } });
    simulator.order('refuse-object', 'object-503', 'object-cut', 'object-took-cut');
    expect(await postObject(url, picture)).toEqual({ status: 404, asked: false });
    expect(await postObject(url, picture)).toEqual({ status: 503, asked: false });
    expect(await postObject(url, picture)).toEqual({ status: 0, asked: false });
    expect(await postObject(url, picture)).toEqual({ status: 0, asked: true });
    expect(await postObject(url, picture)).toEqual({ status: 409, asked: false });
    expect(simulator.report()).toMatchObject({ ok: true, objects: { announced: 1, here: 1, missing: [] } });

    const second = `${simulator.objectsUrl}${randomUUID()}/`;
    const [next] = documents(chat(1, { first: 1, pictures: new Map([[1, second]]) }), { firstSequence: 2 });
    await post(simulator.deliveryUrl, next?.bytes ?? Buffer.alloc(0));
    const other = Buffer.from(picture.map((octet) => octet ^ 1));
    expect(await postObject(second, other)).toEqual({ status: 422, asked: true });
    expect(await postObject(second, picture, { 'Content-Type': 'image/gif' })).toMatchObject({ status: 422 });
    expect(await postObject(second, picture)).toEqual({ status: 201, asked: true });
    const withoutExpect = await post(second, picture);
    expect(withoutExpect.status).toBe(400);
    expect(simulator.report().findings.map(({ kind }) => kind)).toEqual([
      'after-last',
      'object',
      'object',
      'no-expect',
    ]);
  },
);

it(
  'Model A: fetches with its own certificate, again until it is here, and tries others on demand',
  { meta: { clause: 'TS 103 707 C.2' } },
  async () => {
    let refusals = 2;
    const { key, cert, ca } = await loadTls(pki, 'handover');
    const provider = createServer({ key, cert, ca, requestCert: true }, (asked, response) => {
      const common = (asked.socket as TLSSocket).getPeerCertificate().subject.CN;
      const isOurs = common === 'authority-simulator.esinet.lab';
      if (!isOurs || refusals-- > 0) response.writeHead(404).end('Not Found\n');
      else response.writeHead(200, { 'Content-Type': 'image/png' }).end(picture);
    });
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void provider.close());
    const data = dataFolder();
    const simulator = await started({ data, fetch: { firstPauseMs: 1 } });
    const url = `https://127.0.0.1:${(provider.address() as AddressInfo).port}/objects/${randomUUID()}`;
    const [document] = documents(chat(1, { pictures: new Map([[0, url]]) }));
    await post(simulator.deliveryUrl, document?.bytes ?? Buffer.alloc(0));
    await vi.waitFor(() => expect(simulator.report().ok).toBe(true), { timeout: 10_000 });
    expect(simulator.received().objects).toMatchObject([{ url, state: 'here', octets: picture.length }]);
    const control = `http://127.0.0.1:${simulator.controlPort}/fetch`;
    const again = async (o: object) =>
      (await fetch(control, { method: 'POST', body: JSON.stringify(o) })).json();
    expect(await again({})).toEqual({ fetched: [] });
    expect(await again({ as: 'psap' })).toMatchObject({ fetched: [{ status: 404 }] });
    expect(await again({ url })).toMatchObject({ fetched: [{ status: 200, octets: picture.length }] });
    expect(await again({ what: 1 })).toMatchObject({ error: expect.any(String) });
    const [{ id = '' } = {}] = simulator.received().objects;
    expect(readFileSync(join(data, 'received', 'objects', id))).toEqual(picture);
  },
);
