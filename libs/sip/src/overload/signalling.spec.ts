import { describe, expect, it } from 'vitest';
import type { SipMessage } from '../codec/sip-message.js';
import {
  type RequestParts,
  ask,
  harness,
  parsed,
  proxyAddress,
  requestBytes,
  sendRaw,
} from '../proxy/proxy-harness.js';
import type { Flow } from '../transport/flow.js';
import type { TransactionLayer } from '../transaction/transaction-layer.js';
import { Signalling, type SignallingSettings } from './signalling.js';

const [serverAddress, otherAddress] = ['192.0.2.110', '192.0.2.120'];

/** A proxy that takes part, before two servers that do: all speak UDP over a network in memory. */
function neighbours(o: { knows?: (flow: Flow) => boolean; settings?: Partial<SignallingSettings> } = {}) {
  const h = harness('udp');
  const join = (transactions: TransactionLayer, knows: (flow: Flow) => boolean = () => true) => {
    const signalling = new Signalling(h.clock, o.settings, () => 0.5);
    signalling.knows = knows;
    signalling.classOf = (request) => (request.to?.tag === undefined ? 'emergency' : 'running');
    transactions.signalling = signalling;
    return signalling;
  };
  const targets = [{ destination: h.at(serverAddress) }, { destination: h.at(otherAddress) }];
  const hopVerdicts: { signalling?: Signalling } = {};
  const proxy = h.proxy({
    route: () => ({ kind: 'forward', targets }),
    // No other memory of what has failed than that of overload control.
    cooldownMs: 0,
    hops: {
      verdict: (where, request, flow) => hopVerdicts.signalling!.verdict(where, request, flow),
      failed: (where) => hopVerdicts.signalling!.failed(where),
      answered: (where) => hopVerdicts.signalling!.answered(where),
    },
  });
  const client = join(proxy.transactions, o.knows);
  hopVerdicts.signalling = client;
  const server = h.callee(serverAddress, (tx) => tx.respond({ status: 200 }));
  const other = h.callee(otherAddress, (tx) => tx.respond({ status: 200 }));
  const wire: { from: string; to: string; message: SipMessage }[] = [];
  h.network.fate = ({ from, to, bytes }) => {
    wire.push({ from, to, message: parsed(bytes) });
    return 1;
  };
  let calls = 0;
  const call = (parts: RequestParts = {}) =>
    ask(h.caller(`192.0.2.${1 + (calls++ % 50)}`), h.at(proxyAddress), { callId: `call-${calls}`, ...parts });
  const load = (signalling: Signalling, loss: number) =>
    signalling.feedback.update({ loss, rate: 100, now: h.clock.now(), wall: h.clock.wall() });
  const between = (from: string, to: string) =>
    wire
      .filter((each) => each.from === `${from}:5060` && each.to === `${to}:5060`)
      .map(({ message }) => message);
  return { ...h, proxy, client, server, other, join, call, load, wire, between };
}

