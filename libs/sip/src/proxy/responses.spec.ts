import { describe, expect, it } from 'vitest';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import { bestResult } from './best-response.js';
import { ask, harness, proxyAddress, requestBytes } from './proxy-harness.js';
import type { ForwardTarget } from './route-decision.js';

const first = '192.0.2.20';
const second = '192.0.2.21';
const nobody = '192.0.2.99';
const answer = (status: number) => (tx: ServerTransaction) => tx.respond({ status });
const final = (statuses: readonly (number | string)[]) =>
  statuses.filter((s) => typeof s === 'string' || s >= 200);

describe('one target after the other', () => {
  const setup = (places: readonly string[], transport: 'udp' | 'tcp' = 'udp') => {
    const made = harness(transport);
    const outcomes: unknown[] = [];
    const targets: ForwardTarget[] = places.map((place) => ({ destination: made.at(place) }));
    const proxy = made.proxy({
      route: () => ({
        kind: 'forward',
        targets,
        onOutcome: ({ status, target }) => outcomes.push({ status, target }),
      }),
    });
    return { ...made, outcomes, proxyNode: proxy };
  };

  it(
    'the next at once when there is no connection',
    { meta: { clause: ['RFC 3261 16.9', 'RFC 3263 4.3'] } },
    async () => {
      const { clock, at, callee, caller, outcomes } = setup([nobody, second], 'tcp');
      callee(second, answer(200));
      const asked = ask(caller(), at(proxyAddress));
      await clock.run(50);
      expect(asked.statuses).toEqual([200]);
      expect(outcomes).toEqual([{ status: 200, target: 1 }]);
    },
  );

  it(
    'the next after 4 s of silence',
    {
      meta: { clause: ['RFC 3261 16.6', 'RFC 3261 16.7'] },
    },
    async () => {
      const { clock, at, callee, caller, outcomes } = setup([first, second]);
      const one = callee(first);
      const two = callee(second);
      const asked = ask(caller(), at(proxyAddress));
      await clock.run(3_000, 50);
      expect([one.received.length, two.received.length]).toEqual([1, 0]);
      // The 100 that the first one sends by itself after 3.5 s would tell that it lives.
      one.received[0]!.discard();
      await clock.run(1_500, 50);
      expect(two.received).toHaveLength(1);
      two.received[0]!.respond({ status: 200 });
      await clock.run(500, 50);
      expect(final(asked.statuses)).toEqual([200]);
      expect(outcomes).toEqual([{ status: 200, target: 1 }]);
    },
  );

  it(
    'a late 200 of the silent one counts while the next is still out',
    { meta: { clause: 'RFC 3261 16.7' } },
    async () => {
      const { clock, network, at, callee, caller, outcomes } = setup([first, second]);
      const one = callee(first, answer(200));
      const two = callee(second);
      let cut = true;
      network.fate = (packet) => (cut && packet.from.startsWith(first) ? 0 : 1);
      const asked = ask(caller(), at(proxyAddress));
      await clock.run(4_500, 50);
      expect([one.received.length, two.received.length]).toEqual([1, 1]);
      cut = false;
      await clock.run(4_000, 50);
      two.received[0]!.respond({ status: 404 });
      await clock.run(500, 50);
      expect(final(asked.statuses)).toEqual([200]);
      expect(outcomes).toEqual([{ status: 200, target: 0 }]);
    },
  );

  it(
    'goes to the living first while a dead one is remembered, and tries the dead one again later',
    {
      meta: { clause: 'RFC 3263 4.3' },
    },
    async () => {
      const { clock, network, at, callee, caller, outcomes } = setup([first, second]);
      const one = callee(first, answer(200));
      const two = callee(second, answer(200));
      network.fate = (packet) => (packet.to.startsWith(first) ? 0 : 1);
      const from = caller();
      const send = async (callId: string, ms: number) => {
        const asked = ask(from, at(proxyAddress), { callId });
        await clock.run(ms, ms > 1_000 ? 50 : 5);
        return final(asked.statuses);
      };
      expect(await send('a', 4_500)).toEqual([200]);
      expect(await send('b', 50)).toEqual([200]);
      expect(outcomes).toEqual([
        { status: 200, target: 1 },
        { status: 200, target: 1 },
      ]);
      network.fate = () => 1;
      await clock.run(70_000, 500);
      expect(await send('c', 50)).toEqual([200]);
      expect([one.received.length, two.received.length]).toEqual([2, 2]);
      expect(outcomes[2]).toEqual({ status: 200, target: 0 });
    },
  );

  it(
    'drops a connection over which nothing comes',
    { meta: { clause: ['RFC 3261 18.4', 'RFC 5923 6'] } },
    async () => {
      const { clock, network, at, callee, caller, proxyNode } = setup([first, second], 'tcp');
      const one = callee(first, answer(200));
      callee(second);
      const dropped: string[] = [];
      proxyNode.transport.onFlowClosed((flow) => dropped.push(flow.remoteAddress));
      let halfOpen = true;
      network.fate = (packet) => (halfOpen && packet.to.startsWith(first) ? 0 : 1);
      const asked = ask(caller(), at(proxyAddress));
      await clock.run(3_900, 50);
      halfOpen = false;
      await clock.run(500, 50);
      expect(dropped).toEqual([first]);
      expect(one.received).toHaveLength(1);
      expect(final(asked.statuses)).toEqual([200]);
    },
  );

  it('stays with one that has said 100', { meta: { clause: 'RFC 4320 4.1' } }, async () => {
    const { clock, at, callee, caller } = setup([first, second]);
    callee(first);
    const two = callee(second);
    ask(caller(), at(proxyAddress));
    await clock.run(20_000, 100);
    expect(two.received).toHaveLength(0);
  });

  it.each([
    [503, 200, 1],
    [408, 200, 1],
    [430, 200, 1],
    [480, 480, 0],
    [486, 486, 0],
    [500, 500, 0],
    [404, 404, 0],
    [603, 603, 0],
  ])(
    '%i of the first becomes %i',
    { meta: { clause: ['RFC 3261 16.7', 'RFC 3263 4.3'] } },
    async (given, got, target) => {
      const { clock, at, callee, caller, outcomes } = setup([first, second], 'tcp');
      // RFC 4320 forbids our own stack to send a 408 to MESSAGE: it is written by hand.
      callee(first, (tx) => {
        if (given !== 408) return tx.respond({ status: given });
        const via = tx.request.headerLines('Via').map((value) => `Via: ${value}\r\n`);
        tx.flow.send(
          Buffer.from(
            `SIP/2.0 408 Request Timeout\r\n${via.join('')}From: ${tx.request.header('From')}\r\n` +
              `To: ${tx.request.header('To')};tag=x\r\nCall-ID: ${tx.request.callId}\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n`,
          ),
        );
      });
      callee(second, answer(200));
      const asked = ask(caller(), at(proxyAddress));
      await clock.run(50);
      expect(asked.statuses).toEqual([got]);
      expect(outcomes).toEqual([{ status: got, target }]);
    },
  );

  it(
    '500, not 503, when all of them refuse',
    { meta: { clause: 'RFC 3261 16.7', shall: '6.1.2.9-1' } },
    async () => {
      const { clock, at, callee, caller, outcomes } = setup([nobody, second], 'tcp');
      callee(second, answer(503));
      const asked = ask(caller(), at(proxyAddress));
      await clock.run(50);
      expect(asked.statuses).toEqual([500]);
      expect(outcomes).toHaveLength(1);
    },
  );

  it(
    'nothing when all of them are silent: the client has timed out by itself',
    {
      meta: { clause: ['RFC 4320 4.2', 'RFC 3261 16.8'] },
    },
    async () => {
      const { clock, network, at, caller, outcomes, proxyNode } = setup([nobody]);
      network.fate = (packet) => (packet.to.startsWith(nobody) ? 0 : 1);
      const asked = ask(caller(), at(proxyAddress));
      await clock.run(80_000, 500);
      expect(final(asked.statuses)).toEqual(['timeout']);
      expect(outcomes).toEqual([{ status: 408, target: 0 }]);
      expect(proxyNode.transactions.size).toEqual({ server: 0, client: 0 });
    },
  );

  it('adds the challenges of the others to a 407', { meta: { clause: 'RFC 3261 16.7' } }, async () => {
    const made = harness();
    const { clock, at, callee, caller } = made;
    made.proxy({
      route: () => ({ kind: 'forward', targets: [{ destination: at(first) }, { destination: at(second) }] }),
      failoverOn: (status) => status === 401 || status === 407,
    });
    const challenge = (status: number, name: string, realm: string) => (tx: ServerTransaction) =>
      tx.respond({ status, headers: [[name, `Digest realm="${realm}", nonce="n"`]] });
    callee(first, challenge(401, 'WWW-Authenticate', 'one'));
    callee(second, challenge(407, 'Proxy-Authenticate', 'two'));
    const asked = ask(caller(), at(proxyAddress));
    await clock.run(100);
    expect(asked.statuses).toEqual([401]);
    expect(asked.responses[0]!.header('WWW-Authenticate')).toContain('realm="one"');
    expect(asked.responses[0]!.header('Proxy-Authenticate')).toContain('realm="two"');
  });
});

