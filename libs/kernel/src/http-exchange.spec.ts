import { Agent, type RequestListener, type Server, createServer } from 'node:http';
import { type AddressInfo, type Socket, createServer as createTcpServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type HttpExchangeOptions, httpExchange } from './http-exchange.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  const port = await listening(server);
  closing.push(() => server.closeAllConnections());
  return port;
}

/** Speaks raw octets, for what no HTTP server would say. */
async function speak(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onConnection(socket);
  });
  const port = await listening(server);
  closing.push(() => sockets.forEach((socket) => socket.destroy()));
  return port;
}

function exchange(port: number, more: Partial<HttpExchangeOptions> = {}) {
  return httpExchange({
    method: 'GET',
    url: `http://127.0.0.1:${port}/`,
    timeoutMs: 2_000,
    maxBytes: 1_000,
    ...more,
  });
}

it('carries a body there and an answer back', async () => {
  const port = await serve((request, response) => {
    request.on('data', (chunk: Buffer) => response.write(chunk));
    request.on('end', () => response.end(request.headers['content-length']));
  });
  const answer = await exchange(port, { method: 'POST', body: 'añb' });
  expect(answer.ok && answer.value.body.toString()).toBe('añb4');
});

it('ends in time whatever the server does not do', async () => {
  const silent = await speak(() => undefined);
  expect(await exchange(silent, { timeoutMs: 60 })).toMatchObject({ ok: false, error: { code: 'timeout' } });
  const dripping = await speak((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n');
    const drip = setInterval(() => socket.write('x'), 10);
    socket.on('close', () => clearInterval(drip));
  });
  expect(await exchange(dripping, { timeoutMs: 80 })).toMatchObject({
    ok: false,
    error: { code: 'timeout' },
  });
});

it('takes no more than it was told to', async () => {
  const endless = await serve((_, response) => {
    const more = (): void => {
      while (response.write('x'.repeat(16_384)));
    };
    response.on('drain', more);
    more();
  });
  expect(await exchange(endless)).toMatchObject({ ok: false, error: { code: 'too-large' } });
});

it.each([
  ['not HTTP', 'SSH-2.0-x\r\n\r\n'],
  ['cut short', 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nabc'],
  ['cut in the header', 'HTTP/1.1 200 OK\r\ncont'],
  ['nothing', ''],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
])('an answer that is %s is none', async (_name, octets) => {
  const port = await speak((socket) => socket.end(octets));
  expect(await exchange(port)).toMatchObject({ ok: false, error: { code: 'unreachable' } });
});

it('reports what cannot be asked as a value', async () => {
  const port = await serve((_, response) => response.end());
  for (const close of closing.splice(0)) await close();
  expect(await exchange(port)).toMatchObject({
    ok: false,
    error: { code: 'unreachable', message: 'ECONNREFUSED' },
  });
  for (const url of ['ftp://a/', 'no url', 'http://']) {
    expect(await exchange(0, { url })).toMatchObject({ ok: false, error: { code: 'unreachable' } });
  }
  expect(await exchange(port, { headers: { 'x-y': 'a\r\nb: c' } })).toMatchObject({ ok: false });
});

it('is given up when nobody waits for it any more', async () => {
  const silent = await speak(() => undefined);
  const abort = new AbortController();
  const waiting = exchange(silent, { signal: abort.signal });
  abort.abort();
  expect(await waiting).toMatchObject({ ok: false, error: { code: 'aborted' } });
  expect(await exchange(silent, { signal: abort.signal })).toMatchObject({
    ok: false,
    error: { code: 'aborted' },
  });
});

it('reuses a connection, and replaces one that was closed meanwhile', async () => {
  const connections: Socket[] = [];
  const port = await speak((socket) => {
    connections.push(socket);
    let answers = 0;
    socket.on('data', () => {
      answers += 1;
      // The first connection answers twice and is gone at the third request.
      if (connections.length === 1 && answers === 3) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n' + connections.length);
    });
  });
  const agent = new Agent({ keepAlive: true });
  closing.push(() => agent.destroy());
  const bodies: string[] = [];
  for (let i = 0; i < 4; i += 1) {
    const answer = await exchange(port, { agent });
    bodies.push(answer.ok ? answer.value.body.toString() : answer.error.message);
  }
  expect(bodies).toEqual(['1', '1', '2', '2']);
});
