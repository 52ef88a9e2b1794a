import { type IncomingMessage, request as httpRequest } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { type Socket, connect } from 'node:net';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Post,
  Body,
  type OnModuleDestroy,
} from '@nestjs/common';
import { type Logger, type LogFields } from '@esinet/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { type Bus } from '../bus/bus.js';
import { InProcessBus } from '../bus/in-process-bus.js';
import type { FastRoutes } from '../http/fast-route.js';
import type { HttpLimits } from '../http/http-limits.js';
import { MemoryRecords } from '../records/memory-records.js';
import type { Records } from '../records/records.js';
import type { Health } from '../telemetry/health.js';
import { type Metrics } from '../telemetry/metrics.js';
import type { PlatformOptions } from './platform-module.js';
import { type RunningElement, startElement } from './start-element.js';
import { BUS, ELEMENT, HEALTH, METRICS, RECORDS } from './tokens.js';

let faults: string[] = [];
let destroyed = 0;

@Injectable()
class Desk implements OnModuleDestroy {
  constructor(
    @Inject(BUS) readonly bus: Bus,
    @Inject(RECORDS) readonly records: Records,
    @Inject(HEALTH) health: Health,
    @Inject(METRICS) readonly metrics: Metrics,
  ) {
    health.register('next hop', () => Promise.resolve(faults[0]));
  }

  onModuleDestroy(): void {
    destroyed++;
  }
}

@Controller()
class DeskController {
  constructor(
    @Inject(Desk) private readonly desk: Desk,
    @Inject(ELEMENT) private readonly element: string,
  ) {}

  @Get('desk')
  desk_(): { element: string; bus: boolean } {
    return { element: this.element, bus: this.desk.bus instanceof InProcessBus };
  }

  @Post('echo')
  echo(@Body() body: unknown): unknown {
    return body;
  }

  @Get('broken')
  broken(): never {
    throw new Error('secret inside');
  }
}

@Module({ providers: [Desk], controllers: [DeskController], exports: [Desk] })
class DeskModule {}

const logged: { level: string; event: string; fields: LogFields | undefined }[] = [];
const recorder: Logger = {
  debug: () => undefined,
  info: (event, fields) => void logged.push({ level: 'info', event, fields }),
  warn: (event, fields) => void logged.push({ level: 'warn', event, fields }),
  error: (event, fields) => void logged.push({ level: 'error', event, fields }),
  child: () => recorder,
};

const started: RunningElement[] = [];
afterEach(async () => {
  faults = [];
  logged.length = 0;
  for (const element of started.splice(0)) await element.close();
});

async function start(
  o: {
    platform?: PlatformOptions;
    fastRoutes?: FastRoutes;
    limits?: Partial<HttpLimits>;
    port?: number;
    name?: string;
  } = {},
): Promise<RunningElement> {
  const element = await startElement({
    name: o.name ?? 'ecrf',
    module: DeskModule,
    http: { host: '127.0.0.1', port: o.port ?? 0, ...(o.limits ? { limits: o.limits } : {}) },
    platform: { logger: recorder, ...o.platform },
    ...(o.fastRoutes ? { fastRoutes: () => o.fastRoutes ?? {} } : {}),
  });
  started.push(element);
  return element;
}

interface Got {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

function ask(
  element: RunningElement,
  path: string,
  o: { method?: string; body?: string | Buffer; headers?: Record<string, string> } = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        ...element.http,
        path,
        method: o.method ?? (o.body === undefined ? 'GET' : 'POST'),
        headers: o.headers,
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(o.body);
  });
}

