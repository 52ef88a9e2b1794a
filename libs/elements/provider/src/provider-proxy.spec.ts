import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  InProcessBus,
  type RunningElement,
  SipEdge,
  type TlsOptions,
  ensureLabPki,
  loadTls,
} from '@esinet/platform';
import { silentLogger, systemClock } from '@esinet/kernel';
import type { Destination, Flow, UacOutcome } from '@esinet/sip';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { providerConfigSchema } from './config.js';
import { type LoopbackAgent, loopbackAgent } from '@esinet/testing';
import { startProvider } from './provider.module.js';

let folder: string;
const certificates = new Map<string, TlsOptions>();
let border: LoopbackAgent;
let client: LoopbackAgent;
let provider: RunningElement;
let bus: InProcessBus;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'provider-spec-'));
  await ensureLabPki({ folder });
  for (const name of ['bcf', 'provider']) certificates.set(name, await loadTls(folder, name));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function certificate(name: string): TlsOptions {
  const found = certificates.get(name);
  if (!found) throw new Error(name);
  return found;
}

beforeEach(async () => {
  border = await loopbackAgent([
    { name: 'tls', transport: 'tls', host: '127.0.0.1', port: 0, tls: certificate('bcf') },
    { name: 'tcp', transport: 'tcp', host: '127.0.0.1', port: 0 },
  ]);
  client = await loopbackAgent();
  bus = new InProcessBus({ logger: silentLogger, clock: systemClock });
  await start([`tls:127.0.0.1:${border.port('tls')};esinet.lab`, `tcp:127.0.0.1:${border.port('tcp')}`]);
});

async function start(bcf: readonly string[]): Promise<void> {
  const config = providerConfigSchema.parse({
    http: { port: 0 },
    listen: { udp: 0, tcp: 0, ws: 0, wss: 0 },
    bcf,
    failover: '500 ms',
  });
  provider = await startProvider(config, { bus }, { tls: certificate('provider'), drainMs: 50 });
}

afterEach(async () => {
  await provider.close();
  await Promise.all([border.stop(), client.stop(), bus.close()]);
});

function at(transport: Destination['transport']): Destination {
  const port = provider.get<SipEdge>(SipEdge).port(transport) ?? 0;
  return { transport, address: '127.0.0.1', port };
}

function status(outcome: UacOutcome): number | string {
  return outcome.kind === 'response' ? outcome.message.status : outcome.reason;
}

async function register(
  to: Destination | Flow,
  o: { password?: string; expires?: number; contact?: string } = {},
): Promise<UacOutcome> {
  const contact = o.contact ?? 'sip:caller1@client.invalid';
  return client.send({
    method: 'REGISTER',
    uri: 'sip:provider.lab',
    from: 'sip:caller1@provider.lab',
    to: 'sip:caller1@provider.lab',
    headers: [
      ['Contact', `<${contact}>`],
      ['Expires', String(o.expires ?? 600)],
    ],
    destination: to,
    credentials: { user: 'caller1', password: o.password ?? 'caller1' },
  });
}

function emergency(
  to: Destination | Flow,
  headers: readonly (readonly [string, string])[] = [],
): Promise<UacOutcome> {
  return client.send({
    method: 'MESSAGE',
    uri: 'urn:service:sos',
    from: 'sip:caller1@provider.lab',
    to: 'urn:service:sos',
    headers,
    contentType: 'text/plain;charset=utf-8',
    body: 'Hilfe',
    destination: to,
  });
}

const answer = {
  method: 'MESSAGE',
  uri: 'sip:caller1@provider.lab',
  from: 'sip:madrid@psap.esinet.internal',
  to: 'sip:caller1@provider.lab',
  body: '¿Qué ha pasado?',
};

