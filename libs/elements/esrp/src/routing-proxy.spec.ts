import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { silentLogger, systemClock } from '@esinet/kernel';
import { readLostRequest, writeLostAnswer } from '@esinet/lost';
import { InProcessBus, type RunningElement, SipEdge } from '@esinet/platform';
import { type Destination, type UacOutcome, writeMultipart } from '@esinet/sip';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EsrpConfig, esrpConfigSchema } from './config.js';
import { startEsrp } from './esrp.module.js';
import { found, mapping, pidfLo, withParts } from './esrp-fixture.js';
import { type LoopbackAgent, loopbackAgent } from '@esinet/testing';

type Handler = (body: Buffer, response: ServerResponse, request: IncomingMessage) => void;

/** An HTTP server of the far side that behaves as `handler` says. */
class FarServer {
  handler: Handler = (_body, response) => void response.end();
  asked = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.asked += 1;
      this.handler(Buffer.concat(chunks), response, request);
    });
  });

  async start(): Promise<void> {
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const fresh = { ...mapping, expires: '2999-01-01T00:00:00Z' };

const mapped: Handler = (body, response) => {
  const asked = readLostRequest(body);
  if (!asked.ok) throw new Error(asked.error.message);
  response.setHeader('Content-Type', 'application/lost+xml').end(writeLostAnswer(found(fresh)));
};

/** Sends `text` octet by octet and never comes to an end. */
const drip =
  (text: string): Handler =>
  (_body, response) => {
    let at = 0;
    const timer = setInterval(() => response.write(text[at++ % text.length] ?? ' '), 50);
    response.on('close', () => clearInterval(timer));
  };

let ecrf: FarServer;
let lis: FarServer;
let psap: LoopbackAgent;
let border: LoopbackAgent;
let bus: InProcessBus;
let esrp: RunningElement | undefined;
const events: Record<string, unknown>[] = [];

beforeEach(async () => {
  ecrf = new FarServer();
  lis = new FarServer();
  ecrf.handler = mapped;
  lis.handler = (_body, response) =>
    void response
      .setHeader('Content-Type', 'application/held+xml')
      .end(
        `<locationResponse xmlns="urn:ietf:params:xml:ns:geopriv:held">${pidfLo().replace(/^<\?xml[^>]*>\s*/, '')}</locationResponse>`,
      );
  [psap, border] = await Promise.all([loopbackAgent(), loopbackAgent(), ecrf.start(), lis.start()]);
  bus = new InProcessBus({ logger: silentLogger, clock: systemClock });
  events.length = 0;
  bus.subscribe('events.esrp.>', (payload) => void events.push(payload as Record<string, unknown>));
});

afterEach(async () => {
  await esrp?.close();
  esrp = undefined;
  await Promise.all([psap.stop(), border.stop(), bus.close(), ecrf.stop(), lis.stop()]);
});

async function running(more: Record<string, unknown> = {}): Promise<Destination> {
  const config: EsrpConfig = esrpConfigSchema.parse({
    http: { port: 0 },
    listen: { udp: 0, tcp: 0 },
    hosts: { 'psap.esinet.internal': [`tcp:127.0.0.1:${psap.port('tcp')}`] },
    bcf: [`tcp:127.0.0.1:${border.port('tcp')}`],
    ecrf: { url: `http://127.0.0.1:${ecrf.port}/lost` },
    held: { allowedHosts: [`127.0.0.1:${lis.port}`] },
    failover: '500 ms',
    ...more,
  });
  esrp = await startEsrp(config, { bus }, { drainMs: 50 });
  const listener = esrp
    .get<SipEdge>(SipEdge)
    .listeners()
    .find((l) => l.transport === 'tcp');
  return { transport: 'tcp', address: '127.0.0.1', port: listener?.port ?? 0 };
}

function emergency(
  destination: Destination,
  o: { geolocation?: string; parts?: Record<string, string> } = {},
): Promise<UacOutcome> {
  const { contentType, body } = withParts(o.parts ?? {});
  return border.send({
    method: 'MESSAGE',
    uri: 'urn:service:sos',
    from: 'sip:anna@app.example',
    to: 'urn:service:sos',
    headers: [
      [
        'Call-Info',
        '<urn:emergency:uid:callid:abcdefghijklmnopqrstuvwxyz:app.example>;purpose=EmergencyCallData.CallId',
      ],
      ...(o.geolocation === undefined ? [] : [['Geolocation', o.geolocation] as const]),
    ],
    contentType,
    body,
    destination,
  });
}

const byCid = { geolocation: '<cid:loc>', parts: { loc: pidfLo() } };

function status(outcome: UacOutcome): number | string {
  return outcome.kind === 'response' ? outcome.message.status : outcome.reason;
}

it(
  'routes by cid, by body, and by reference',
  { meta: { clause: 'RFC 6442 4; RFC 6753', shall: ['5.2.2-2', '5.2.2-3', '5.2.2-6', '6.1.2.8-4'] } },
  async () => {
    const to = await running();
    expect(status(await emergency(to, byCid))).toBe(200);
    expect(status(await emergency(to, { parts: { loc: pidfLo() } }))).toBe(200);
    expect(status(await emergency(to, { geolocation: `<http://127.0.0.1:${lis.port}/loc/x>` }))).toBe(200);
    expect(psap.received.map(({ message }) => message.header('Route'))).toEqual(
      Array(3).fill('<sip:madrid@psap.esinet.internal;lr>'),
    );
    expect(events.map(({ location, mapping: how }) => [location, how])).toEqual([
      ['value', 'lost'],
      ['body', 'cache'],
      ['reference', 'cache'],
    ]);
    expect(events[0]).toMatchObject({
      element: 'esrp',
      callId: 'urn:emergency:uid:callid:abcdefghijklmnopqrstuvwxyz:app.example',
      boundary: 'ecrf.lab/madrid',
      uri: 'sip:madrid@psap.esinet.internal',
    });
    expect(JSON.stringify(events)).not.toMatch(/40\.4168|anna/);
  },
);

const huge = Buffer.alloc(2 * 1_048_576, 'a');

const ecrfFaults: readonly [string, Handler, string][] = [
  ['hangs', () => undefined, 'lost: timeout'],
  ['answers 500', (_b, response) => void response.writeHead(500).end(), 'lost: http'],
  [
    'answers 302',
    (_b, response) => void response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
    'lost: http',
  ],
  ['answers garbage', (_b, response) => void response.end('<<<'), 'lost: malformed'],
  ['answers 2 MB', (_b, response) => void response.end(huge), 'lost: too-large'],
  ['drips', drip('<findServiceResponse '), 'lost: timeout'],
  ['hangs up', (_b, response) => void response.destroy(), 'lost: unreachable'],
  ['answers nothing', (_b, response) => void response.end(), 'lost: malformed'],
];

it.each(ecrfFaults)(
  'delivers when the ECRF %s',
  { meta: { clause: 'TS 103 698 6.1.2.6' } },
  async (_name, handler, reason) => {
    const to = await running();
    ecrf.handler = handler;
    const began = systemClock.now();
    expect(status(await emergency(to, byCid))).toBe(200);
    // The promise is two seconds: twice that is not a matter of a slow machine.
    expect(systemClock.now() - began).toBeLessThan(4_000);
    const [got] = psap.received;
    expect(got?.message.header('Route')).toBe('<sip:default@psap.esinet.internal;lr>');
    expect(got?.message.header('Reason')).toContain(reason);
    expect(events[0]).toMatchObject({ reason, mapping: 'none' });
  },
);

const lisFaults: readonly [string, Handler, string][] = [
  ['hangs', () => undefined, 'location: reference timed out'],
  ['drips', drip('<presence '), 'location: reference timed out'],
  ['answers 401', (_b, response) => void response.writeHead(401).end(), 'location: reference failed'],
  [
    'answers a HELD error',
    (_b, response) =>
      void response.end('<error xmlns="urn:ietf:params:xml:ns:geopriv:held" code="locationUnknown"/>'),
    'location: reference failed',
  ],
  [
    'redirects elsewhere',
    (_b, response) => void response.writeHead(302, { Location: 'http://169.254.169.254/' }).end(),
    'location: reference failed',
  ],
];

it.each(lisFaults)(
  'delivers when the LIS %s',
  { meta: { clause: 'TS 103 698 6.1.2.6' } },
  async (_name, handler, reason) => {
    const to = await running();
    lis.handler = handler;
    expect(status(await emergency(to, { geolocation: `<http://127.0.0.1:${lis.port}/loc/x>` }))).toBe(200);
    expect(psap.received[0]?.message.header('Reason')).toContain(reason);
    expect(ecrf.asked).toBe(0);
  },
);

it('asks nobody it is not allowed to', { meta: { clause: 'RFC 6442 8' } }, async () => {
  const stranger = new FarServer();
  await stranger.start();
  try {
    const to = await running();
    expect(status(await emergency(to, { geolocation: `<http://127.0.0.1:${stranger.port}/>` }))).toBe(200);
    expect(stranger.asked).toBe(0);
    expect(psap.received[0]?.message.header('Reason')).toContain('location: reference failed');
  } finally {
    await stranger.stop();
  }
});

it(
  'delivers without an ECRF and without any location',
  { meta: { clause: 'TS 103 698 6.1.2.6', shall: '6.1.2.6-5' } },
  async () => {
    const to = await running({ ecrf: { url: 'http://127.0.0.1:1/lost' } });
    expect(status(await emergency(to, byCid))).toBe(200);
    expect(status(await emergency(to))).toBe(200);
    expect(psap.received.map(({ message }) => message.header('Reason'))).toEqual([
      'SIP;cause=503;text="lost: unreachable"',
      'SIP;cause=404;text="location: none"',
    ]);
  },
);

it(
  'goes on to the default PSAP when the mapped one is away',
  { meta: { clause: 'RFC 3261 16.7; RFC 7044 10.3', shall: ['6.1.2.6-1', '6.1.2.6-5'] } },
  async () => {
    const fallback = await loopbackAgent();
    try {
      const to = await running({
        hosts: {
          'psap.esinet.internal': ['tcp:127.0.0.1:1'],
          'default.esinet.internal': [`tcp:127.0.0.1:${fallback.port('tcp')}`],
        },
        defaultPsap: 'sip:default@default.esinet.internal',
      });
      expect(status(await emergency(to, byCid))).toBe(200);
      const [got] = fallback.received;
      expect(got?.message.header('Reason')).toBe('SIP;cause=503;text="next hop unavailable"');
      expect(got?.message.values('History-Info')).toHaveLength(3);
    } finally {
      await fallback.stop();
    }
  },
);

it(
  'passes on what the PSAP says about the call',
  { meta: { clause: 'TS 103 698 6.1.2.10', shall: '6.1.2.10-1' } },
  async () => {
    const to = await running();
    psap.answer = () => ({ status: 486 });
    expect(status(await emergency(to, byCid))).toBe(486);
    expect(psap.received).toHaveLength(1);
  },
);

it('is the outbound proxy of PSAPs', { meta: { clause: 'TS 103 698 D.1' } }, async () => {
  const to = await running();
  const uri = 'sip:caller1@provider.lab';
  expect(
    status(
      await psap.send({
        method: 'MESSAGE',
        uri,
        from: 'sip:madrid@psap.esinet.internal',
        to: uri,
        destination: to,
      }),
    ),
  ).toBe(200);
  expect(border.received[0]?.message.requestUri).toBe(uri);
});

it(
  'passes multipart bodies on byte by byte',
  { meta: { clause: 'TS 103 698 6.1.2.8', shall: ['6.1.2.8-1', '6.1.2.8-5'] } },
  async () => {
    const to = await running();
    const odd = writeMultipart([
      { headers: [['Content-Type', 'application/octet-stream']], body: Buffer.from([0, 255, 13, 10, 128]) },
    ]);
    await border.send({
      method: 'MESSAGE',
      uri: 'urn:service:sos',
      from: 'sip:a@b.example',
      to: 'urn:service:sos',
      contentType: odd.contentType,
      body: odd.body,
      destination: to,
    });
    expect(psap.received[0]?.message.body.equals(odd.body)).toBe(true);
  },
);

it(
  'lets no call wait for another: there is no queue whose order could be wrong',
  { meta: { clause: 'TS 103 698 6.1.2.5', shall: '6.1.2.5-3' } },
  async () => {
    ecrf.handler = () => undefined;
    const to = await running();
    const slow = Array.from({ length: 20 }, () => emergency(to, byCid));
    expect(status(await emergency(to))).toBe(200);
    expect(psap.received).toHaveLength(1);
    await Promise.all(slow);
    expect(psap.received).toHaveLength(21);
  },
);
