import { createHash, randomBytes } from 'node:crypto';
import { type IncomingMessage, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket, connect as tlsConnect } from 'node:tls';
import { Module } from '@nestjs/common';
import type { LogFields, Logger } from '@esinet/kernel';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FastRoutes } from '../http/fast-route.js';
import type { HttpLimits } from '../http/http-limits.js';
import { ensureLabPki, loadTls } from '../pki/lab-pki.js';
import type { TlsOptions } from '../pki/tls-options.js';
import { PrometheusMetrics } from '../telemetry/metrics.js';
import { type RunningElement, startElement } from './start-element.js';

@Module({})
class EmptyModule {}

let folder: string;
let psap: TlsOptions;
let peer: TlsOptions;
let stranger: TlsOptions;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'esinet-secure-'));
  const other = join(folder, 'other');
  await ensureLabPki({ folder });
  await ensureLabPki({ folder: other });
  psap = await loadTls(folder, 'psap');
  peer = await loadTls(folder, 'esrp');
  stranger = { ...(await loadTls(other, 'esrp')), ca: psap.ca };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const logged: { event: string; fields: LogFields | undefined }[] = [];
const recorder: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (event, fields) => void logged.push({ event, fields }),
  error: (event, fields) => void logged.push({ event, fields }),
  child: () => recorder,
};

const secureRoutes: FastRoutes = {
  '/who': ({ clientNames, body }) => ({ status: 200, body: `${clientNames.join(' ')} ${sha(body)}` }),
  '/slow': async () => {
    await new Promise((resolve) => setTimeout(resolve, 150));
    return { status: 200, body: 'done' };
  },
};

const plainRoutes: FastRoutes = {
  ...secureRoutes,
  '/plain': ({ body }) => ({ status: 200, body: sha(body) }),
};

let metrics: PrometheusMetrics;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  logged.length = 0;
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(shared: boolean, limits: Partial<HttpLimits> = {}): Promise<RunningElement> {
  metrics = new PrometheusMetrics({ element: 'psap' });
  const element = await startElement({
    name: 'psap',
    module: EmptyModule,
    http: { host: '127.0.0.1', port: 0, limits: { maxBodyBytes: 1_000_000, ...limits } },
    secure: {
      host: shared ? '127.0.0.1' : '127.0.0.2',
      port: 0,
      tls: psap,
      routes: () => secureRoutes,
      maxBodyBytes: 1_000_000,
      limits,
    },
    platform: { logger: recorder, metrics },
    fastRoutes: () => plainRoutes,
    prepare: (app) => {
      app.getHttpAdapter().get('/events', (_request: unknown, response: { write(text: string): void }) => {
        response.write('data: one\n\n');
        setTimeout(() => response.write('data: two\n\n'), 60);
      });
    },
  });
  closing.push(() => element.close());
  return element;
}

interface Got {
  readonly status: number;
  readonly body: string;
}

interface Asking {
  readonly body?: Buffer;
  readonly chunked?: boolean;
  readonly tls?: Partial<TlsOptions>;
  readonly agent?: HttpAgent;
  readonly path?: string;
  readonly onSocket?: (socket: TLSSocket) => void;
}

function ask(element: RunningElement, side: 'plain' | 'secure', o: Asking = {}): Promise<Got> {
  const options = {
    ...(side === 'plain' ? element.http : element.secure),
    path: o.path ?? (side === 'plain' ? '/plain' : '/who'),
    method: 'POST',
    agent: o.agent ?? false,
    ...(side === 'secure' && { servername: 'localhost', ...(o.tls ?? peer) }),
  };
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage): void => {
      if (response.socket instanceof TLSSocket) o.onSocket?.(response.socket);
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    };
    const request = side === 'plain' ? httpRequest(options, answered) : httpsRequest(options, answered);
    request.on('error', reject);
    if (o.body && o.chunked !== true) request.setHeader('content-length', o.body.length);
    request.end(o.body);
  });
}

/** All that comes back on a bare connection, until the other side closes it. */
function raw(
  at: { host: string; port: number } | undefined,
  write: (socket: Socket) => void,
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: at?.host ?? '', port: at?.port ?? 0, allowHalfOpen: true }, () =>
      write(socket),
    );
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

function sha(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}

