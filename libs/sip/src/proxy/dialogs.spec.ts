import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '@esinet/kernel';
import type { SipMessage } from '../codec/sip-message.js';
import { createSipStack, type SipStack } from '../stack.js';
import { parseNameAddr } from '../codec/name-addr.js';
import { parseUri } from '../codec/uri.js';
import type { Destination, TransportName } from '../transport/destination.js';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import { ProxyCore } from './proxy-core.js';
import { requestBytes } from './proxy-harness.js';

const host = '127.0.0.1';
const stacks: SipStack[] = [];
afterEach(async () => {
  await Promise.all(stacks.splice(0).map((stack) => stack.stop()));
});

interface Node extends SipStack {
  at(listener: string): Destination;
  readonly received: ServerTransaction[];
  readonly acks: SipMessage[];
}

async function node(...listeners: [name: string, transport: TransportName][]): Promise<Node> {
  const stack = createSipStack({
    listeners: listeners.map(([name, transport]) => ({ name, transport, host, port: 0 })),
    clock: systemClock,
    logger: silentLogger,
    timers: { t1: 50 },
  });
  stacks.push(stack);
  await stack.start();
  const received: ServerTransaction[] = [];
  const acks: SipMessage[] = [];
  stack.transactions.onRequest = (tx) => void received.push(tx);
  stack.transactions.onAck = (ack) => void acks.push(ack);
  const at = (name: string): Destination => {
    const { transport, port } = stack.transport.listeners().find((l) => l.name === name)!;
    return { transport, address: host, port };
  };
  return { ...stack, at, received, acks };
}

/** Goes where a URI with an address says, over the transport it names. */
const literal = {
  locate: (text: unknown): Promise<Destination[]> => {
    const uri = parseUri(String(text));
    const transport = (uri?.params.get('transport') ?? 'udp') as TransportName;
    return Promise.resolve(uri?.port ? [{ transport, address: uri.host, port: uri.port }] : []);
  },
};

