import { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type ActionOutcome, readMessage, writeResponseMessage } from '@esinet/handover';
import { HttpsAgent, httpExchange, silentLogger, systemClock } from '@esinet/kernel';
import {
  MemoryRecords,
  type Records,
  type RecordsReader,
  type RunningElement,
  type TlsOptions,
} from '@esinet/platform';
import { certificateAuthority, temporaryFolder } from '@esinet/testing';
import { onTestFinished } from 'vitest';
import { handoverConfigSchema, tokenDigest } from './handover-config.js';
import { now, recordChat } from './handover-fixture.js';
import { startHandover } from './start-handover.js';

/** A hand-over on free ports with people, certificates, chats, and an authority at the other end of TLS. */

const roles = {
  clerk: ['handover-clerk'],
  reviewer: ['handover-reviewer'],
  approver1: ['approver'],
  approver2: ['approver'],
  admin: ['administrator'],
  auditor: ['auditor'],
  everything: ['handover-clerk', 'handover-reviewer', 'approver', 'administrator', 'auditor'],
} as const;

export type Name = keyof typeof roles;

export function printOf({ cert }: Pick<TlsOptions, 'cert'>): string {
  return new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();
}

export interface Received {
  readonly url: string;
  readonly body: Buffer;
  readonly expect: string | undefined;
  readonly type: string | undefined;
}

/** Answers as TS 103 120 has it, or as it is told for the next request. */
export async function farSide(tls: TlsOptions) {
  const received: Received[] = [];
  const next: (number | 'refuse' | { readonly error: number })[] = [];
  const server: Server = createServer({ ...tls, requestCert: true, rejectUnauthorized: true });
  const take = (incoming: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const { url = '', headers } = incoming;
      received.push({ url, body, expect: headers.expect, type: headers['content-type'] });
      const told = next.shift();
      if (typeof told === 'number') response.writeHead(told).end('<html>no</html>');
      else if (url.startsWith('/objects/')) response.writeHead(201).end();
      else response.writeHead(200, { 'content-type': 'text/xml' }).end(answerTo(body, told));
    });
  };
  server.on('request', take);
  server.on('checkContinue', (incoming: IncomingMessage, response: ServerResponse) => {
    if (next[0] === 'refuse') {
      next.shift();
      response.writeHead(404).end();
      return;
    }
    response.writeContinue();
    take(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { received, next, url: `https://127.0.0.1:${port}/` };
}

function answerTo(body: Buffer, told?: 'refuse' | { readonly error: number }): string {
  const read = readMessage(body);
  if (!read.ok || read.value.kind !== 'deliver') throw new Error('no delivery');
  if (typeof told === 'object') {
    const error = { code: told.error, description: 'as it was told' };
    const outcome = { kind: 'refused', error } as const;
    return writeResponseMessage({ kind: 'response', header: read.value.header, outcome });
  }
  const actions = read.value.objects.map(({ objectId }, action): ActionOutcome => ({
    kind: 'delivered',
    action,
    objectId,
  }));
  return writeResponseMessage({
    kind: 'response',
    header: read.value.header,
    outcome: { kind: 'actions', actions },
  });
}

export async function world(o: { readonly binary?: 'A' | 'B'; readonly config?: object } = {}) {
  const ca = await certificateAuthority('Lab');
  const wish = { names: ['IP:127.0.0.1', 'DNS:localhost'] };
  const [own, theirs, others] = await Promise.all([ca.issue(wish), ca.issue(wish), ca.issue(wish)]);
  const far = await farSide(theirs);
  const chats = new MemoryRecords();
  await recordChat(chats, {
    ...{ chat: 'a', caller: 'tel:+34600000001', startedAt: '2026-03-04T07:59:00.000Z' },
    texts: ['too early', 'fire on the stairs', 'second floor'],
  });
  await recordChat(chats, {
    ...{
      chat: 'b',
      caller: 'tel:+34600000002',
      startedAt: '2026-03-04T08:10:00.000Z',
      texts: ['somebody else'],
    },
  });
  const records: Records = new MemoryRecords();
  const data = temporaryFolder('handover');
  const config = handoverConfigSchema.parse({
    http: { port: 0 },
    public: { port: 0 },
    people: Object.entries(roles).map(([name, of]) => ({
      name,
      roles: [...of],
      tokenSha256: tokenDigest(`t-${name}`),
    })),
    objects: { refusalMs: 0 },
    delivery: { firstPauseMs: 10, mostPauseMs: 20, everyMs: 20, timeoutMs: 2_000, continueMs: 2_000 },
    liid: { batch: '0 s', everyMs: 20, lead: '1 s' },
    vault: { masterKey: '5a'.repeat(32) },
    ...o.config,
  });
  const begun = Date.now();
  const clock = { ...systemClock, wall: () => now + Date.now() - begun };
  const reader: RecordsReader = {
    get: (collection, key) => chats.get(collection, key),
    list: (collection, options) => chats.list(collection, options),
    check: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  };
  const start = async (): Promise<RunningElement> => {
    const platform = { records, clock, logger: silentLogger, dataFolder: data };
    const running = await startHandover(config, platform, { tls: own, chats: reader });
    onTestFinished(() => running.close());
    return running;
  };
  const authority = {
    name: 'Policía Judicial (lab)',
    profile: {
      ...{ specification: '1.5.1', binary: o.binary ?? 'A' },
      sender: { countryCode: 'XX', uniqueIdentifier: 'psap-archive' },
    },
    requester: { countryCode: 'XX', uniqueIdentifier: 'LEA-7' },
    deliveryUrl: `${far.url}hi1`,
    ...(o.binary === 'B' && { objectsUrl: `${far.url}objects/` }),
    certificates: [printOf(theirs)],
  };
  return { own, theirs, others, far, records, chats, start, authority, clock };
}

/** The desk as somebody of that name. */
export function deskOf(running: RunningElement) {
  return async (name: Name | undefined, method: string, path: string, body?: unknown) => {
    const response = await fetch(`http://127.0.0.1:${running.http.port}/api/handover/${path}`, {
      method,
      headers: {
        ...(name !== undefined && { authorization: `Bearer t-${name}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, text, json: (isJson ? JSON.parse(text) : {}) as Record<string, never> };
  };
}

/** A request of somebody with that certificate to the side of authorities. */
export async function asAuthority(
  running: RunningElement,
  tls: TlsOptions | { readonly ca: string },
  path: string,
  post?: Buffer,
) {
  const agent = new HttpsAgent({ keepAlive: false }, tls);
  const answer = await httpExchange({
    method: post ? 'POST' : 'GET',
    url: `https://127.0.0.1:${running.secure?.port ?? 0}${path}`,
    ...(post && { body: post, headers: { 'content-type': 'text/xml' } }),
    ...{ timeoutMs: 5_000, maxBytes: 1_000_000, agent },
  });
  agent.destroy();
  return answer;
}
