import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { countingIds, silentLogger, systemClock } from '@esinet/kernel';
import {
  type Destination,
  ProxyCore,
  Registrar,
  type SipMessage,
  type SipStack,
  StreamFramer,
  UserAgent,
  answerDigest,
  createSipStack,
  editMessage,
  parseDatagram,
} from '@esinet/sip';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TortureVerdict, tortureVerdicts } from './torture-verdicts.js';

const torture = fileURLToPath(new URL('../torture/', import.meta.url));
const corpora = fileURLToPath(new URL('../../../shared/specs/corpora/', import.meta.url));
const bytesOf = (file: string): Buffer => readFileSync(`${torture}${file}.sip`);
const host = '127.0.0.1';
const common = { clock: systemClock, logger: silentLogger };

/** The three kinds of element, each on UDP and TCP. */
type ElementName = 'proxy' | 'user agent' | 'registrar';
const elements = new Map<ElementName, SipStack>();
const forwarded: SipMessage[] = [];
const answered: SipMessage[] = [];
let callee: SipStack;
let registrar: Registrar;

async function stack(): Promise<SipStack> {
  const listeners = (['udp', 'tcp'] as const).map((transport) => ({
    name: `side-${transport}`,
    transport,
    host,
    port: 0,
  }));
  const made = createSipStack({ ...common, listeners });
  await made.start();
  return made;
}

function portOf(made: SipStack, transport: 'udp' | 'tcp'): number {
  return made.transport.listeners().find((listener) => listener.transport === transport)?.port ?? 0;
}

beforeAll(async () => {
  const [proxy, agent, registry] = [await stack(), await stack(), await stack()];
  callee = await stack();
  callee.transactions.onRequest = (tx) => {
    forwarded.push(tx.request);
    tx.respond({ status: 200 });
  };
  const toCallee: Destination = { transport: 'udp', address: host, port: portOf(callee, 'udp') };
  // Every SIP URI is the callee's; of other schemes nothing is known.
  const locator = { locate: () => Promise.resolve([toCallee]) };
  new ProxyCore({
    ...common,
    ...proxy,
    locator,
    isOwn: () => false,
    route: () => ({ kind: 'forward', targets: [{}] }),
  });
  new UserAgent({
    ...common,
    transactions: agent.transactions,
    locator,
    ids: countingIds('ua'),
    bodyTypes: ['text/plain', 'multipart/mixed'],
    onRequest: (request) => {
      answered.push(request);
      return { status: 200 };
    },
  });
  registrar = new Registrar({
    clock: systemClock,
    ids: countingIds('nonce'),
    domain: 'madrid.example',
    credentials: () => 'secret',
  });
  new ProxyCore({
    ...common,
    ...registry,
    locator,
    isOwn: () => false,
    route: async (request, flow) =>
      request.method === 'REGISTER'
        ? { kind: 'answer', ...(await registrar.register(request, flow)) }
        : { kind: 'reject', status: 405 },
  });
  elements.set('proxy', proxy);
  elements.set('user agent', agent);
  elements.set('registrar', registry);
});

afterAll(async () => {
  await Promise.all([...elements.values(), callee].map((made) => made.stop()));
});

/** Answered where it was sent from: the addresses in the messages are those of documentation. */
function withRport(bytes: Buffer): Buffer {
  const parsed = parseDatagram(bytes);
  const message = parsed.kind === 'keepalive' ? undefined : parsed.message;
  const via = message?.isRequest ? message.topVia : undefined;
  if (!message || !via || via.rport !== undefined) return bytes;
  return editMessage(message, {
    edits: [{ op: 'replace-first', name: 'Via', value: `${via.text};rport` }],
  });
}

let probes = 0;