/** Sends raw bytes and gives all that comes back until the other side closes. */
function raw(element: RunningElement, write: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(element.http, () => write(socket));
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

describe('an element over HTTP', () => {
  it('answers its probes, its controllers and 404', async () => {
    const element = await start();
    expect(JSON.parse((await ask(element, '/livez')).body)).toEqual({ element: 'ecrf', alive: true });
    expect(JSON.parse((await ask(element, '/desk')).body)).toEqual({ element: 'ecrf', bus: true });
    expect(
      await ask(element, '/echo', { body: '{"a":1}', headers: { 'content-type': 'application/json' } }),
    ).toMatchObject({
      status: 201,
      body: '{"a":1}',
    });
    expect((await ask(element, '/nothing')).status).toBe(404);
    const broken = await ask(element, '/broken');
    expect(broken.status).toBe(500);
    expect(broken.body).not.toContain('secret inside');
  });

  it('is ready when all it depends on is, and names what is not', async () => {
    const element = await start({ platform: { records: new MemoryRecords() } });
    const ready = await ask(element, '/readyz');
    expect(ready.status).toBe(200);
    expect(JSON.parse(ready.body)).toEqual({
      element: 'ecrf',
      ready: true,
      checks: { 'event-loop': 'ok', records: 'ok', 'next hop': 'ok' },
    });
    faults = ['no answer from 127.0.0.1:15070'];
    const not = await ask(element, '/readyz');
    expect(not.status).toBe(503);
    expect(JSON.parse(not.body)).toMatchObject({
      ready: false,
      checks: { 'next hop': 'no answer from 127.0.0.1:15070' },
    });
    expect((await ask(element, '/livez')).status).toBe(200);
    await element.get<Records>(RECORDS).close();
    expect(JSON.parse((await ask(element, '/readyz')).body)).toMatchObject({
      checks: { records: 'the records are closed' },
    });
  });

  it('shows its counters with its name', async () => {
    const element = await start();
    element
      .get(Desk)
      .metrics.counter('esinet_lookups_total', 'Lookups', ['outcome'])
      .inc({ outcome: 'found' });
    const got = await ask(element, '/metrics');
    expect(got.headers['content-type']).toMatch(/^text\/plain;.* version=0\.0\.4/);
    expect(got.body).toContain('esinet_lookups_total{outcome="found",element="ecrf"} 1');
  });

  it('shares what it was given and closes only what it made', async () => {
    const bus = new InProcessBus();
    const [first, second] = [
      await start({ name: 'bcf', platform: { bus } }),
      await start({ name: 'esrp', platform: { bus } }),
    ];
    const own = await start({ name: 'lis' });
    second.get<Bus>(BUS).reply('shared', () => Promise.resolve('yes'));
    await first.close();
    expect(await bus.request('shared', 1)).toBe('yes');
    const before = destroyed;
    const ownBus = own.get<Bus>(BUS);
    await own.close();
    await own.close();
    expect(destroyed).toBe(before + 1);
    expect(() => ownBus.subscribe('a', () => undefined)).toThrow('closed');
  });

  it('a port that is taken is told with the program that has it and the key to set', async () => {
    const other = createTcpServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const before = destroyed;
    const error = await start({ port }).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'ListenError' });
    expect((error as Error).message).toBe(
      `port ${port}/tcp on 127.0.0.1 is in use by ${(error as Error).message.split(' by ')[1]?.split(';')[0] ?? ''}; set ecrf.http.port`,
    );
    expect((error as Error).message).toContain(`(pid ${process.pid})`);
    expect(destroyed).toBe(before + 1);
    await new Promise<void>((resolve) => other.close(() => resolve()));
  });
});

