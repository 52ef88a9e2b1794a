import { type IncomingMessage, request as plainRequest } from 'node:http';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type NegotiationRequest, isFinalFailure, transferClient } from '@esinet/chat-transfer';
import { type TlsOptions, ensureLabPki, loadTls } from '@esinet/platform';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TwoPsaps, startTwoPsaps } from './two-psaps.js';

let two: TwoPsaps;
let psap: TlsOptions;
let toledo: TlsOptions;
let stranger: TlsOptions;
let foreign: TlsOptions;
beforeAll(async () => {
  two = await startTwoPsaps();
  psap = await loadTls(two.pki, 'psap');
  toledo = await loadTls(two.pki, 'psap-b');
  stranger = await loadTls(two.pki, 'lis');
  const other = join(two.pki, 'other');
  await ensureLabPki({ folder: other, names: [{ name: 'psap-b', domain: 'psap-b.esinet.internal' }] });
  foreign = { ...(await loadTls(other, 'psap-b')), ca: toledo.ca };
}, 60_000);
afterAll(() => two.close());

const secret = 'a text that nobody may log';

interface Posted {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: string;
}

/** To madrid. Status 0: no HTTP answer came. */
function post(
  path: string,
  body: string | Buffer,
  o: { readonly tls?: Partial<TlsOptions>; readonly plain?: boolean; readonly contentType?: string } = {},
): Promise<Posted> {
  const options = {
    host: '127.0.0.1',
    port: two.madrid.http,
    path: `/chat-transfer/${path}`,
    method: 'POST',
    agent: false as const,
    headers: {
      'content-type': o.contentType ?? 'application/json',
      'content-length': Buffer.byteLength(body),
    },
  };
  return new Promise((resolve) => {
    const answered = (response: IncomingMessage): void => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'],
          body: Buffer.concat(chunks).toString(),
        }),
      );
    };
    const sent =
      o.plain === true
        ? plainRequest(options, answered)
        : request({ ...options, servername: 'localhost', ...(o.tls ?? toledo) }, answered);
    sent.on('error', () => resolve({ status: 0, type: undefined, body: '' }));
    sent.end(body);
  });
}

const negotiation = (callId: string): NegotiationRequest => ({
  CallId: callId,
  TransferFrom: 'sip:toledo@esinet.lab',
  TransferTo: 'sip:madrid@esinet.lab',
});

const execution = (callId: string, more: object = {}): string =>
  JSON.stringify({ CallId: callId, MessageId: 3, ExpiryTime: 10, ...more });

const history = {
  Version: 1,
  AppUri: 'sip:nobody@app.lab',
  Sender: 'sip:nobody@app.lab',
  StartedAt: '2026-01-01T00:00:00Z',
  Centres: ['sip:toledo@esinet.lab'],
  Messages: [],
};

