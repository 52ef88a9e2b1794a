import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { randomIds, silentLogger } from '@esinet/kernel';
import { afterEach, expect, it } from 'vitest';
import { type Limits, limitsSchema } from '../config/limits.js';
import { HEALTH, METRICS } from '../nest/tokens.js';
import { type RunningElement, startElement } from '../nest/start-element.js';
import { ensureLabPki, loadTls } from '../pki/lab-pki.js';
import type { HealthChecks } from '../telemetry/health.js';
import type { PrometheusMetrics } from '../telemetry/metrics.js';
import type { SipListener } from './destination-text.js';
import { SipEdge, type SipEdgeConfig, sipEdgeProvider } from './sip-edge.js';

const started: RunningElement[] = [];
afterEach(async () => {
  for (const element of started.splice(0)) await element.close();
});

async function start(
  config: SipEdgeConfig,
  attach: (edge: SipEdge) => void = () => undefined,
  limits?: Limits,
): Promise<RunningElement> {
  @Module({})
  class Border {}
  const element = await startElement({
    name: 'bcf',
    module: {
      module: Border,
      providers: [
        sipEdgeProvider(config),
        { provide: 'attached', inject: [SipEdge], useFactory: (edge: SipEdge) => (attach(edge), true) },
      ],
    },
    http: { host: '127.0.0.1', port: 0 },
    platform: { logger: silentLogger, ...(limits && { limits }) },
  });
  started.push(element);
  return element;
}

const udp: SipListener = { name: 'public-udp', transport: 'udp', host: '127.0.0.1', port: 0 };
const tcp: SipListener = { name: 'public-tcp', transport: 'tcp', host: '127.0.0.1', port: 0 };

function options(method: string, port: number): Buffer {
  return Buffer.from(
    [
      `${method} sip:esinet.lab SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${randomIds.token(8)}`,
      'Max-Forwards: 70',
      'From: <sip:probe@esinet.lab>;tag=a',
      'To: <sip:esinet.lab>',
      `Call-ID: ${randomIds.token(12)}`,
      `CSeq: 1 ${method}`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  );
}

it('opens with the element, answers, counts by method, and closes with it', async () => {
  const element = await start({ listeners: [udp, tcp], drainMs: 100 }, (edge) => {
    edge.transactions.onRequest = (tx) => tx.respond({ status: tx.request.method === 'OPTIONS' ? 200 : 405 });
  });
  const edge = element.get<SipEdge>(SipEdge);
  const port = edge.port('public-udp') ?? 0;
  expect(port).toBeGreaterThan(0);
  expect((await element.get<HealthChecks>(HEALTH).report()).checks['sip']).toBe('ok');

  const client = createSocket('udp4');
  await new Promise<void>((resolve) => client.bind(0, '127.0.0.1', resolve));
  const ask = (method: string): Promise<string> =>
    new Promise((resolve) => {
      client.once('message', (bytes) => resolve(bytes.toString('latin1').split('\r\n')[0] ?? ''));
      client.send(options(method, client.address().port), port, '127.0.0.1');
    });
  expect(await ask('OPTIONS')).toBe('SIP/2.0 200 OK');
  expect(await ask('OPTIONS')).toBe('SIP/2.0 200 OK');
  expect(await ask('INVENTED')).toMatch(/^SIP\/2\.0 405 /);
  const text = await element.get<PrometheusMetrics>(METRICS).text();
  expect(text).toContain('esinet_sip_requests_total{method="OPTIONS",transport="udp",element="bcf"} 2');
  expect(text).toContain('esinet_sip_requests_total{method="other",transport="udp",element="bcf"} 1');
  expect(text).toContain('esinet_sip_responses_total{class="2xx",element="bcf"} 2');
  expect(text).toContain('esinet_sip_responses_total{class="4xx",element="bcf"} 1');

  await element.close();
  const again = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    again.once('error', reject);
    again.bind(port, '127.0.0.1', resolve);
  });
  again.close();
  client.close();
});

it('keeps to the limits of the configuration, at its SIP and its HTTP port', async () => {
  const limits = limitsSchema.parse({ message: { maxUri: 128 }, http: { maxHeaderBytes: 2_048 } });
  const element = await start({ listeners: [udp], drainMs: 100 }, undefined, limits);
  const client = createSocket('udp4');
  await new Promise<void>((resolve) => client.bind(0, '127.0.0.1', resolve));
  const long = options('OPTIONS', client.address().port)
    .toString()
    .replace('sip:', `sip:${'a'.repeat(128)}@`);
  const answer = new Promise<string>((resolve) =>
    client.once('message', (bytes) => resolve(bytes.toString('latin1'))),
  );
  client.send(long, element.get<SipEdge>(SipEdge).port('public-udp') ?? 0, '127.0.0.1');
  expect(await answer).toMatch(/^SIP\/2\.0 414 /);
  client.close();
  const url = `http://127.0.0.1:${element.http.port}/livez`;
  expect((await fetch(url, { headers: { x: 'a'.repeat(4_096) } })).status).toBe(431);
});

it('a port that is taken stops the start with a sentence, and leaves nothing open', async () => {
  const other = createSocket('udp4');
  await new Promise<void>((resolve) => other.bind(0, '127.0.0.1', resolve));
  const { port } = other.address();
  const error = await start({ listeners: [tcp, { ...udp, port }] }).catch((e: unknown) => e);
  expect(error).toMatchObject({ name: 'ListenError' });
  expect((error as Error).message).toMatch(
    new RegExp(
      `^port ${port}/udp on 127\\.0\\.0\\.1 is in use by .+ \\(pid ${process.pid}\\); set bcf\\.listeners\\[1\\]\\.port$`,
    ),
  );
  other.close();
});

it('TLS needs a certificate, and takes the lab’s', async () => {
  const tls: SipListener = { name: 'public-tls', transport: 'tls', host: '127.0.0.1', port: 0 };
  await expect(start({ listeners: [tls] })).rejects.toThrow(
    'listener public-tls of bcf speaks tls and needs a certificate; set pki.folder',
  );
  const folder = mkdtempSync(join(tmpdir(), 'edge-'));
  await ensureLabPki({ folder });
  const server = await start(
    { listeners: [tls], tls: await loadTls(folder, 'bcf'), drainMs: 100 },
    (edge) => {
      edge.transactions.onRequest = (tx) => tx.respond({ status: 200 });
    },
  );
  const client = await start({ listeners: [tcp], tls: await loadTls(folder, 'provider'), drainMs: 100 });
  const port = server.get<SipEdge>(SipEdge).port('public-tls') ?? 0;
  const destination = { transport: 'tls' as const, address: '127.0.0.1', port, serverName: 'esinet.lab' };
  const flow = await client.get<SipEdge>(SipEdge).transport.flowTo(destination);
  expect(flow.tlsPeer?.sanUris).toContain('sip:esinet.lab');
  const status = await new Promise<number>((resolve, reject) => {
    client.get<SipEdge>(SipEdge).transactions.request(
      { bytes: withoutVia(options('OPTIONS', 1)), destination: flow },
      {
        onResponse: (response) => resolve(response.status),
        onFailure: (reason) => reject(new Error(reason)),
      },
    );
  });
  expect(status).toBe(200);
  rmSync(folder, { recursive: true });
});

function withoutVia(bytes: Buffer): Buffer {
  return Buffer.from(
    bytes
      .toString('latin1')
      .split('\r\n')
      .filter((line) => !line.startsWith('Via:'))
      .join('\r\n'),
    'latin1',
  );
}
