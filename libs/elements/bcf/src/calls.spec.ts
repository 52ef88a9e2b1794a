import { silentLogger, systemClock } from '@esinet/kernel';
import { InProcessBus, MemoryStore, type RunningElement, SipEdge } from '@esinet/platform';
import { type Destination, type SipMessage, parseNameAddr, parseUri } from '@esinet/sip';
import { type LoopbackAgent, loopbackAgent } from '@esinet/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startBcf } from './bcf.module.js';
import { bcfConfigSchema } from './config.js';

/** Calls through a border of sockets: what stands in the ESRP's place answers as a PSAP behind it would. */
let inner: LoopbackAgent;
let caller: LoopbackAgent;
let bcf: RunningElement;
let ports: { public: number; private: number };
const secret = 'the same in every process of this border';

async function startBorder(o: { secret?: string; public?: number; private?: number } = {}): Promise<void> {
  const config = bcfConfigSchema.parse({
    http: { port: 0 },
    public: { udp: o.public ?? 0, tcp: null, tls: null },
    private: { udp: null, tcp: o.private ?? 0 },
    esrp: [`tcp:127.0.0.1:${inner.port('tcp')}`],
    psaps: { '*': [`tcp:127.0.0.1:${inner.port('tcp')}`] },
    domains: {},
    dialogs: o.secret === undefined ? {} : { secret: o.secret },
  });
  const bus = new InProcessBus({ logger: silentLogger, clock: systemClock });
  bcf = await startBcf(config, { bus, store: new MemoryStore({ clock: systemClock }) }, { drainMs: 20 });
  ports = { public: at('public-udp').port, private: at('private-tcp').port };
}

beforeEach(async () => {
  [inner, caller] = await Promise.all([loopbackAgent(), loopbackAgent()]);
  inner.answer = (message) => ({
    status: 200,
    headers: [
      ...message.values('Record-Route').map((route) => ['Record-Route', route] as const),
      ['Contact', `<sip:psap@127.0.0.1:${inner.port('tcp')};transport=tcp>`],
    ],
  });
  await startBorder({ secret });
});
afterEach(async () => {
  await bcf.close();
  await Promise.all([inner, caller].map((agent) => agent.stop()));
});

function at(name: string): Destination {
  const found = bcf
    .get<SipEdge>(SipEdge)
    .listeners()
    .find((l) => l.name === name);
  return { transport: found?.transport ?? 'udp', address: '127.0.0.1', port: found?.port ?? 0 };
}

const tagOf = (message: SipMessage, name: 'From' | 'To'): string =>
  /;tag=([^;\s]+)/.exec(message.header(name) ?? '')?.[1] ?? '';

interface Call {
  readonly invite: SipMessage;
  readonly answer: SipMessage;
  readonly callerRoutes: string[];
  readonly psapRoutes: string[];
}

async function call(): Promise<Call> {
  const outcome = await caller.send({
    method: 'INVITE',
    uri: 'urn:service:sos',
    from: 'sip:anna@phone.example',
    to: 'urn:service:sos',
    headers: [['Contact', `<sip:anna@127.0.0.1:${caller.port('udp')}>`]],
    destination: at('public-udp'),
  });
  if (outcome.kind !== 'response') throw new Error(outcome.reason);
  const invite = inner.received[0]!.message;
  return {
    invite,
    answer: outcome.message,
    callerRoutes: [...outcome.message.values('Record-Route')].reverse(),
    psapRoutes: [...invite.values('Record-Route')],
  };
}

