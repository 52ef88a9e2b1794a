import { type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type HttpLostClientOptions, httpLostClient } from './http-lost-client.js';
import type { LostAnswer, LostRequest } from './messages.js';
import { readLostRequest } from './read-request.js';
import { writeLostAnswer } from './write-answer.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function clientOf(listener: RequestListener, o: Partial<HttpLostClientOptions> = {}) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  closing.push(() => server.closeAllConnections());
  const client = httpLostClient({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/lost`,
    ...o,
  });
  closing.push(() => client.close());
  return client;
}

const question: LostRequest = { type: 'listServices', path: [] };
const services: LostAnswer = {
  type: 'listServicesResponse',
  services: ['urn:service:sos'],
  warnings: [],
  path: ['a.example'],
};

it(
  'asks as RFC 5222 says and reads the answer whatever it is called',
  { meta: { clause: 'RFC 5222 14' } },
  async () => {
    let seen: unknown;
    const client = await clientOf((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method, headers } = request;
        seen = {
          method,
          type: headers['content-type'],
          cache: headers['cache-control'],
          body: readLostRequest(Buffer.concat(chunks)),
        };
        response.setHeader('content-type', 'text/plain').end(writeLostAnswer(services));
      });
    });
    expect(await client.ask(question)).toEqual({ ok: true, value: services });
    expect(seen).toEqual({
      method: 'POST',
      type: 'application/lost+xml;charset=utf-8',
      cache: 'no-cache',
      body: { ok: true, value: question },
    });
  },
);

it(
  'hands on errors and redirects of LoST as answers',
  { meta: { clause: ['RFC 5222 13.1', 'RFC 5222 13.3'] } },
  async () => {
    const answers: LostAnswer[] = [
      { type: 'errors', source: 'a.example', errors: [{ code: 'notFound', message: 'no', lang: 'en' }] },
      { type: 'redirect', target: 'b.example', source: 'a.example', message: 'there', lang: 'en' },
    ];
    for (const answer of answers) {
      const client = await clientOf((_, response) => response.end(writeLostAnswer(answer)));
      expect(await client.ask(question)).toEqual({ ok: true, value: answer });
    }
  },
);

it('reports a redirect of HTTP and does not follow it', { meta: { clause: 'RFC 5222 14' } }, async () => {
  let asked = 0;
  const client = await clientOf((_, response) => {
    asked += 1;
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  expect(await client.ask(question)).toMatchObject({
    ok: false,
    error: { code: 'http', status: 307, location: '/elsewhere' },
  });
  expect(asked).toBe(1);
});

it.each([
  ['an error of HTTP', 503, 'down', 'http'],
  ['a page', 200, '<html><body>Welcome</body></html>', 'malformed'],
  ['nothing', 200, '', 'malformed'],
  [
    'the answer to something else',
    200,
    writeLostAnswer({ ...services, type: 'listServicesByLocationResponse' } as LostAnswer),
    'malformed',
  ],
  ['a document type', 200, `<!DOCTYPE a>${writeLostAnswer(services)}`, 'malformed'],
])('%s is no answer', async (_name, status, body, code) => {
  const client = await clientOf((_request, response) => response.writeHead(status).end(body));
  expect(await client.ask(question)).toMatchObject({ ok: false, error: { code } });
});

it('does not wait for an answer that drips, nor take one that never ends', async () => {
  const slow = await clientOf(
    (_, response) => {
      const drip = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(drip));
    },
    { timeoutMs: 80 },
  );
  expect(await slow.ask(question)).toMatchObject({ ok: false, error: { code: 'timeout' } });
  const large = await clientOf((_, response) => response.end(' '.repeat(5_000)), { maxBytes: 4_000 });
  expect(await large.ask(question)).toMatchObject({ ok: false, error: { code: 'too-large' } });
});

it('reads a boundary of thousands of positions', { meta: { clause: 'RFC 5222 5.5' } }, async () => {
  const ring = Array.from({ length: 3_000 }, (_, i): [number, number] => {
    const angle = (i / 3_000) * 2 * Math.PI;
    return [Math.cos(angle), Math.sin(angle)];
  });
  const answer: LostAnswer = {
    type: 'getServiceBoundaryResponse',
    serviceBoundary: [{ type: 'polygon', rings: [[...ring, [1, 0]]] }],
    warnings: [],
    path: ['a.example'],
  };
  const client = await clientOf((_, response) => response.end(writeLostAnswer(answer)));
  const read = await client.ask({ type: 'getServiceBoundary', key: 'k' });
  const [shape] =
    read.ok && read.value.type === 'getServiceBoundaryResponse' ? read.value.serviceBoundary : [];
  expect(shape?.type === 'polygon' && shape.rings[0]?.length).toBe(3_001);
});