/** An OPTIONS that an element answers itself. */
function probe(port: number, transport: 'UDP' | 'TCP'): { bytes: Buffer; callId: string } {
  const callId = `probe-${++probes}`;
  const text = [
    `OPTIONS sip:${host}:${port} SIP/2.0`,
    `Via: SIP/2.0/${transport} ${host};rport;branch=z9hG4bK${callId}`,
    'Max-Forwards: 70',
    `From: <sip:probe@carrier.example>;tag=${callId}`,
    `To: <sip:${host}:${port}>`,
    `Call-ID: ${callId}`,
    `CSeq: 1 OPTIONS`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
  return { bytes: Buffer.from(text), callId };
}

/** The final answers until one of them is the last: over UDP, from a port of its own. */
async function overUdp(port: number, bytes: Buffer, last: (answer: SipMessage) => boolean) {
  const socket: UdpSocket = createSocket('udp4');
  const answers: SipMessage[] = [];
  try {
    await new Promise<void>((resolve) => {
      socket.on('message', (datagram) => {
        const parsed = parseDatagram(datagram);
        if (parsed.kind !== 'message' || parsed.message.status < 200) return;
        answers.push(parsed.message);
        if (last(parsed.message)) resolve();
      });
      socket.send(bytes, port, host);
      const after = probe(port, 'UDP');
      // What is answered with nothing is known by the answer to what follows it.
      if (last === lastIsProbe) socket.send(after.bytes, port, host);
    });
  } finally {
    socket.close();
  }
  return answers;
}

const lastIsProbe = (answer: SipMessage): boolean => answer.callId?.startsWith('probe-') ?? false;
const any = (): boolean => true;

async function verdictOf(element: ElementName, bytes: Buffer, expected: number | undefined) {
  const port = portOf(elements.get(element)!, 'udp');
  const answers = await overUdp(port, withRport(bytes), expected === undefined ? lastIsProbe : any);
  return answers.find((answer) => !lastIsProbe(answer));
}

const has = (row: TortureVerdict, clause: string): boolean => row.clause === `RFC 4475 ${clause}`;

/** What each kind of element answers; undefined where it says nothing. */
function expected(element: ElementName, row: TortureVerdict): number | undefined {
  if (row.verdict === 'discard') return undefined;
  if (row.verdict !== 'accept') return row.verdict.reject;
  const parsed = parseDatagram(bytesOf(row.file));
  if (parsed.kind !== 'message') throw new Error(row.file);
  if (!parsed.message.isRequest) return undefined;
  const { method } = parsed.message;
  switch (element) {
    case 'proxy':
      if (has(row, '3.3.2') || has(row, '3.3.3')) return 416;
      return has(row, '3.3.5') ? 420 : 200;
    case 'user agent':
      if (method !== 'MESSAGE' && method !== 'OPTIONS') return 405;
      if (has(row, '3.3.2') || has(row, '3.3.3')) return 416;
      return row.userAgent ?? 200;
    case 'registrar':
      if (has(row, '3.3.5')) return 420;
      if (has(row, '3.3.11')) return 200;
      if (method !== 'REGISTER') return 405;
      return has(row, '3.3.4') ? 400 : 401;
  }
}

describe.each(['proxy', 'user agent', 'registrar'] as const)('a live %s answers', (element) => {
  for (const row of tortureVerdicts) {
    it(`${row.file}: ${expected(element, row) ?? 'nothing'}`, { meta: { clause: row.clause } }, async () => {
      const status = expected(element, row);
      expect((await verdictOf(element, bytesOf(row.file), status))?.status).toBe(status);
    });
  }
});

describe('beyond the status', () => {
  it('says what is not understood', { meta: { clause: 'RFC 4475 3.3.5' } }, async () => {
    const bytes = bytesOf('rfc4475/3.3.05-require');
    expect((await verdictOf('proxy', bytes, 420))?.values('Unsupported')).toEqual([
      'noProxiesSupportThis',
      'norDoAnyProxiesSupportThis',
    ]);
    expect((await verdictOf('user agent', bytes, 420))?.values('Unsupported')).toEqual([
      'nothingSupportsThis',
      'nothingSupportsThisEither',
    ]);
  });

  it('says what bodies are understood', { meta: { clause: 'RFC 4475 3.3.6' } }, async () => {
    const answer = await verdictOf('user agent', bytesOf('rfc4475/3.3.06-unknown-content-type'), 415);
    expect(answer?.header('Accept')).toBe('text/plain, multipart/mixed');
  });

  it(
    'tells requests with an empty branch apart, and knows a repetition',
    { meta: { clause: ['RFC 4475 3.2.1', 'RFC 3261 17.2.3'] } },
    async () => {
      const { transactions } = elements.get('user agent')!;
      const bytes = bytesOf('rfc4475/3.2.1-empty-branch');
      const renamed = (callId: string) =>
        Buffer.from(bytes.toString('latin1').replace('3.2.1-empty-branch.32', callId), 'latin1');
      const before = { ...transactions.counters };
      const one = await verdictOf('user agent', renamed('one'), 200);
      const two = await verdictOf('user agent', renamed('two'), 200);
      expect([one?.callId, two?.callId]).toEqual(['one@app.carrier.example', 'two@app.carrier.example']);
      // From another port, as after a NAT has forgotten the first.
      const again = await verdictOf('user agent', renamed('one'), 200);
      expect(again?.bytes.toString('latin1')).toBe(one?.bytes.toString('latin1'));
      const { requests, retransmissions } = transactions.counters;
      expect([requests - before.requests, retransmissions - before.retransmissions]).toEqual([2, 1]);
    },
  );

  it('forwards what it does not understand as it was', { meta: { clause: 'RFC 4475 3.1.1' } }, async () => {
    for (const row of tortureVerdicts) {
      if (row.verdict !== 'accept' || expected('proxy', row) !== 200 || has(row, '3.3.11')) continue;
      const parsed = parseDatagram(bytesOf(row.file));
      if (parsed.kind !== 'message') continue;
      const sent = parsed.message;
      const got = forwarded.find((request) => request.callId === sent.callId);
      expect(got?.body.equals(sent.body), row.file).toBe(true);
      expect([got?.method, got?.requestUri], row.file).toEqual([sent.method, sent.requestUri]);
      const untouched = (message: SipMessage) =>
        message.headers.filter(({ name }) => !['via', 'v', 'max-forwards'].includes(name.toLowerCase()));
      expect(untouched(got!), row.file).toEqual(untouched(sent));
    }
  });

  it('an OPTIONS that may go no further is answered', { meta: { clause: 'RFC 4475 3.3.11' } }, () => {
    expect(forwarded.some((request) => request.callId?.startsWith('3.3.11'))).toBe(false);
  });

  it.each([
    ['rfc4475/3.1.1.04-escaped-nulls', 404, []],
    ['rfc4475/3.1.2.13-unbracketed-contact', 400, []],
    ['rfc4475/3.3.07-unknown-authorization', 200, []],
    ['rfc4475/3.3.12-contact-parameter', 200, ['sip:lucia@host1.carrier.example']],
    ['rfc4475/3.3.13-contact-uri-parameter', 200, ['sip:lucia@host1.carrier.example;unknownparam']],
    [
      'rfc4475/3.3.14-contact-uri-header',
      200,
      ['sip:lucia@carrier.example?Route=%3Csip:gate.madrid.example%3E'],
    ],
  ] as const)(
    '%s, with credentials: %i',
    {
      meta: {
        clause: [
          'RFC 4475 3.1.1.4',
          'RFC 4475 3.1.2.13',
          'RFC 4475 3.3.12',
          'RFC 4475 3.3.13',
          'RFC 4475 3.3.14',
        ],
      },
    },
    async (file, status, contacts) => {
      const parsed = parseDatagram(bytesOf(file));
      if (parsed.kind !== 'message') throw new Error(file);
      const { message } = parsed;
      const challenge = (await registrar.register(message, anyFlow())).headers[0]?.[1] ?? '';
      const credentials = { user: 'desk', password: 'secret', method: 'REGISTER', uri: message.requestUri };
      const authorized = parseDatagram(
        editMessage(message, {
          edits: [{ op: 'set', name: 'Authorization', value: answerDigest(challenge, credentials) }],
        }),
      );
      if (authorized.kind !== 'message') throw new Error(file);
      const answer = await registrar.register(authorized.message, anyFlow());
      expect(answer.status).toBe(status);
      const bound = registrar.bindings('desk').filter(({ callId }) => callId === message.callId);
      expect(bound.map(({ contact }) => contact)).toEqual(contacts);
    },
  );
});

function anyFlow() {
  return {
    id: 'udp|x|198.51.100.9|5060',
    transport: 'udp' as const,
    listener: 'x',
    localAddress: host,
    localPort: 5060,
    remoteAddress: '198.51.100.9',
    remotePort: 5060,
    reliable: false,
    open: true,
    send: () => undefined,
    onError: () => () => undefined,
  };
}

describe('after everything has been thrown at them', () => {
  /** Ours, and those of the RFCs where they lie beside the repository. */
  const everything = tortureVerdicts.flatMap((row) => {
    const original = `${corpora}${row.file.split('/')[0]}/${row.original}.dat`;
    return [bytesOf(row.file), ...(existsSync(original) ? [readFileSync(original)] : [])];
  });
  process.stdout.write(`torture, elements: ${everything.length} messages thrown\n`);

  async function throwOverUdp(port: number): Promise<void> {
    const socket = createSocket('udp4');
    for (const bytes of everything) await new Promise((resolve) => socket.send(bytes, port, host, resolve));
    await new Promise<void>((resolve) => socket.close(resolve));
  }

  /** Each message on a connection of its own, cut in two, and its last octet missing on another. */
  async function throwOverTcp(port: number): Promise<void> {
    for (const bytes of everything) {
      for (const sent of [bytes, bytes.subarray(0, -1)]) {
        const socket = connect(port, host);
        socket.on('error', () => undefined);
        socket.on('data', () => undefined);
        await new Promise((resolve) => socket.once('connect', resolve));
        socket.write(sent.subarray(0, 40));
        await new Promise((resolve) => setImmediate(resolve));
        await new Promise((resolve) => socket.end(sent.subarray(40), () => resolve(undefined)));
      }
    }
  }

  async function statusOverTcp(port: number): Promise<number> {
    const socket = connect(port, host);
    const framer = new StreamFramer();
    try {
      return await new Promise((resolve, reject) => {
        socket.on('error', reject);
        socket.on('data', (chunk) => {
          for (const parsed of framer.push(chunk))
            if (parsed.kind === 'message') resolve(parsed.message.status);
        });
        socket.write(probe(port, 'TCP').bytes);
      });
    } finally {
      socket.destroy();
    }
  }

  it.each(['proxy', 'user agent', 'registrar'] as const)(
    'a %s answers OPTIONS over UDP and TCP',
    { meta: { clause: ['RFC 4475 3', 'RFC 5118 4'] } },
    async (element) => {
      const made = elements.get(element)!;
      await throwOverUdp(portOf(made, 'udp'));
      await throwOverTcp(portOf(made, 'tcp'));
      const { bytes } = probe(portOf(made, 'udp'), 'UDP');
      const [answer] = await overUdp(portOf(made, 'udp'), bytes, any);
      expect(answer?.status).toBe(200);
      expect(await statusOverTcp(portOf(made, 'tcp'))).toBe(200);
      expect(made.transactions.counters.errors).toBe(0);
    },
  );
});

it('says what no element here answers as its section would have it', () => {
  const left = [
    'RFC 4475 3.3.15: 406 is the answer to INVITE of who takes calls; a user agent for chat answers 405',
    'RFC 4475 3.3.10: a proxy never sends by an address in Via, so that a response of its own with a broadcast address below goes to the requester and nowhere else',
  ];
  for (const line of left) process.stdout.write(`torture, elements: ${line}\n`);
  process.stdout.write(`torture, elements: ${tortureVerdicts.length} messages, ${left.length} otherwise\n`);
});