/** Bytes of a request within the call, from one of its ends. */
function within(o: {
  call: Call;
  by: 'caller' | 'psap';
  method: string;
  uri?: string;
  routes?: readonly string[];
  headers?: readonly (readonly [string, string])[];
}): Buffer {
  const { invite, answer, callerRoutes, psapRoutes } = o.call;
  const mine = o.by === 'caller';
  const ends = [
    `<sip:anna@phone.example>;tag=${tagOf(invite, 'From')}`,
    `<urn:service:sos>;tag=${tagOf(answer, 'To')}`,
  ];
  const uri = o.uri ?? parseNameAddr((mine ? answer : invite).header('Contact') ?? '')?.uri ?? '';
  const lines = [
    `${o.method} ${uri} SIP/2.0`,
    ...(o.routes ?? (mine ? callerRoutes : psapRoutes)).map((route) => `Route: ${route}`),
    'Max-Forwards: 70',
    `From: ${mine ? ends[0] : ends[1]}`,
    `To: ${mine ? ends[1] : ends[0]}`,
    `Call-ID: ${invite.callId}`,
    `CSeq: 7 ${o.method}`,
    ...(o.headers ?? []).map(([name, value]) => `${name}: ${value}`),
    'Content-Length: 0',
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

function ask(agent: LoopbackAgent, bytes: Buffer, destination: Destination): Promise<number | string> {
  return new Promise((resolve) => {
    agent.stack.transactions.request(
      { bytes, destination },
      {
        onResponse: (response) => {
          if (response.status >= 200) resolve(response.status);
        },
        onFailure: resolve,
      },
    );
  });
}

describe('a call', () => {
  it(
    'both ends are reached by its Record-Route, whatever the method',
    { meta: { clause: ['RFC 3261 12.2', 'RFC 3261 16.12', 'RFC 5658 5'] } },
    async () => {
      const made = await call();
      expect(made.invite.header('Resource-Priority')).toBe('esnet.1');
      const arrived: string[] = [];
      inner.stack.transactions.onRequest = (tx) => {
        arrived.push(tx.request.method);
        tx.respond({ status: 200 });
      };
      const methods = ['UPDATE', 'INFO', 'OPTIONS', 'SUBSCRIBE', 'NOTIFY', 'REFER', 'MESSAGE', 'PUBLISH'];
      for (const method of methods) {
        const bytes = within({ call: made, by: 'caller', method });
        expect(await ask(caller, bytes, at('public-udp')), method).toBe(200);
      }
      expect(arrived).toEqual(methods);
      expect(await ask(inner, within({ call: made, by: 'psap', method: 'BYE' }), at('private-tcp'))).toBe(
        200,
      );
      expect(caller.received.map(({ message }) => message.method)).toEqual(['BYE']);
      expect(caller.received[0]?.message.has('Route')).toBe(false);
      expect(caller.received[0]?.message.header('Resource-Priority')).toBe('esnet.0');
    },
  );

  it(
    'its body passes byte by byte, also in a datagram far over the MTU',
    { meta: { clause: ['RFC 3261 16.6', 'RFC 3261 18.1.1', 'TS 103 698 6.1.2.8'] } },
    async () => {
      const sdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n';
      const body = Buffer.concat([
        Buffer.from(`--b\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n--b\r\n`),
        Buffer.from('Content-Type: application/pidf+xml\r\nContent-ID: <p@a.example>\r\n\r\n'),
        Buffer.from([0, 0xff, 0xfe, 13, 10, 10, 0x80]),
        Buffer.alloc(8_000, 'x'),
        Buffer.from('\r\n--b--\r\n'),
      ]);
      const outcome = await caller.send({
        method: 'INVITE',
        uri: 'urn:service:sos',
        from: 'sip:anna@phone.example',
        to: 'urn:service:sos',
        headers: [['Contact', `<sip:anna@127.0.0.1:${caller.port('udp')}>`]],
        contentType: 'multipart/mixed;boundary=b',
        body,
        destination: at('public-udp'),
      });
      expect(outcome).toMatchObject({ kind: 'response', message: { status: 200 } });
      expect(inner.received[0]?.message.body.equals(body)).toBe(true);
      expect(inner.received[0]?.flow.transport).toBe('tcp');
    },
  );

  it(
    'is policed like its first request',
    { meta: { clause: ['TS 103 698 6.1.2.5', 'RFC 3325 5'] } },
    async () => {
      const made = await call();
      const forged = [
        ['Resource-Priority', 'esnet.4'],
        ['P-Asserted-Identity', '<sip:minister@gov.example>'],
        ['P-Access-Network-Info', '3GPP-UTRAN-TDD;utran-cell-id-3gpp=1'],
        ['History-Info', '<sip:made@up.example>;index=1'],
      ] as const;
      await ask(
        caller,
        within({ call: made, by: 'caller', method: 'MESSAGE', headers: forged }),
        at('public-udp'),
      );
      const got = inner.received.at(-1)?.message;
      expect(got?.method).toBe('MESSAGE');
      expect(got?.values('Resource-Priority')).toEqual(['esnet.1']);
      for (const name of ['P-Asserted-Identity', 'P-Access-Network-Info', 'History-Info']) {
        expect(got?.has(name), name).toBe(false);
      }
    },
  );

  it(
    'goes on through a border that was started anew',
    { meta: { clause: ['RFC 3261 16.6', 'RFC 3261 16.12'] } },
    async () => {
      const made = await call();
      await bcf.close();
      await startBorder({ secret, ...ports });
      expect(
        await ask(caller, within({ call: made, by: 'caller', method: 'MESSAGE' }), at('public-udp')),
      ).toBe(200);
      await bcf.close();
      await startBorder({ secret, ...ports });
      expect(await ask(inner, within({ call: made, by: 'psap', method: 'BYE' }), at('private-tcp'))).toBe(
        200,
      );
    },
  );

  it(
    'a PSAP never reaches an address that only its request names',
    { meta: { clause: 'RFC 3261 26.3.2.2' } },
    async () => {
      const made = await call();
      const stranger = await loopbackAgent();
      try {
        const uri = `sip:x@127.0.0.1:${stranger.port('udp')}`;
        expect(
          await ask(inner, within({ call: made, by: 'psap', method: 'BYE', uri }), at('private-tcp')),
        ).toBe(200);
        expect(stranger.received).toHaveLength(0);
        expect(caller.received).toHaveLength(1);
      } finally {
        await stranger.stop();
      }
    },
  );

  it.each([
    ['without the seal', (route: string) => route.replace(/<sip:[^@]*@/, '<sip:')],
    ['with another seal', (route: string) => route.replace(/<sip:./, '<sip:_')],
  ])(
    'the inside is closed to what has a Route %s',
    { meta: { clause: ['RFC 3261 16.5', 'RFC 3261 26.3.2.2'] } },
    async (_how, forge) => {
      const made = await call();
      const before = inner.received.length;
      const bytes = within({
        call: made,
        by: 'caller',
        method: 'MESSAGE',
        routes: made.callerRoutes.map(forge),
      });
      expect(await ask(caller, bytes, at('public-udp'))).toBe(404);
      expect(inner.received).toHaveLength(before);
      expect(parseUri(parseNameAddr(made.callerRoutes[0]!)!.uri)?.user).toBeDefined();
    },
  );
});