describe.each(['udp', 'tcp', 'ws'] as const)('a user agent over %s', (transport) => {
  it(
    'registers, calls for help, and is reached',
    { meta: { clause: 'TS 103 698 Figure 1; RFC 3261 10; RFC 7118', shall: '6.2.2-15' } },
    async () => {
      const to = transport === 'udp' ? at('udp') : await client.stack.transport.flowTo(at(transport));
      expect(status(await register(to))).toBe(200);
      expect(status(await emergency(to, [['P-Asserted-Identity', '<sip:forged@gov.example>']]))).toBe(200);
      const [got] = border.received;
      expect(got?.message.requestUri).toBe('urn:service:sos');
      expect(got?.message.values('P-Asserted-Identity')).toEqual(['<sip:caller1@provider.lab>']);
      expect(got?.message.body.toString()).toBe('Hilfe');
      expect(got?.flow.tlsPeer?.sanUris).toContain('sip:provider.lab');

      expect(status(await border.send({ ...answer, destination: at('tcp') }))).toBe(200);
      expect(client.received[0]?.message.requestUri).toBe('sip:caller1@client.invalid');
      expect(client.received[0]?.message.body.toString()).toBe(answer.body);
    },
  );
});

it(
  'forwards for those who are not registered, without an identity',
  { meta: { clause: 'RFC 3325 5' } },
  async () => {
    expect(status(await emergency(at('tcp'), [['P-Asserted-Identity', '<sip:forged@gov.example>']]))).toBe(
      200,
    );
    expect(border.received[0]?.message.has('P-Asserted-Identity')).toBe(false);
  },
);

it('refuses a wrong password, and an account that is none', { meta: { clause: 'RFC 3261 22' } }, async () => {
  expect([401, 403]).toContain(status(await register(at('tcp'), { password: 'caller2' })));
  expect(status(await border.send({ ...answer, destination: at('tcp') }))).toBe(480);
  expect(
    status(await border.send({ ...answer, uri: 'sip:nobody@provider.lab', destination: at('tcp') })),
  ).toBe(404);
});

it('forgets a user agent whose connection is gone', { meta: { clause: 'RFC 5626 5.3' } }, async () => {
  const flow = await client.stack.transport.flowTo(at('ws'));
  expect(status(await register(flow, { contact: 'sip:caller1@client.invalid;transport=ws' }))).toBe(200);
  client.stack.transport.dropFlow(flow.id, 'spec');
  await expect.poll(async () => status(await border.send({ ...answer, destination: at('tcp') }))).toBe(480);
});

it(
  'tries the next binding where the newest does not answer',
  { meta: { clause: 'RFC 3261 16.6' } },
  async () => {
    const other = await loopbackAgent();
    try {
      expect(status(await register(at('udp'), { contact: 'sip:caller1@one.invalid' }))).toBe(200);
      const flow = await other.stack.transport.flowTo(at('tcp'));
      const outcome = await other.send({
        method: 'REGISTER',
        uri: 'sip:provider.lab',
        from: 'sip:caller1@provider.lab',
        to: 'sip:caller1@provider.lab',
        headers: [['Contact', '<sip:caller1@two.invalid>']],
        destination: flow,
        credentials: { user: 'caller1', password: 'caller1' },
      });
      expect(status(outcome)).toBe(200);
      other.answer = () => ({ status: 480 });
      expect(status(await border.send({ ...answer, destination: at('tcp') }))).toBe(200);
      expect(other.received).toHaveLength(1);
      expect(client.received[0]?.message.requestUri).toBe('sip:caller1@one.invalid');
    } finally {
      await other.stop();
    }
  },
);

it(
  'falls back to plain TCP when the border has no TLS',
  { meta: { clause: 'TS 103 698 6.1.1', shall: '6.1.1-6' } },
  async () => {
    await provider.close();
    await start(['tls:127.0.0.1:1;esinet.lab', `tcp:127.0.0.1:${border.port('tcp')}`]);
    expect(status(await emergency(at('tcp')))).toBe(200);
    expect(border.received[0]?.flow.transport).toBe('tcp');
  },
);

it(
  'does not assert identities to a border with another name',
  { meta: { clause: 'RFC 5922 7.3', shall: '6.1.1-7' } },
  async () => {
    await provider.close();
    await start([`tls:127.0.0.1:${border.port('tls')};other.example`]);
    expect(status(await emergency(at('tcp')))).toBe(500);
    expect(border.received).toHaveLength(0);
  },
);