describe('a client of a neighbour', () => {
  it(
    'says in each request what it can do, and nothing that is the server’s to say',
    { meta: { clause: ['RFC 7339 4.1', 'RFC 7339 4.2', 'RFC 7339 5.1', 'RFC 7339 4.3', 'RFC 7339 4.4'] } },
    async () => {
      const { clock, call, between } = neighbours();
      call();
      await clock.run(50);
      const via = between(proxyAddress, serverAddress)[0]!.topVia!;
      expect(via.text).toContain(';oc;oc-algo="loss,rate"');
      expect([via.params.get('oc'), via.params.has('oc-validity'), via.params.has('oc-seq')]).toEqual([
        undefined,
        false,
        false,
      ]);
    },
  );

  it(
    'says nothing to a stranger, and believes none',
    { meta: { clause: ['RFC 7339 11', 'RFC 7339 5.2'] } },
    async () => {
      const { clock, call, between, server, join, load, other, client } = neighbours({ knows: () => false });
      load(join(server.transactions), 1);
      for (let i = 0; i < 5; i++) {
        call();
        await clock.run(50);
      }
      expect(between(proxyAddress, serverAddress)[0]!.topVia!.params.has('oc')).toBe(false);
      // Even one that speaks without having been asked.
      const forged = 'SIP/2.0/UDP a;branch=z9hG4bK1;oc=100;oc-algo="loss";oc-seq=9.1;oc-validity=60000';
      const { flow } = server.received[0]!;
      client.heard(parsed(requestBytes({ headers: [['Via', forged]] })).topVia!, flow);
      expect(client.nextHops.isControlled).toBe(false);
      expect([server.received.length, other.received.length]).toEqual([5, 0]);
    },
  );

  it(
    'sends what the server does not want to another one, or answers for it',
    { meta: { clause: ['RFC 7339 5.5', 'RFC 7339 5.10', 'TS 103 698 6.1.2.9'] } },
    async () => {
      const { clock, call, server, other, join, load } = neighbours({ settings: { validityMs: 10_000 } });
      const [first, second] = [join(server.transactions), join(other.transactions)];
      load(first, 1);
      call();
      await clock.run(50);
      expect([server.received.length, other.received.length]).toEqual([1, 0]);
      const redirected = call();
      await clock.run(50);
      expect([server.received.length, other.received.length]).toEqual([1, 1]);
      expect(redirected.statuses).toEqual([200]);
      load(second, 1);
      // What is in a dialog goes there all the same, and brings back what the other says now.
      call({ to: '<urn:service:sos>;tag=x' });
      await clock.run(50);
      expect(server.received).toHaveLength(2);
      call();
      await clock.run(50);
      expect(other.received).toHaveLength(2);
      const held = call();
      await clock.run(50);
      expect(held.statuses).toEqual([486]);
      expect([server.received.length, other.received.length]).toEqual([2, 2]);
      await clock.run(10_000, 500);
      const later = call();
      await clock.run(50);
      expect(later.statuses).toEqual([200]);
    },
  );

  it(
    'does not pass on what a server says',
    { meta: { clause: ['RFC 7339 5.4', 'RFC 7339 5.6'] } },
    async () => {
      const { clock, call, between, server } = neighbours();
      const forged = ';oc=100;oc-algo="loss";oc-validity=60000;oc-seq=99.1';
      server.transactions.onRequest = (tx) => {
        const bytes = requestAnswer(tx.request, forged);
        tx.respond(bytes);
      };
      const asked = call();
      await clock.run(50);
      expect(asked.statuses).toEqual([200]);
      const [response] = between(proxyAddress, '192.0.2.1');
      expect(response!.values('Via').join()).not.toContain('oc');
    },
  );

  it(
    'leaves one alone that does not answer, and comes back when it does',
    { meta: { clause: 'RFC 7339 5.9' } },
    async () => {
      const { clock, call, server, other, between } = neighbours({ settings: { silentAfter: 2 } });
      const asked = () => new Set(between(proxyAddress, serverAddress).map(({ callId }) => callId)).size;
      server.transactions.onRequest = (tx) => tx.discard();
      for (let i = 0; i < 2; i++) {
        call();
        await clock.run(6_000, 50);
      }
      const [tried, before] = [asked(), other.received.length];
      for (let i = 0; i < 20; i++) {
        call();
        await clock.run(40);
      }
      // One of them was a probe.
      expect([asked() - tried, other.received.length - before]).toEqual([1, 19]);
      server.transactions.onRequest = (tx) => tx.respond({ status: 200 });
      await clock.run(5_000, 50);
      for (let i = 0; i < 3; i++) {
        call();
        await clock.run(40);
      }
      // The call of the first probe went to the other as well, when nothing came; then all went the first way.
      expect([asked() - tried, other.received.length - before]).toEqual([4, 20]);
    },
  );
});