describe('fast routes', () => {
  const routes: FastRoutes = {
    '/lost': ({ method, body, headers }) => ({
      status: 200,
      headers: { 'content-type': 'application/lost+xml' },
      body: `${method} ${headers['content-type'] ?? ''} ${body.length}`,
    }),
    '/loc/': ({ path, query }) => ({ status: 200, body: `${path} ${query.get('a') ?? ''}` }),
    '/throws': () => {
      throw new Error('inside');
    },
    '/rejects': () => Promise.reject(new Error('inside')),
    '/badheader': () => ({ status: 200, headers: { 'x-a': 'a\r\nb: c' }, body: 'x' }),
    '/slow': async () => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return { status: 200, body: 'done' };
    },
  };

  it('are answered before express, by path and by prefix', async () => {
    const element = await start({ fastRoutes: routes });
    const got = await ask(element, '/lost', {
      body: 'x'.repeat(65_536),
      headers: { 'content-type': 'application/lost+xml' },
    });
    expect(got).toMatchObject({ status: 200, body: 'POST application/lost+xml 65536' });
    expect(got.headers['x-powered-by']).toBeUndefined();
    expect((await ask(element, '/loc/abc?a=%20b')).body).toBe('/loc/abc  b');
    expect((await ask(element, '/lost/more')).status).toBe(404);
    expect((await ask(element, '/loc')).status).toBe(404);
    expect((await ask(element, '/lost', { method: 'HEAD' })).body).toBe('');
    expect((await ask(element, '/desk')).status).toBe(200);
  });

  it('a handler that throws is a 500 without its message, and the next request works', async () => {
    const element = await start({ fastRoutes: routes });
    for (const path of ['/throws', '/rejects', '/badheader']) {
      expect(await ask(element, path)).toMatchObject({ status: 500, body: '' });
    }
    expect(logged.filter(({ level }) => level === 'error')).toHaveLength(3);
    expect((await ask(element, '/lost', { body: 'x' })).status).toBe(200);
  });

  it('a body over the limit is refused and the connection closed, announced or not', async () => {
    const element = await start({ fastRoutes: routes });
    const announced = await raw(element, (socket) => {
      socket.write('POST /lost HTTP/1.1\r\nhost: a\r\ncontent-length: 65537\r\n\r\n');
    });
    expect(announced).toMatch(/^HTTP\/1\.1 413 /);
    expect(announced.toLowerCase()).toContain('connection: close');
    const chunked = await raw(element, (socket) => {
      socket.write('POST /lost HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n');
      const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
      for (let i = 0; i < 5; i++) socket.write(chunk);
    });
    expect(chunked).toMatch(/^HTTP\/1\.1 413 /);
    expect((await ask(element, '/lost', { body: 'x' })).status).toBe(200);
  });

  it('a client that drips is cut off, the others are served meanwhile', async () => {
    const limits = { headersTimeoutMs: 150, requestTimeoutMs: 200, checkingIntervalMs: 50 };
    const element = await start({ fastRoutes: routes, limits });
    const drips: NodeJS.Timeout[] = [];
    const drip = (head: string) =>
      raw(element, (socket) => {
        socket.write(head);
        drips.push(setInterval(() => socket.destroyed || socket.write('x'), 20));
      });
    const body = drip('POST /lost HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n');
    const header = drip('POST /lost HTTP/1.1\r\nhost: a\r\nx-a: ');
    const silent = raw(element, () => undefined);
    expect((await ask(element, '/lost', { body: 'x' })).status).toBe(200);
    expect(await header).toMatch(/^HTTP\/1\.1 408 /);
    expect(await body).toMatch(/^HTTP\/1\.1 408 /);
    await silent;
    for (const timer of drips) clearInterval(timer);
  });

  it('what is no HTTP gets 400, too much header 431, and the connection closes', async () => {
    const element = await start({ fastRoutes: routes });
    expect(await raw(element, (socket) => socket.write('OPTIONS sip:a SIP/2.0\r\n\r\n'))).toMatch(
      /^HTTP\/1\.1 400 /,
    );
    expect(
      await raw(element, (socket) =>
        socket.write(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`),
      ),
    ).toMatch(/^HTTP\/1\.1 431 /);
    expect(
      await raw(element, (socket) =>
        socket.write(
          'POST /lost HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
        ),
      ),
    ).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('a client that goes away in the middle of its request or of the answer does no harm', async () => {
    const element = await start({ fastRoutes: routes });
    const leave = (text: string): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect(element.http, () => {
          socket.write(text, () => socket.resetAndDestroy());
        });
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
      });
    await leave('POST /lost HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nxx');
    await leave('GET /slow HTTP/1.1\r\nhost: a\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await ask(element, '/lost', { body: 'x' })).status).toBe(200);
  });

  it('closing finishes the request under way, takes no new one, and cuts who does not end', async () => {
    const element = await start({ fastRoutes: routes, limits: { closeTimeoutMs: 400 } });
    const slow = ask(element, '/slow');
    const idle = raw(element, (socket) =>
      socket.write('POST /lost HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n'),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closing = element.close();
    expect(await slow).toMatchObject({ status: 200, body: 'done' });
    await expect(ask(element, '/livez')).rejects.toThrow();
    await closing;
    await idle;
  });
});
