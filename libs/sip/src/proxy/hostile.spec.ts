import { describe, expect, it } from 'vitest';
import { buildResponse } from '../codec/build.js';
import { editMessage } from '../codec/edit.js';
import type { SipMessage } from '../codec/sip-message.js';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import { ask, harness, parsed, proxyAddress, requestBytes, sendRaw } from './proxy-harness.js';

const psap = '192.0.2.20';
const stranger = '192.0.2.66';

/** Proxy and callee; the callee's answers are sent by hand. */
function setup() {
  const made = harness();
  const proxy = made.proxy({ route: () => ({ kind: 'forward', targets: [{ destination: made.at(psap) }] }) });
  const far = made.callee(psap);
  const near = made.caller();
  return { ...made, proxyNode: proxy, far, near };
}

const ok = (tx: ServerTransaction): SipMessage =>
  parsed(buildResponse(tx.request, 200, undefined, { toTag: 't' }));

describe('a response that a proxy is not to forward', () => {
  it.each([
    [
      'has no Via under ours',
      (m: SipMessage) => [{ op: 'set', name: 'Via', value: m.topVia!.text }] as const,
    ],
    [
      'has another branch',
      (m: SipMessage) =>
        [{ op: 'replace-first', name: 'Via', value: m.topVia!.text.replace('z9hG4bK', 'z9hG4bKx') }] as const,
    ],
    ['is for another method', () => [{ op: 'set', name: 'CSeq', value: '1 INVITE' }] as const],
  ])(
    'one that %s, and the true one after it',
    { meta: { clause: ['RFC 3261 16.7', 'RFC 3261 17.1.3', 'RFC 3261 18.1.2'] } },
    async (_what, edits) => {
      const { clock, at, far, near, proxyNode } = setup();
      const asked = ask(near, at(proxyAddress));
      await clock.run(50);
      const answer = ok(far.received[0]!);
      sendRaw(far.transport, at(proxyAddress), editMessage(answer, { edits: edits(answer) }));
      await clock.run(50);
      expect([asked.statuses, proxyNode.transactions.counters.strayResponses]).toEqual([[], 1]);
      far.received[0]!.respond({ status: 200 });
      await clock.run(50);
      expect(asked.statuses).toEqual([200]);
    },
  );

  it.each(['SIP/2.0 4294967301 x', 'SIP/2.0 99 x', 'SIP/2.0 700 x', 'SIP/2.0 20 x', 'SIP/3.0 200 OK'])(
    '%s',
    { meta: { clause: ['RFC 4475 3.1.2.19', 'RFC 3261 7.2'] } },
    async (statusLine) => {
      const { clock, at, far, near } = setup();
      const asked = ask(near, at(proxyAddress));
      await clock.run(50);
      const text = ok(far.received[0]!).bytes.toString('latin1');
      sendRaw(far.transport, at(proxyAddress), text.replace('SIP/2.0 200 OK', statusLine));
      await clock.run(50);
      expect(asked.statuses).toEqual([]);
      far.received[0]!.respond({ status: 200 });
      await clock.run(50);
      expect(asked.statuses).toEqual([200]);
    },
  );
});

it(
  'a user agent drops a response for somebody else, and takes the true one after it',
  { meta: { clause: ['RFC 3261 8.1.3.3', 'RFC 4475 3.3.10'] } },
  async () => {
    const { clock, at, far, near } = setup();
    const sent = near.ua.send({
      method: 'MESSAGE',
      uri: 'urn:service:sos',
      from: 'sip:a@example.com',
      to: 'urn:service:sos',
      destination: at(psap),
    });
    let status: number | undefined;
    void sent.then((outcome) => (status = outcome.kind === 'response' ? outcome.message.status : 0));
    await clock.run(50);
    const broadcast = editMessage(ok(far.received[0]!), {
      edits: [{ op: 'append', name: 'Via', value: 'SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKb' }],
    });
    sendRaw(far.transport, at('192.0.2.1'), broadcast);
    await clock.run(50);
    expect(status).toBeUndefined();
    far.received[0]!.respond({ status: 202 });
    await clock.run(50);
    expect(status).toBe(202);
  },
);