async function counted(name: string): Promise<number> {
  const line = (await metrics.registry.metrics()).split('\n').find((l) => l.startsWith(`${name}{`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

describe.each([
  ['on one port', true],
  ['on two ports', false],
])('HTTPS with client certificates beside plain HTTP, %s', (_name, shared) => {
  it('serves each side what is its own, octet by octet', async () => {
    const element = await start(shared);
    expect(element.secure?.port === element.http.port).toBe(shared);
    const body = randomBytes(999_999);
    const [encrypted, plain] = await Promise.all([
      ask(element, 'secure', { body }),
      ask(element, 'plain', { body }),
    ]);
    expect(plain).toEqual({ status: 200, body: sha(body) });
    expect(encrypted.status).toBe(200);
    expect(encrypted.body).toContain('URI:sip:esrp.esinet.lab DNS:esrp.esinet.lab DNS:localhost');
    expect(encrypted.body).toContain('IP Address:127.0.0.1');
    expect(encrypted.body.endsWith(sha(body))).toBe(true);
    // Nothing of the one is reached by the other, and nobody has names where nobody showed any.
    expect((await ask(element, 'secure', { path: '/plain' })).status).toBe(404);
    expect((await ask(element, 'secure', { path: '/livez' })).status).toBe(404);
    expect((await ask(element, 'plain', { path: '/who' })).body).toBe(` ${sha(Buffer.alloc(0))}`);
  });

  it('serves many at once and one connection many times', async () => {
    const element = await start(shared);
    const asked = Array.from({ length: 60 }, (_, i) => {
      const body = randomBytes(1 + i * 997);
      const side = i % 2 === 0 ? 'plain' : 'secure';
      return ask(element, side, { body, chunked: i % 3 === 0 }).then((got) =>
        expect(got.body.endsWith(sha(body))).toBe(true),
      );
    });
    await Promise.all(asked);
    const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1, ...peer, servername: 'localhost' });
    closing.push(() => agent.destroy());
    for (let i = 0; i < 5; i++) expect((await ask(element, 'secure', { agent })).status).toBe(200);
    // A session that is taken up again is still that of its certificate.
    const resuming = new HttpsAgent({ keepAlive: false, ...peer, servername: 'localhost' });
    closing.push(() => resuming.destroy());
    let resumed = 0;
    for (let i = 0; i < 4; i++) {
      const got = await ask(element, 'secure', {
        agent: resuming,
        onSocket: (socket) => (resumed += socket.isSessionReused() ? 1 : 0),
      });
      expect(got.body).toContain('URI:sip:esrp.esinet.lab');
    }
    expect(resumed).toBeGreaterThan(0);
    expect(logged).toEqual([]);
  });

  it('refuses who has no certificate, or one of another authority, in the handshake', async () => {
    const element = await start(shared);
    const nobody = { ca: psap.ca };
    await expect(ask(element, 'secure', { tls: nobody, body: Buffer.from('secret') })).rejects.toThrow();
    await expect(ask(element, 'secure', { tls: stranger, body: Buffer.from('secret') })).rejects.toThrow();
    await raw(element.secure, (socket) => socket.write(Buffer.from([0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5])));
    expect(await counted('esinet_tls_refused_total')).toBe(3);
    expect(logged.map(({ event }) => event)).toEqual(Array(3).fill('tls handshake failed'));
    expect(JSON.stringify(logged)).not.toContain('secret');
    expect((await ask(element, 'secure')).status).toBe(200);
  });

  it('refuses a body over its limit with 413, announced or not', async () => {
    const element = await start(shared);
    const body = Buffer.alloc(1_000_001);
    for (const side of ['plain', 'secure'] as const) {
      for (const chunked of [true, false]) {
        // The connection may be cut while the body is still being sent: then the answer is lost, not the refusal.
        const got = await ask(element, side, { body, chunked }).catch(() => ({ status: 413 }));
        expect(got.status).toBe(413);
      }
      expect((await ask(element, side, { body: body.subarray(1) })).status).toBe(200);
    }
    expect(logged.map(({ fields }) => fields?.['status'])).toEqual([413, 413, 413, 413]);
  });

  it('closes who says nothing, begins and goes no further, or drips; others are served meanwhile', async () => {
    const element = await start(shared, {
      headersTimeoutMs: 200,
      requestTimeoutMs: 250,
      checkingIntervalMs: 50,
    });
    const nothing = () => undefined;
    const drips: NodeJS.Timeout[] = [];
    const drip = (socket: { destroyed: boolean; write(text: string): unknown }): void =>
      void drips.push(setInterval(() => socket.destroyed || socket.write('x'), 20));
    const ends = [
      raw(element.secure, nothing),
      raw(element.http, nothing),
      raw(element.secure, (socket) => socket.write(Buffer.from([0x16]))),
      raw(element.http, (socket) => socket.write('P')),
      raw(element.http, (socket) => socket.end()),
      raw(element.secure, (socket) => socket.end()),
      raw(element.secure, (socket) => socket.end(Buffer.from([0x16]))),
      raw(element.secure, (socket) => socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]))),
      raw(element.http, (socket) => {
        socket.write('POST /plain HTTP/1.1\r\nhost: a\r\nx-a: ');
        drip(socket);
      }),
      ...['x-a: ', 'content-length: 1000\r\n\r\n'].map(
        (rest) =>
          new Promise<string>((resolve) => {
            const socket = tlsConnect({ ...element.secure, ...peer, servername: 'localhost' }, () => {
              socket.write(`POST /who HTTP/1.1\r\nhost: a\r\n${rest}`);
              drip(socket);
            });
            let text = '';
            socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
            socket.on('error', () => undefined);
            socket.on('close', () => resolve(text));
          }),
      ),
    ];
    expect((await ask(element, 'secure')).status).toBe(200);
    expect((await ask(element, 'plain')).status).toBe(200);
    const answers = await Promise.all(ends);
    for (const timer of drips) clearInterval(timer);
    for (const answer of answers.slice(-3)) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('ends the requests under way when it closes, and does not wait for who waits', async () => {
    const element = await start(shared, { closeTimeoutMs: 60_000 });
    const agents = [
      new HttpAgent({ keepAlive: true }),
      new HttpsAgent({ keepAlive: true, ...peer, servername: 'localhost' }),
    ];
    closing.push(() => agents.forEach((agent) => agent.destroy()));
    await ask(element, 'plain', { agent: agents[0] as HttpAgent });
    await ask(element, 'secure', { agent: agents[1] as HttpAgent });
    const silent = raw(element.secure, () => undefined);
    const slow = [ask(element, 'plain', { path: '/slow' }), ask(element, 'secure', { path: '/slow' })];
    await new Promise((resolve) => setTimeout(resolve, 60));
    const closed = element.close();
    for (const got of await Promise.all(slow)) expect(got).toEqual({ status: 200, body: 'done' });
    await silent;
    await closed;
    await expect(ask(element, 'secure')).rejects.toThrow();
  });

  it('cuts who does not end', async () => {
    const element = await start(shared, { closeTimeoutMs: 200 });
    const open = [
      raw(element.http, (socket) =>
        socket.write('POST /plain HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n'),
      ),
      raw(element.secure, (socket) => socket.write(Buffer.from([0x16, 3, 1]))),
      new Promise<void>((resolve) => {
        const socket = tlsConnect({ ...element.secure, ...peer, servername: 'localhost' }, () =>
          socket.write('POST /who HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n'),
        );
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
      }),
    ];
    await new Promise((resolve) => setTimeout(resolve, 60));
    await element.close();
    await Promise.all(open);
  });

  it('leaves streams of events and upgrades of the plain side alone', async () => {
    const element = await start(shared);
    const events = raw(element.http, (socket) => {
      socket.write('GET /events HTTP/1.1\r\nhost: a\r\n\r\n');
      setTimeout(() => socket.end(), 200);
    });
    element.server.on('upgrade', (_request: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
      socket.write(head);
      socket.pipe(socket);
    });
    const echo = await raw(element.http, (socket) => {
      // What is sent at once with the request is the head of the stream.
      socket.write('GET /sip HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nfirst ');
      setTimeout(() => socket.end('second'), 50);
    });
    expect(echo.split('\r\n\r\n')[1]).toBe('first second');
    const text = await events;
    expect(text).toContain('data: one');
    expect(text).toContain('data: two');
  });

  it('takes a handshake and a request that come one octet at a time', async () => {
    const element = await start(shared);
    for (const side of ['plain', 'secure'] as const) {
      const at = side === 'plain' ? element.http : element.secure;
      const relay = createServer({ noDelay: true }, (from) => {
        const to = connect({ host: at?.host ?? '', port: at?.port ?? 0, noDelay: true });
        let turn = Promise.resolve();
        from.on('data', (chunk: Buffer) => {
          for (const octet of chunk) {
            turn = turn.then(
              () =>
                new Promise((resolve) => {
                  to.write(Buffer.from([octet]), () => setImmediate(resolve));
                }),
            );
          }
        });
        to.pipe(from);
        from.on('error', () => undefined).on('close', () => to.destroy());
        to.on('error', () => undefined);
      });
      await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
      closing.push(() => new Promise((resolve) => relay.close(resolve)));
      const { port } = relay.address() as AddressInfo;
      const there = { host: '127.0.0.1', port };
      const body = randomBytes(500);
      const got = await ask({ ...element, http: there, secure: there }, side, { body });
      expect(got.body.endsWith(sha(body))).toBe(true);
    }
  });
});