/** A border: callers on public-udp, the inside on private-tcp. Requests outside of a dialog go inside. */
async function border(next: () => Destination): Promise<Node> {
  const made = await node(['public-udp', 'udp'], ['private-tcp', 'tcp']);
  new ProxyCore({
    ...made,
    clock: systemClock,
    logger: silentLogger,
    locator: literal,
    isOwn: () => false,
    recordRoute: true,
    route: (request) => ({
      kind: 'forward',
      targets: request.to?.tag === undefined ? [{ destination: next(), listener: 'private-tcp' }] : [{}],
    }),
  });
  return made;
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

const uriOf = (to: Destination): string => `sip:${to.address}:${to.port};transport=${to.transport}`;
const firstHop = (routes: readonly string[]): Destination => {
  const uri = parseUri(parseNameAddr(routes[0]!)!.uri)!;
  const transport = (uri.params.get('transport') ?? 'udp') as TransportName;
  return { transport, address: uri.host, port: uri.port! };
};

interface Asked {
  readonly method: string;
  readonly uri: string;
  readonly routes?: readonly string[];
  readonly cseq?: number;
  readonly toTag?: string;
  readonly contact?: string;
}

function bytesOf({ method, uri, routes = [], cseq = 1, toTag, contact }: Asked): Buffer {
  return requestBytes({
    method,
    uri,
    cseq,
    to: `<sip:bob@b.example>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    headers: [
      ...routes.map((route) => ['Route', route] as const),
      ...(contact === undefined ? [] : [['Contact', `<${contact}>`] as const]),
    ],
  });
}

function send(from: Node, to: Destination, o: Asked) {
  const responses: SipMessage[] = [];
  const client = from.transactions.request(
    { bytes: bytesOf(o), destination: to },
    { onResponse: (response) => void responses.push(response), onFailure: () => undefined },
  );
  return { responses, client };
}

/** A call from alice over two borders to bob, up to his 200. */
async function call() {
  const alice = await node(['a', 'udp']);
  const bob = await node(['b-udp', 'udp'], ['b-tcp', 'tcp']);
  const inner = await node(['inner-tcp', 'tcp'], ['inner-udp', 'udp']);
  new ProxyCore({
    ...inner,
    clock: systemClock,
    logger: silentLogger,
    locator: literal,
    isOwn: () => false,
    recordRoute: true,
    route: (request) => ({
      kind: 'forward',
      targets:
        request.to?.tag === undefined ? [{ destination: bob.at('b-udp'), listener: 'inner-udp' }] : [{}],
    }),
  });
  const outer = await border(() => inner.at('inner-tcp'));
  const invite = send(alice, outer.at('public-udp'), {
    method: 'INVITE',
    uri: 'sip:bob@b.example',
    contact: uriOf(alice.at('a')),
  });
  await until(() => bob.received.length === 1);
  const tx = bob.received[0]!;
  const recorded = tx.request.values('Record-Route');
  const answer = (status: number, extra: readonly (readonly [string, string])[] = []) =>
    tx.respond({
      status,
      headers: [
        ...recorded.map((route) => ['Record-Route', route] as const),
        ['Contact', `<${uriOf(bob.at('b-udp'))}>`],
        ...extra,
      ],
    });
  return { alice, bob, inner, outer, invite, tx, recorded, answer };
}

describe('a call over two proxies of two sides each', () => {
  it(
    'each end gets addresses it can reach, and its requests leave by the right side',
    {
      meta: {
        clause: ['RFC 3261 16.6', 'RFC 3261 16.4', 'RFC 3261 16.11', 'RFC 3261 16.12.1.1', 'RFC 5658 5'],
      },
    },
    async () => {
      const { alice, bob, inner, outer, invite, tx, recorded, answer } = await call();
      const [innerUdp, innerTcp] = [inner.at('inner-udp').port, inner.at('inner-tcp').port];
      const [outerUdp, outerTcp] = [outer.at('public-udp').port, outer.at('private-tcp').port];
      expect(recorded).toEqual([
        `<sip:${host}:${innerUdp};lr>`,
        `<sip:${host}:${innerTcp};transport=tcp;lr>`,
        `<sip:${host}:${outerTcp};transport=tcp;lr>`,
        `<sip:${host}:${outerUdp};lr>`,
      ]);
      expect(tx.request.vias.map((via) => via.port)).toEqual([innerUdp, outerTcp, alice.at('a').port]);
      answer(200);
      await until(() => invite.responses.some(({ status }) => status === 200));
      const ok = invite.responses.find(({ status }) => status === 200)!;
      const toTag = ok.to?.tag ?? '';
      const routes = [...ok.values('Record-Route')].reverse();
      const bobs = parseNameAddr(ok.header('Contact')!)!.uri;

      alice.transactions.sendStateless({
        bytes: bytesOf({ method: 'ACK', uri: bobs, routes, toTag }),
        destination: firstHop(routes),
      });
      await until(() => bob.acks.length === 1);
      expect(bob.acks[0]!.vias.map((via) => via.port)).toEqual([innerUdp, outerTcp, alice.at('a').port]);
      expect(bob.acks[0]!.has('Route')).toBe(false);

      for (const [cseq, method] of [
        [2, 'UPDATE'],
        [3, 'INFO'],
        [4, 'BYE'],
      ] as const) {
        const asked = send(alice, firstHop(routes), { method, uri: bobs, routes, toTag, cseq });
        await until(() => bob.received.length === cseq);
        const got = bob.received[cseq - 1]!;
        expect([got.request.method, got.request.requestUri]).toEqual([method, bobs]);
        expect(got.request.vias.map((via) => via.port)).toEqual([innerUdp, outerTcp, alice.at('a').port]);
        got.respond({ status: 200 });
        await until(() => asked.responses.some(({ status }) => status === 200));
      }
    },
  );

  it(
    'the called end can hang up too',
    { meta: { clause: ['RFC 3261 16.6', 'RFC 3261 12.2.1.1', 'RFC 5658 5'] } },
    async () => {
      const { alice, bob, inner, outer, invite, tx, recorded, answer } = await call();
      answer(200);
      await until(() => invite.responses.some(({ status }) => status === 200));
      const uri = parseNameAddr(tx.request.header('Contact')!)!.uri;
      const bye = send(bob, firstHop(recorded), { method: 'BYE', uri, routes: recorded, toTag: 'alice' });
      await until(() => alice.received.length === 1);
      const got = alice.received[0]!;
      expect(got.request.vias.map((via) => via.port)).toEqual([
        outer.at('public-udp').port,
        inner.at('inner-tcp').port,
        bob.at('b-udp').port,
      ]);
      expect(got.flow.remotePort).toBe(outer.at('public-udp').port);
      got.respond({ status: 200 });
      await until(() => bye.responses.some(({ status }) => status === 200));
    },
  );

  it(
    'reliable provisional responses and PRACK pass as they are',
    { meta: { clause: ['RFC 3262 3', 'RFC 3261 16.7'] } },
    async () => {
      const { alice, bob, invite, answer } = await call();
      answer(183, [
        ['Require', '100rel'],
        ['RSeq', '7'],
      ]);
      await until(() => invite.responses.some(({ status }) => status === 183));
      const ringing = invite.responses.find(({ status }) => status === 183)!;
      expect([ringing.header('Require'), ringing.header('RSeq')]).toEqual(['100rel', '7']);
      const routes = [...ringing.values('Record-Route')].reverse();
      const prack = send(alice, firstHop(routes), {
        method: 'PRACK',
        uri: parseNameAddr(ringing.header('Contact')!)!.uri,
        routes,
        toTag: ringing.to?.tag ?? '',
        cseq: 2,
      });
      await until(() => bob.received.length === 2);
      bob.received[1]!.respond({ status: 200 });
      await until(() => prack.responses.some(({ status }) => status === 200));
    },
  );

  it(
    'a CANCEL goes all the way, and the 487 comes back',
    { meta: { clause: ['RFC 3261 16.10', 'RFC 3261 9.1'] } },
    async () => {
      const { invite, tx, answer } = await call();
      tx.onCancel(() => tx.respond({ status: 487 }));
      answer(180);
      await until(() => invite.responses.some(({ status }) => status === 180));
      invite.client.cancel();
      await until(() => invite.responses.some(({ status }) => status === 487));
      expect(tx.cancelled).toBe(true);
    },
  );
});