it(
  'a response forwarded goes where the request came from, whatever address stands in the next Via',
  { meta: { clause: ['RFC 4475 3.3.10', 'RFC 3261 18.2.2'] } },
  async () => {
    const { clock, network, at, far, near } = setup();
    const asked = ask(near, at(proxyAddress));
    await clock.run(50);
    const to: string[] = [];
    network.fate = (packet) => {
      if (packet.from.startsWith(proxyAddress)) to.push(packet.to);
      return 1;
    };
    const answer = ok(far.received[0]!);
    const [ours, theirs] = answer.values('Via');
    const forged = theirs!.replace('192.0.2.1:5060', '255.255.255.255:5060');
    const value = `${ours}, ${forged}`;
    sendRaw(
      far.transport,
      at(proxyAddress),
      editMessage(answer, { edits: [{ op: 'set', name: 'Via', value }] }),
    );
    await clock.run(50);
    expect(to).toEqual(['192.0.2.1:5060']);
    // The values stood in one line: the topmost alone was taken off.
    expect(asked.responses.map((response) => response.values('Via'))).toEqual([[forged]]);
  },
);

it(
  'a response counts by its branch, from whichever address of the server it comes',
  { meta: { clause: 'RFC 3261 17.1.3' } },
  async () => {
    const { clock, network, at, far, near } = setup();
    const asked = ask(near, at(proxyAddress));
    await clock.run(50);
    sendRaw(network.node({ address: '192.0.2.21' }), at(proxyAddress), ok(far.received[0]!).bytes);
    await clock.run(50);
    expect(asked.statuses).toEqual([200]);
  },
);

it(
  'branches cannot be foretold from the request',
  { meta: { clause: ['RFC 3261 8.1.1.7', 'RFC 3261 26.1'] } },
  async () => {
    const branches = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const { clock, network, at, far } = setup();
      const via = 'Via: SIP/2.0/UDP 192.0.2.66;rport;branch=z9hG4bKsame\r\n';
      sendRaw(
        network.node({ address: stranger }),
        at(proxyAddress),
        requestBytes().toString('latin1').replace('\r\n', `\r\n${via}`),
      );
      await clock.run(50);
      branches.add(far.received[0]!.request.topVia!.branch!);
    }
    expect(branches.size).toBe(5);
  },
);

describe('an answer goes to nobody but who asked', () => {
  it.each([
    'SIP/2.0/UDP 224.0.1.75;rport;branch=z9hG4bK1',
    'SIP/2.0/UDP 255.255.255.255:5060;branch=z9hG4bK1',
    'SIP/2.0/UDP 198.51.100.7;received=198.51.100.7;branch=z9hG4bK1',
    'SIP/2.0/UDP 198.51.100.7;maddr=224.0.1.75;ttl=16;branch=z9hG4bK1',
    'SIP/2.0/UDP [ff02::1];branch=z9hG4bK1',
    'SIP/2.0/UDP 198.51.100.7;rport=9;branch=z9hG4bK1',
    'SIP/2.0/UDP 198.51.100.7:9;branch=z9hG4bK1',
    'SIP/2.0/UDP 198.51.100.7;;;branch=z9hG4bK1',
  ])('%s', { meta: { clause: ['RFC 3261 18.2.2', 'RFC 3581 4'] } }, async (via) => {
    const { clock, network, at, far } = setup();
    far.transactions.onRequest = (tx) => tx.respond({ status: 200 });
    const to: string[] = [];
    network.fate = (packet) => {
      if (!packet.to.startsWith(psap) && !packet.to.startsWith(proxyAddress))
        to.push(packet.to.split(':')[0]!);
      return 1;
    };
    const node = network.node({ address: stranger });
    const request = requestBytes().toString('latin1');
    sendRaw(node, at(proxyAddress), request.replace('\r\n', `\r\nVia: ${via}\r\n`));
    sendRaw(
      node,
      at(proxyAddress),
      request.replace('\r\n', `\r\nVia: ${via}2\r\n`).replace(/^From.*\r\n/m, ''),
    );
    await clock.run(50);
    expect(to).toEqual([stranger, stranger]);
  });

  it(
    'and is no larger by much than what was asked',
    { meta: { clause: ['RFC 3261 26.3.2.4', 'RFC 3261 8.2.6'] } },
    async () => {
      const { clock, network, at } = setup();
      let sent = 0;
      let received = 0;
      network.fate = (packet) => {
        if (packet.from.startsWith(stranger)) sent += packet.bytes.length;
        if (packet.to.startsWith(stranger)) received += packet.bytes.length;
        return 1;
      };
      const node = network.node({ address: stranger });
      const via = (n: number) => `\r\nVia: SIP/2.0/UDP 192.0.2.66;rport;branch=z9hG4bK${n}\r\n`;
      [
        requestBytes({ maxForwards: '0' }),
        requestBytes({ headers: [['Proxy-Require', 'a']] }),
        requestBytes({ method: 'CANCEL' }),
        Buffer.from(requestBytes().toString('latin1').replace('CSeq: 1 MESSAGE', 'CSeq: 1 INFO')),
      ].forEach((bytes, n) =>
        sendRaw(node, at(proxyAddress), bytes.toString('latin1').replace('\r\n', via(n))),
      );
      await clock.run(3_000, 50);
      expect(received / sent).toBeLessThan(1.5);
    },
  );
});