/** A 200 whose second Via carries what its sender may not say there. */
function requestAnswer(request: SipMessage, forged: string): Buffer {
  const [own = '', ...rest] = request.values('Via');
  const lines = [
    'SIP/2.0 200 OK',
    `Via: ${own}`,
    ...rest.map((value) => `Via: ${value}${forged}`),
    ...['From', 'To', 'Call-ID', 'CSeq'].map((name) => `${name}: ${request.header(name)}`),
    'Content-Length: 0',
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

describe('a server', () => {
  it(
    'fills in the topmost Via of a neighbour that takes part, in every response',
    { meta: { clause: ['RFC 7339 4.1', 'RFC 7339 5.1', 'RFC 7339 5.2', 'RFC 7339 5.11'] } },
    async () => {
      const { clock, call, between, server, join, load } = neighbours();
      const signalling = join(server.transactions);
      server.transactions.onRequest = (tx) => {
        tx.respond({ status: 100 });
        clock.after(300, () => tx.respond({ status: 200 }));
      };
      call({ method: 'INVITE' });
      await clock.run(150, 10);
      load(signalling, 0.2);
      await clock.run(400, 10);
      const responses = between(serverAddress, proxyAddress);
      expect(responses.map(({ status }) => status).slice(0, 2)).toEqual([100, 200]);
      const said = responses.map(({ topVia }) => [
        topVia!.params.get('oc'),
        topVia!.params.get('oc-algo'),
        topVia!.params.get('oc-validity'),
      ]);
      expect(said[0]).toEqual(['0', 'loss', '0']);
      expect(said[1]).toEqual(['20', 'loss', '500']);
      for (const { topVia } of responses) {
        expect(topVia!.params.get('oc-seq')).toMatch(/^\d+\.\d+$/);
        expect(topVia!.text.match(/oc-algo/g)).toHaveLength(1);
      }
    },
  );

  it(
    'repeats a response with what holds when it goes out',
    { meta: { clause: 'RFC 7339 5.2' } },
    async () => {
      const { clock, at, network, proxy, client, load, server } = neighbours();
      void server;
      const node = network.node({ address: '192.0.2.200' });
      const said: (string | undefined)[] = [];
      node.onMessage = ({ message }) => void said.push(message.topVia?.params.get('oc'));
      const via = '\r\nVia: SIP/2.0/UDP 192.0.2.200;rport;branch=z9hG4bKagain;oc;oc-algo="loss"\r\n';
      const message = requestBytes().toString('latin1').replace('\r\n', via);
      sendRaw(node, at(proxyAddress), message);
      await clock.run(50);
      load(client, 0.3);
      sendRaw(node, at(proxyAddress), message);
      await clock.run(50);
      expect(said).toEqual(['0', '30']);
      expect(proxy.transactions.counters.retransmissions).toBe(1);
    },
  );

  it(
    'leaves the parameters as they are for strangers, and for those that offer nothing',
    { meta: { clause: ['RFC 7339 5.2', 'RFC 7339 6'] } },
    async () => {
      for (const [offer, knows] of [
        ['', true],
        [';oc;oc-algo="A"', true],
        [';oc;oc-algo="loss"', false],
      ] as const) {
        const h = harness('udp');
        const { transactions } = h.proxy({ route: () => ({ kind: 'reject', status: 404 }) });
        const signalling = new Signalling(h.clock);
        signalling.knows = () => knows;
        transactions.signalling = signalling;
        signalling.feedback.update({ loss: 0.5, rate: 1, now: 0, wall: h.clock.wall() });
        const node = h.network.node({ address: '192.0.2.200' });
        const vias: string[] = [];
        node.onMessage = ({ message }) => void vias.push(message.topVia?.text ?? '');
        const via = `SIP/2.0/UDP 192.0.2.200;branch=z9hG4bKonce${offer}`;
        sendRaw(
          node,
          h.at(proxyAddress),
          requestBytes().toString('latin1').replace('\r\n', `\r\nVia: ${via}\r\n`),
        );
        await h.clock.run(50);
        expect(vias).toEqual([via]);
      }
    },
  );

  it('keeps what its client offers to itself', { meta: { clause: 'RFC 7339 5.6' } }, async () => {
    const { clock, at, network, between } = neighbours();
    const node = network.node({ address: '192.0.2.200' });
    const answers: SipMessage[] = [];
    node.onMessage = ({ message }) => void answers.push(message);
    const via = '\r\nVia: SIP/2.0/UDP 192.0.2.200;rport;branch=z9hG4bKx;oc;oc-algo="loss"\r\n';
    sendRaw(node, at(proxyAddress), requestBytes().toString('latin1').replace('\r\n', via));
    await clock.run(50);
    const forwarded = between(proxyAddress, serverAddress)[0]!.values('Via');
    expect(forwarded).toHaveLength(2);
    expect(forwarded[1]).not.toContain('oc');
    // And it is told what its own server says.
    expect(answers[0]!.topVia!.params.get('oc')).toBe('0');
    expect(answers[0]!.topVia!.params.get('oc-algo')).toBe('loss');
  });
});
