import { InProcessBus, MemoryStore, type RunningElement, SipEdge } from '@esinet/platform';
import { silentLogger, systemClock } from '@esinet/kernel';
import type { Destination, UacOutcome } from '@esinet/sip';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chatHeader, chatId } from './bcf-fixture.js';
import { startBcf } from './bcf.module.js';
import { bcfConfigSchema } from './config.js';
import { type LoopbackAgent, loopbackAgent } from '@esinet/testing';

let esrp: LoopbackAgent;
let psap: LoopbackAgent;
let provider: LoopbackAgent;
let phone: LoopbackAgent;
let bcf: RunningElement;
let bus: InProcessBus;
const events: Record<string, unknown>[] = [];

beforeEach(async () => {
  [esrp, psap, provider, phone] = await Promise.all([
    loopbackAgent(),
    loopbackAgent(),
    loopbackAgent(),
    loopbackAgent(),
  ]);
  bus = new InProcessBus({ logger: silentLogger, clock: systemClock });
  events.length = 0;
  bus.subscribe('events.bcf.>', (payload) => void events.push(payload as Record<string, unknown>));
  await startWith([`tcp:127.0.0.1:${esrp.port('tcp')}`]);
});

async function startWith(esrps: readonly string[]): Promise<void> {
  const config = bcfConfigSchema.parse({
    http: { port: 0 },
    public: { udp: 0, tcp: 0, tls: null },
    private: { udp: 0, tcp: 0 },
    esrp: esrps,
    psaps: { '*': [`tcp:127.0.0.1:${psap.port('tcp')}`] },
    domains: { 'provider.lab': [`tcp:127.0.0.1:${provider.port('tcp')}`] },
    failover: '500 ms',
  });
  bcf = await startBcf(config, { bus, store: new MemoryStore({ clock: systemClock }) }, { drainMs: 50 });
}

afterEach(async () => {
  await Promise.all([bcf, bus].map((running) => running.close()));
  await Promise.all([esrp, psap, provider, phone].map((agent) => agent.stop()));
});

function listener(name: string): Destination {
  const found = bcf
    .get<SipEdge>(SipEdge)
    .listeners()
    .find((l) => l.name === name);
  return { transport: found?.transport ?? 'udp', address: '127.0.0.1', port: found?.port ?? 0 };
}

function status(outcome: UacOutcome): number | string {
  return outcome.kind === 'response' ? outcome.message.status : outcome.reason;
}

const start = {
  method: 'MESSAGE',
  uri: 'urn:service:sos',
  from: 'sip:anna@app.example',
  to: 'urn:service:sos',
  headers: [chatHeader],
  contentType: 'text/plain;charset=utf-8',
  body: 'Hilfe: ich höre nichts',
};

const reply = {
  method: 'MESSAGE',
  uri: 'sip:anna@app.example',
  from: 'sip:madrid@psap.esinet.internal',
  to: 'sip:anna@app.example',
  headers: [chatHeader, ['Reply-To', 'sip:madrid@psap.esinet.internal'] as const],
  body: 'Was ist passiert?',
};

describe.each(['public-udp', 'public-tcp'])('a chat over %s', (name) => {
  it(
    'goes in, comes back the same way, and goes on to the PSAP',
    {
      meta: {
        clause: 'TS 103 698 6.2.2, 6.2.3',
        shall: ['5.1.2-2', '6.1.2.5-6', '6.1.2.5-7', '6.1.2.5-8', '6.2.2-16'],
      },
    },
    async () => {
      expect(status(await phone.send({ ...start, destination: listener(name) }))).toBe(200);
      const [first] = esrp.received;
      expect(first?.message.requestUri).toBe('urn:service:sos');
      expect(first?.message.body.toString()).toBe(start.body);
      expect(first?.message.header('Resource-Priority')).toBe('esnet.1');

      expect(status(await psap.send({ ...reply, destination: listener('private-tcp') }))).toBe(200);
      const [back] = phone.received;
      expect(back?.message.requestUri).toBe('sip:anna@app.example');
      expect(back?.message.header('Reply-To')).toBe('sip:madrid@esinet.lab');
      expect(back?.message.header('Resource-Priority')).toBe('esnet.0');
      expect(back?.flow.transport).toBe(listener(name).transport);

      const next = {
        ...start,
        uri: 'sip:madrid@esinet.lab',
        to: 'sip:madrid@esinet.lab',
        destination: listener(name),
      };
      expect(status(await phone.send(next))).toBe(200);
      expect(psap.received[0]?.message.requestUri).toBe('sip:madrid@psap.esinet.internal');
      expect(events.map(({ traffic, callId }) => [traffic, callId])).toEqual([
        ['emergency', chatId],
        ['outward', chatId],
        ['chat', chatId],
      ]);
      expect(JSON.stringify(events)).not.toContain('anna');
    },
  );
});

it(
  'takes a call to the default PSAP when no ESRP answers',
  { meta: { clause: 'RFC 3261 16.7' } },
  async () => {
    await esrp.stop();
    expect(status(await phone.send({ ...start, destination: listener('public-tcp') }))).toBe(200);
    const [got] = psap.received;
    expect(got?.message.values('Route')).toEqual(['<sip:default@psap.esinet.internal;lr>']);
    expect(got?.message.header('Reason')).toContain('no ESRP answered');
  },
);

it(
  'does the same when the ESRP takes the call and fails',
  { meta: { clause: 'RFC 3261 16.7' } },
  async () => {
    for (const failure of [500, 503, 404]) {
      esrp.answer = () => ({ status: failure });
      expect(
        status(await phone.send({ ...start, destination: listener('public-tcp') })),
        String(failure),
      ).toBe(200);
    }
    expect(psap.received).toHaveLength(3);
  },
);