it(
  'a client that uses one branch for everything loses no message',
  { meta: { clause: ['RFC 3261 17.2.3', 'RFC 4475 3.2.1'] } },
  async () => {
    const { clock, network, at, far } = setup();
    far.transactions.onRequest = (tx) => {
      far.received.push(tx);
      tx.respond({ status: 200 });
    };
    const node = network.node({ address: stranger });
    const statuses: string[] = [];
    node.onMessage = ({ message }) =>
      void statuses.push(`${message.status} ${message.callId} ${message.cseq?.number}`);
    const via = '\r\nVia: SIP/2.0/UDP 192.0.2.66;rport;branch=z9hG4bKfixed\r\n';
    const say = (callId: string, cseq: number) =>
      sendRaw(node, at(proxyAddress), requestBytes({ callId, cseq }).toString('latin1').replace('\r\n', via));
    say('one', 1);
    say('one', 1);
    say('one', 2);
    say('two', 1);
    await clock.run(50);
    expect(far.received).toHaveLength(3);
    expect(new Set(statuses)).toEqual(new Set(['200 one 1', '200 one 2', '200 two 1']));
  },
);

it(
  'nothing that was edited in adds a header',
  { meta: { clause: ['RFC 3261 7.3.1', 'RFC 3261 16.6'] } },
  async () => {
    const { clock, at, proxy, callee, caller } = harness();
    const bad = 'x\r\nX-Injected: 1\r\n\r\nbody';
    proxy({
      route: () => ({
        kind: 'forward',
        edits: [
          { op: 'set', name: 'X-Value', value: bad },
          { op: 'append', name: 'X-Name\r\nX-Injected', value: '1' },
          { op: 'replace-first', name: 'To', value: `<sip:a@b>;x="${bad}"` },
        ],
        targets: [{ destination: at(psap), uri: `sip:a@b;x=${bad}` }],
        responseEdits: () => [{ op: 'set', name: 'Reason', value: bad }],
      }),
    });
    const far = callee(psap, (tx) => tx.respond({ status: 200, reason: bad, headers: [['X-Value', bad]] }));
    const asked = ask(caller(), at(proxyAddress), { body: 'as it was' });
    await clock.run(50);
    const { request } = far.received[0]!;
    for (const message of [request, asked.responses[0]!]) {
      expect(message.has('X-Injected')).toBe(false);
    }
    expect(request.body.toString()).toBe('as it was');
    expect(asked.responses[0]!.body.length).toBe(0);
  },
);
