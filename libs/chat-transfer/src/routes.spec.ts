import type { LogFields, Logger } from '@esinet/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import type { Agreement } from './agreement.js';
import type {
  ExecutionRequest,
  ExecutionResponse,
  NegotiationRequest,
  NegotiationResponse,
} from './messages.js';
import { type TransferHttpRequest, transferRoutes } from './routes.js';

const agreements: Agreement[] = [
  {
    name: 'toledo',
    uris: ['sip:toledo@esinet.lab'],
    url: 'https://toledo.lab',
    sanUri: 'sip:psap-b.esinet.internal',
    may: ['transfer', 'redirect', 'receive'],
  },
  {
    name: 'mute',
    uris: ['sip:mute@esinet.lab'],
    url: 'https://mute.lab',
    sanUri: 'sip:mute',
    may: ['transfer'],
  },
];

const heard: unknown[] = [];
const logged: { event: string; fields: LogFields | undefined }[] = [];
const refused: string[] = [];
afterEach(() => {
  heard.length = 0;
  logged.length = 0;
  refused.length = 0;
});

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (event, fields) => void logged.push({ event, fields }),
  error: (event, fields) => void logged.push({ event, fields }),
  child: () => logger,
};

let execution: () => Promise<ExecutionResponse | undefined> = () => Promise.resolve(undefined);
const routes = transferRoutes(
  {
    negotiate: (request: NegotiationRequest, peer: Agreement): Promise<NegotiationResponse> => {
      heard.push([request, peer.name]);
      return Promise.resolve({ CallId: request.CallId, ExpiryTime: 60, StatusCode: 202 });
    },
    execute: (request: ExecutionRequest, peer: Agreement) => {
      heard.push([request, peer.name]);
      return execution();
    },
  },
  { agreements, logger, onRefused: (reason) => refused.push(reason) },
);

const negotiation = {
  CallId: 'c',
  TransferFrom: 'sip:toledo@esinet.lab',
  TransferTo: 'sip:madrid@esinet.lab',
};

function ask(o: Partial<Omit<TransferHttpRequest, 'body'>> & { body?: unknown } = {}) {
  const body = o.body ?? negotiation;
  return routes({
    path: '/chat-transfer/negotiation',
    method: 'POST',
    contentType: 'application/json',
    clientNames: ['URI:sip:psap-b.esinet.internal'],
    ...o,
    body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
  });
}

it('the HTTP status of an answer is its StatusCode', { meta: { clause: 'TS 103 698 6.3.2' } }, async () => {
  const answer = await ask({ contentType: 'Application/JSON; charset=utf-8' });
  expect(answer).toMatchObject({ status: 202, headers: { 'content-type': 'application/json' } });
  expect(JSON.parse(answer.body)).toEqual({ CallId: 'c', ExpiryTime: 60, StatusCode: 202 });
  expect(heard).toEqual([[negotiation, 'toledo']]);
  const path = '/chat-transfer/execution';
  const body = { CallId: 'c', MessageId: 3, ExpiryTime: 10, Data: { x: 1 } };
  execution = () => Promise.resolve({ CallId: 'c', StatusCode: 503 });
  expect(await ask({ path, body })).toMatchObject({ status: 503, body: '{"CallId":"c","StatusCode":503}' });
  // What is not known yet is neither 200 nor 503.
  execution = () => Promise.resolve(undefined);
  expect(await ask({ path, body })).toMatchObject({
    status: 504,
    headers: { 'content-type': 'application/problem+json' },
  });
  execution = () => Promise.reject(new Error('disk'));
  const failed = await ask({ path, body });
  expect(failed.status).toBe(500);
  expect(failed.body).not.toContain('disk');
});

describe('what is refused before it reaches anybody', () => {
  const big = { ...negotiation, ReasonText: 'secret'.repeat(170_000) };
  it.each<[string, number, string, Parameters<typeof ask>[0]]>([
    ['no certificate', 403, 'no-agreement', { clientNames: [] }],
    ['a certificate of nobody', 403, 'no-agreement', { clientNames: ['URI:sip:stranger'] }],
    ['one we take no chats from', 403, 'no-agreement', { clientNames: ['URI:sip:mute'] }],
    [
      'in the name of another PSAP',
      403,
      'not-covered',
      { body: { ...negotiation, TransferFrom: 'sip:madrid@esinet.lab' } },
    ],
    ['over 1 MB', 413, 'too-large', { body: big }],
    ['not said to be JSON', 415, 'content-type', { contentType: 'text/plain' }],
    ['of no type', 415, 'content-type', { contentType: undefined }],
    ['not JSON', 400, 'not-json', { body: Buffer.from('{"CallId":"secret"') }],
    ['not as the schema says', 400, 'schema', { body: { CallId: 'secret', TransferFrom: 7 } }],
    ['a GET', 405, 'method', { method: 'GET' }],
  ])('%s: %i', { meta: { clause: 'TS 103 698 6.3' } }, async (_name, status, reason, o) => {
    const answer = await ask(o);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(answer.body)).toMatchObject({ status });
    expect(heard).toEqual([]);
    expect(refused).toEqual([reason]);
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(logged) + answer.body).not.toContain('secret');
  });

  it('says what the schema has against it', async () => {
    const { body } = await ask({ body: { CallId: 'c', TransferFrom: 7 } });
    expect(JSON.parse(body)).toMatchObject({
      problems: ['/TransferTo: is missing', '/TransferFrom: is not a string'],
    });
  });

  it('a path that is none of ours', async () => {
    expect((await ask({ path: '/chat-transfer/' })).status).toBe(404);
    expect((await ask({ path: '/chat-transfer/schemas/../negotiation' })).status).toBe(404);
  });
});

it('serves the schemas that it enforces', { meta: { clause: 'TS 103 698 Annex A' } }, async () => {
  for (const name of ['chattrnegrequ', 'chattrnegresp', 'chattrexerequ', 'chattrexeresp', 'chathistory']) {
    const path = `/chat-transfer/schemas/${name}.json`;
    const answer = await ask({ path, method: 'GET', clientNames: [] });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/schema+json' } });
    expect(JSON.parse(answer.body)).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      $id: path,
    });
  }
});