describe('HTTP-3 refuses, logs nothing of it, and nothing has changed', () => {
  it(
    'what comes without a certificate, with a foreign one, with one of nobody, or is not as the schemas say',
    { meta: { clause: ['TS 103 698 6.3.1', 'TS 103 698 Annex A'] }, timeout: 60_000 },
    async () => {
      const { madrid } = two;
      const app = await two.app();
      await app.start('my chat');
      await until(() => app.phase === 'open');
      const before = await until(async () => {
        const chat = await madrid.chat(app.callId);
        return chat?.messages.every(({ delivery }) => delivery !== 'pending') && chat;
      });
      const ask = JSON.stringify({ ...negotiation(app.callId), ReasonText: secret });
      const history2 = { ...history, AppUri: secret };

      expect((await post('negotiation', ask, { tls: { ca: psap.ca } })).status).toBe(0);
      expect((await post('negotiation', ask, { tls: foreign })).status).toBe(0);
      expect((await post('negotiation', ask, { plain: true })).status).toBe(404);
      expect(await post('negotiation', ask, { tls: stranger })).toMatchObject({
        status: 403,
        type: 'application/problem+json',
      });
      const theirs = { ...negotiation(app.callId), TransferFrom: 'sip:sevilla@esinet.lab' };
      expect((await post('negotiation', JSON.stringify(theirs))).status).toBe(403);
      const large = Buffer.from(
        JSON.stringify({ ...negotiation(app.callId), ReasonText: secret.repeat(50_000) }),
      );
      expect([413, 0]).toContain((await post('negotiation', large)).status);
      expect((await post('negotiation', ask, { contentType: 'text/plain' })).status).toBe(415);
      for (const body of ['', secret, '[]', '{"CallId":7}', ask.slice(0, -1)]) {
        expect(await post('negotiation', body), body.slice(0, 10)).toMatchObject({
          status: 400,
          type: 'application/problem+json',
        });
      }
      // The chat is ours already; nobody negotiated; nobody here is called that.
      expect((await post('negotiation', ask)).status).toBe(406);
      expect((await post('execution', execution(app.callId, { Data: history2 }))).status).toBe(503);
      expect((await post('execution', execution('nothing', { Data: history }))).status).toBe(503);
      const elsewhere = { ...negotiation('new'), TransferTo: 'sip:sevilla@esinet.lab' };
      expect((await post('negotiation', JSON.stringify(elsewhere))).status).toBe(406);
      expect((await post('execution', execution('x', { MessageId: 0 }))).status).toBe(400);

      expect(await madrid.chat(app.callId)).toEqual(before);
      expect((await app.say('still mine')).delivered).toBe(true);
      expect(madrid.output).not.toContain(secret);
      expect(madrid.output).toContain('tls handshake failed');
      const metrics = await madrid.get<string>('metrics');
      expect(metrics).toMatch(/esinet_tls_refused_total\{[^}]*\} 2\n/);
      expect(metrics).toMatch(/esinet_chat_transfer_refused_total\{reason="schema"[^}]*\} [1-9]/);
    },
  );

  it(
    'what was agreed and comes too late, without an address of the APP, or again',
    { meta: { clause: ['TS 103 698 6.3.2', 'TS 103 698 6.3.3'] }, timeout: 60_000 },
    async () => {
      const { madrid } = two;
      const agreed = async (callId: string): Promise<void> => {
        const answer = await post('negotiation', JSON.stringify(negotiation(callId)));
        expect(JSON.parse(answer.body)).toEqual({ CallId: callId, ExpiryTime: 10, StatusCode: 202 });
        expect(answer.status).toBe(202);
      };
      await agreed('late');
      const waiting = new Promise((resolve) => setTimeout(resolve, 10_500));
      for (const [callId, data] of [
        ['no-data', {}],
        ['no-address', { Data: { ...history, AppUri: undefined } }],
        ['bad-address', { Data: { ...history, AppUri: 'http://127.0.0.1/' } }],
        ['bad-history', { Data: { ...history, Messages: [secret] } }],
        ['other-version', { Data: { ...history, Version: 2 } }],
      ] as const) {
        await agreed(callId);
        const answer = await post('execution', execution(callId, data));
        expect(JSON.parse(answer.body), callId).toEqual({ CallId: callId, StatusCode: 503 });
        expect(answer.status).toBe(503);
        // It was said for good: a copy that comes late does not change it.
        expect((await post('execution', execution(callId, { Data: history }))).status).toBe(503);
        expect(await madrid.chat(callId)).toBeUndefined();
      }
      await waiting;
      const late = await post('execution', execution('late', { Data: history }));
      expect(late.status).toBe(503);
      expect(await madrid.chat('late')).toBeUndefined();
      expect(madrid.output).not.toContain(secret);
    },
  );
});

it('serves its schemas to a peer', { meta: { clause: 'TS 103 698 Annex A' } }, async () => {
  const body = await new Promise<string>((resolve, reject) => {
    request(
      {
        host: '127.0.0.1',
        port: two.madrid.http,
        path: '/chat-transfer/schemas/chattrexerequ.json',
        servername: 'localhost',
        agent: false,
        ...toledo,
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve(text));
      },
    )
      .on('error', reject)
      .end();
  });
  expect(JSON.parse(body)).toMatchObject({ required: ['CallId', 'MessageId', 'ExpiryTime'] });
});