describe('INVITE', () => {
  const setup = (o: { timerCMs?: number } = {}) => {
    const made = harness();
    const proxy = made.proxy({
      recordRoute: true,
      route: (request) => ({
        kind: 'forward',
        targets: request.method === 'INVITE' ? [{ destination: made.at(first) }] : [{}],
      }),
      ...o,
    });
    const far = made.callee(first);
    const near = made.caller();
    const call = () => ask(near, made.at(proxyAddress), { method: 'INVITE', uri: 'sip:bob@b.example' });
    return { ...made, proxyNode: proxy, far, near, call };
  };

  it(
    '180, 200, ACK and BYE by Record-Route',
    {
      meta: { clause: ['RFC 3261 16.6', 'RFC 3261 16.7', 'RFC 3261 16.11', 'RFC 3261 16.12.1.1'] },
    },
    async () => {
      const { clock, at, far, near, call } = setup();
      const asked = call();
      await clock.run(50);
      const invite = far.received[0]!;
      expect(invite.request.header('Record-Route')).toBe(`<sip:${proxyAddress}:5060;lr>`);
      invite.respond({ status: 180 });
      await clock.run(50);
      invite.respond({ status: 200, headers: [['Record-Route', invite.request.header('Record-Route')!]] });
      await clock.run(50);
      expect(asked.statuses).toEqual([180, 200]);
      const routes = [['Route', asked.responses[1]!.header('Record-Route')!]] as const;
      const inDialog = { uri: `sip:bob@${first}`, headers: routes };
      near.transactions.sendStateless({
        bytes: requestBytes({ ...inDialog, method: 'ACK' }),
        destination: at(proxyAddress),
      });
      await clock.run(50);
      expect(far.acks).toHaveLength(1);
      expect(far.acks[0]!.has('Route')).toBe(false);
      expect(far.acks[0]!.vias).toHaveLength(2);
      const bye = ask(near, at(proxyAddress), { ...inDialog, method: 'BYE', cseq: 2 });
      await clock.run(50);
      far.received[1]!.respond({ status: 200 });
      await clock.run(50);
      expect(bye.statuses).toEqual([200]);
    },
  );

  it(
    'passes each repetition of a 2xx on',
    { meta: { clause: ['RFC 6026 7.1', 'RFC 6026 7.2'] } },
    async () => {
      const { clock, far, call } = setup();
      const asked = call();
      await clock.run(50);
      for (let i = 0; i < 3; i++) {
        far.received[0]!.respond({ status: 200 });
        await clock.run(500, 50);
      }
      expect(asked.statuses).toEqual([200, 200, 200]);
    },
  );

  it(
    'is cancelled on every branch, and the caller gets the 487',
    {
      meta: { clause: ['RFC 3261 16.10', 'RFC 3261 9.2'] },
    },
    async () => {
      const { clock, far, call, proxyNode } = setup();
      const asked = call();
      await clock.run(50);
      far.received[0]!.respond({ status: 180 });
      far.received[0]!.onCancel(() => far.received[0]!.respond({ status: 487 }));
      await clock.run(50);
      asked.client.cancel();
      await clock.run(200);
      expect(far.received[0]!.cancelled).toBe(true);
      expect(asked.statuses).toEqual([180, 487]);
      await clock.run(80_000, 500);
      expect(proxyNode.transactions.size).toEqual({ server: 0, client: 0 });
    },
  );

  it(
    'is 487 when cancelled while its route is still being found',
    { meta: { clause: 'RFC 3261 16.10' } },
    async () => {
      const made = harness();
      let decide: () => void = () => undefined;
      const decided = new Promise<void>((resolve) => (decide = resolve));
      made.proxy({
        route: async () => {
          await decided;
          return { kind: 'forward', targets: [{ destination: made.at(first) }] };
        },
      });
      const far = made.callee(first);
      const asked = ask(made.caller(), made.at(proxyAddress), { method: 'INVITE' });
      await made.clock.run(400, 50);
      asked.client.cancel();
      await made.clock.run(100);
      decide();
      await made.clock.run(100);
      expect(asked.statuses).toEqual([100, 487]);
      expect(far.received).toHaveLength(0);
    },
  );

  it('is given up by Timer C: CANCEL once it rang', { meta: { clause: 'RFC 3261 16.8' } }, async () => {
    const { clock, far, call } = setup({ timerCMs: 10_000 });
    const asked = call();
    await clock.run(50);
    const invite = far.received[0]!;
    invite.onCancel(() => invite.respond({ status: 487 }));
    invite.respond({ status: 180 });
    await clock.run(8_000, 100);
    invite.respond({ status: 183 });
    await clock.run(8_000, 100);
    expect(asked.statuses).toEqual([180, 183]);
    await clock.run(4_000, 100);
    expect(asked.statuses).toEqual([180, 183, 487]);
  });

  it(
    'is 408 when nobody says anything',
    { meta: { clause: ['RFC 3261 16.8', 'RFC 3261 16.7'] } },
    async () => {
      const { clock, network, call } = setup();
      network.fate = (packet) => (packet.to.startsWith(first) ? 0 : 1);
      const asked = call();
      await clock.run(40_000, 200);
      expect(asked.statuses).toEqual([100, 408]);
    },
  );

  it(
    'acknowledges a refusal hop by hop',
    { meta: { clause: ['RFC 3261 16.7', 'RFC 3261 17.1.1.3'] } },
    async () => {
      const { clock, far, call } = setup();
      const asked = call();
      await clock.run(50);
      far.received[0]!.respond({ status: 486 });
      await clock.run(5_000, 50);
      expect(asked.statuses).toEqual([486]);
      expect(far.acks).toHaveLength(0);
    },
  );
});

it(
  'prefers 6xx, then the lowest class, then what tells how to ask again',
  { meta: { clause: 'RFC 3261 16.7' } },
  () => {
    const best = (...statuses: number[]) =>
      bestResult(statuses.map((status, target) => ({ target, status })))?.status;
    expect(best(503, 404, 600, 302)).toBe(600);
    expect(best(503, 404, 302)).toBe(302);
    expect(best(404, 415, 486)).toBe(415);
    expect(best(404, 407, 501)).toBe(407);
    expect(best()).toBeUndefined();
  },
);