it(
  'passes on what the PSAP itself says',
  { meta: { clause: 'TS 103 698 6.1.2.10', shall: '6.1.2.10-1' } },
  async () => {
    for (const said of [486, 600]) {
      esrp.answer = () => ({ status: said });
      expect(
        status(
          await phone.send({ ...start, uri: 'urn:service:sos.test', destination: listener('public-tcp') }),
        ),
      ).toBe(said);
    }
    expect(psap.received).toHaveLength(0);
  },
);

it('sends to the provider of a domain, else nowhere', { meta: { clause: 'TS 103 698 D.1' } }, async () => {
  const to = (uri: string) => psap.send({ ...reply, uri, to: uri, destination: listener('private-udp') });
  expect(status(await to('sip:caller1@provider.lab'))).toBe(200);
  expect(provider.received).toHaveLength(1);
  expect(status(await to('sip:stranger@app.example'))).toBe(404);
  expect(status(await to(`sip:anna@127.0.0.1:${phone.port('udp')}`))).toBe(404);
  expect(phone.received).toHaveLength(0);
});

it(
  'tells the PSAP when the connection of a caller is gone',
  { meta: { clause: 'RFC 3261 21.4.18' } },
  async () => {
    expect(status(await phone.send({ ...start, destination: listener('public-tcp') }))).toBe(200);
    await phone.stop();
    await expect
      .poll(async () => status(await psap.send({ ...reply, destination: listener('private-tcp') })))
      .toBe(480);
  },
);

it(
  'does not hand a chat to whoever knows its names',
  { meta: { clause: 'RFC 5626 5.3', shall: '6.1.1-7' } },
  async () => {
    const eve = await loopbackAgent();
    try {
      await phone.send({ ...start, destination: listener('public-tcp') });
      // The same CallId and From, but by another way.
      expect(status(await eve.send({ ...start, destination: listener('public-udp') }))).toBe(200);
      await psap.send({ ...reply, destination: listener('private-tcp') });
      expect(phone.received).toHaveLength(1);
      expect(eve.received).toHaveLength(0);
    } finally {
      await eve.stop();
    }
  },
);

it('follows a caller whose connection no longer answers', { meta: { clause: 'RFC 5626 5.3' } }, async () => {
  const moved = await loopbackAgent();
  try {
    await phone.send({ ...start, destination: listener('public-tcp') });
    // Half-open: not even a 100 comes back.
    let unheard = 0;
    phone.stack.transport.onMessage = () => void unheard++;
    await moved.send({ ...start, destination: listener('public-udp') });
    expect(status(await psap.send({ ...reply, destination: listener('private-tcp') }))).toBe(200);
    expect(moved.received).toHaveLength(1);
    await psap.send({ ...reply, destination: listener('private-tcp') });
    expect(moved.received).toHaveLength(2);
    expect(unheard).toBe(1);
  } finally {
    await moved.stop();
  }
});

it(
  'stays in the path of a call, with an address for each side',
  { meta: { clause: 'RFC 3261 16.6 step 4, 12.2' } },
  async () => {
    esrp.answer = () => ({ status: 200, headers: [['Contact', '<sip:madrid@psap.esinet.internal>']] });
    const to = listener('public-tcp');
    const outcome = await phone.send({
      ...start,
      method: 'INVITE',
      headers: [chatHeader, ['Contact', '<sip:anna@client.invalid>']],
      callId: 'dialog-1',
      destination: to,
    });
    expect(status(outcome)).toBe(200);
    if (outcome.kind !== 'response') throw new Error('no response');
    expect(outcome.message.header('Contact')).toBe('<sip:madrid@esinet.lab>');
    const routes = esrp.received[0]?.message.values('Record-Route') ?? [];
    expect(routes.map((route) => route.includes(`:${to.port};`))).toEqual([false, true]);
    // The other end hangs up: Route set as recorded, Request-URI the caller's contact, no Call-Info.
    const bye = await psap.send({
      method: 'BYE',
      uri: 'sip:anna@client.invalid',
      from: 'sip:madrid@psap.esinet.internal',
      to: 'sip:anna@app.example',
      routes,
      callId: 'dialog-1',
      destination: listener('private-tcp'),
    });
    expect(status(bye)).toBe(200);
    expect(phone.received[0]?.message.method).toBe('BYE');
  },
);

it('tries an ESRP that failed after the others', { meta: { clause: 'RFC 3263 4.3' } }, async () => {
  await bcf.close();
  await startWith([`tcp:127.0.0.1:${provider.port('tcp')}`, `tcp:127.0.0.1:${esrp.port('tcp')}`]);
  provider.answer = () => ({ status: 503 });
  for (let call = 0; call < 3; call += 1) {
    expect(status(await phone.send({ ...start, destination: listener('public-tcp') }))).toBe(200);
  }
  expect(provider.received).toHaveLength(1);
  expect(esrp.received).toHaveLength(3);
});

it('answers OPTIONS and refuses the rest', { meta: { clause: 'RFC 3261 11.2, 16.5' } }, async () => {
  const ask = (method: string, uri: string) =>
    phone.send({ method, uri, from: 'sip:anna@app.example', to: uri, destination: listener('public-tcp') });
  expect(status(await ask('OPTIONS', 'sip:esinet.lab'))).toBe(200);
  expect(status(await ask('REGISTER', 'sip:esinet.lab'))).toBe(405);
  expect(status(await ask('MESSAGE', 'sip:bob@elsewhere.example'))).toBe(404);
});