it('a refusal that is not for now is final', () => {
  const refused = [400, 403, 404, 408, 413, 425, 429, 500, 503, 504].filter((status) =>
    isFinalFailure({ code: 'refused', message: '', status }),
  );
  expect(refused).toEqual([400, 403, 404, 413]);
  expect(isFinalFailure({ code: 'timeout', message: '' })).toBe(false);
});

describe('the client', () => {
  let answer: { status: number; type: string; body: string } | 'hang' | 'drop';
  let url: string;
  const server = async (tls: TlsOptions): Promise<{ url: string; close: () => void }> => {
    const made = createServer({ ...tls, requestCert: true }, (_request, response) => {
      if (answer === 'hang') return;
      if (answer === 'drop') return void response.destroy();
      response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
    });
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    return {
      url: `https://127.0.0.1:${(made.address() as AddressInfo).port}/`,
      close: () => {
        made.closeAllConnections();
        made.close();
      },
    };
  };
  let close: () => void;
  beforeAll(async () => ({ url, close } = await server(psap)));
  afterAll(() => close());
  const expected = { sanUri: 'sip:psap.esinet.internal' };
  const json = (value: object, status = 202) => ({
    status,
    type: 'application/json',
    body: JSON.stringify(value),
  });
  const good = { CallId: 'c', ExpiryTime: 10, StatusCode: 202 };

  it(
    'takes an answer from the one it was told of, and from nobody else',
    { meta: { clause: 'RFC 5922 7.1' } },
    async () => {
      const client = transferClient({ tls: toledo });
      answer = json(good);
      expect(await client.negotiate(url, negotiation('c'), expected)).toEqual({ ok: true, value: good });
      expect(await client.negotiate(url, negotiation('c'))).toEqual({ ok: true, value: good });
      for (const sanUri of ['sip:lis.esinet.lab', 'sip:psap.esinet.internal.evil', '127.0.0.1']) {
        expect(await client.negotiate(url, negotiation('c'), { sanUri })).toMatchObject({
          ok: false,
          error: { code: 'certificate' },
        });
      }
      const liar = await server({ ...foreign, cert: foreign.cert });
      expect(await client.negotiate(liar.url, negotiation('c'), expected)).toMatchObject({
        ok: false,
        error: { code: 'certificate' },
      });
      liar.close();
      expect(await client.negotiate(url.replace('https', 'http'), negotiation('c'))).toMatchObject({
        ok: false,
      });
      client.close();
    },
  );

  it.each<[string, typeof answer, string]>([
    ['silent', 'hang', 'timeout'],
    ['gone', 'drop', 'unreachable'],
    ['a page', { status: 200, type: 'text/html', body: '<html>' }, 'refused'],
    ['a problem', { status: 403, type: 'application/problem+json', body: '{}' }, 'refused'],
    ['not JSON', { ...json(good), body: '{' }, 'malformed'],
    ['not as the schema says', json({ ...good, ExpiryTime: 1 }), 'malformed'],
    ['about another chat', json({ ...good, CallId: 'd' }), 'malformed'],
    ['of two minds', json(good, 200), 'malformed'],
    ['endless', json({ ...good, x: 'y'.repeat(100_000) }), 'too-large'],
    ['a redirect', { status: 307, type: 'application/json', body: JSON.stringify(good) }, 'malformed'],
  ])(
    'does not take an answer that is %s',
    { meta: { clause: 'TS 103 698 6.3.2' } },
    async (_name, given, code) => {
      const client = transferClient({ tls: toledo, timeoutMs: 400 });
      answer = given;
      expect(await client.negotiate(url, negotiation('c'), expected)).toMatchObject({
        ok: false,
        error: { code },
      });
      client.close();
    },
  );
});
