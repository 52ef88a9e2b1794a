import { describe, expect, it } from 'vitest';
import { ask, harness, parsed, proxyAddress, requestBytes, sendRaw } from './proxy-harness.js';
import type { RouteDecision } from './route-decision.js';

const psap = '192.0.2.20';
const other = '192.0.2.21';
const viaOf = (text: string) => `Via: SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK${text}\r\n`;

/** The request as it would look with our Via put under the start line. */
function withVia(bytes: Buffer, via: string): string {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n') + 2;
  return text.slice(0, end) + via + text.slice(end);
}

describe('forwarding a request', () => {
  it(
    'changes Via and Max-Forwards and not one octet more',
    { meta: { clause: 'RFC 3261 16.6', shall: ['6.1.2.3-4', '6.1.2.4-1'] } },
    async () => {
      const { clock, network, at, proxy, callee } = harness();
      proxy({ route: () => ({ kind: 'forward', targets: [{ destination: at(psap) }] }) });
      const far = callee(psap);
      const stranger = network.node({ address: '192.0.2.1' });
      const headers = [
        ['x-odd', '  <>;;"  '],
        ['geolocation', '<cid:a@b>'],
        ['CALL-INFO', '<urn:emergency:uid:callid:a1:x>;purpose=emergency-CallId'],
        ['Date', 'never'],
      ] as const;
      const original = withVia(requestBytes({ headers, body: '\u0000\u00ff\r\n\r\nSIP/2.0' }), viaOf('1'));
      sendRaw(stranger, at(proxyAddress), Buffer.from(original, 'latin1'));
      await clock.run(50);
      const got = far.received[0]!.request.bytes.toString('latin1');
      const lines = got.split('\r\n');
      expect(lines[1]).toMatch(
        /^Via: SIP\/2\.0\/UDP 192\.0\.2\.100:5060;branch=z9hG4bK[0-9a-f]{16}-[0-9a-f]{8};rport$/,
      );
      expect(lines[2]).toBe('Via: SIP/2.0/UDP 192.0.2.1;rport=5060;branch=z9hG4bK1;received=192.0.2.1');
      const restored = got
        .replace(`${lines[1]}\r\n`, '')
        .replace(`${lines[2]}\r\n`, viaOf('1'))
        .replace('Max-Forwards: 69', 'Max-Forwards: 70');
      expect(restored).toBe(original);
    },
  );

  it('adds a Max-Forwards of 70 where there was none', { meta: { clause: 'RFC 3261 16.6' } }, async () => {
    const { clock, at, proxy, callee, caller } = harness();
    proxy({ route: () => ({ kind: 'forward', targets: [{ destination: at(psap) }] }) });
    const far = callee(psap);
    ask(caller(), at(proxyAddress), { maxForwards: '' });
    await clock.run(50);
    expect(far.received[0]!.request.maxForwards).toBe(70);
  });

  it(
    'applies the edits and the Request-URI of the decision and of the target',
    {
      meta: { clause: ['RFC 3261 16.5', 'RFC 3261 16.6'] },
    },
    async () => {
      const { clock, at, proxy, callee, caller } = harness();
      const outcomes: unknown[] = [];
      proxy({
        route: () => ({
          kind: 'forward',
          edits: [{ op: 'set', name: 'Resource-Priority', value: 'esnet.1' }],
          targets: [
            {
              destination: at(psap),
              uri: 'sip:madrid@psap.example',
              edits: [{ op: 'prepend', name: 'History-Info', value: '<sip:m@x>;index=1' }],
            },
          ],
          responseEdits: (response) => [{ op: 'set', name: 'X-Saw', value: String(response.status) }],
          onOutcome: (outcome) => outcomes.push(outcome),
        }),
      });
      const far = callee(psap, (tx) => tx.respond({ status: 200 }));
      const asked = ask(caller(), at(proxyAddress));
      await clock.run(50);
      const { request } = far.received[0]!;
      expect(request.requestUri).toBe('sip:madrid@psap.example');
      expect(request.header('Resource-Priority')).toBe('esnet.1');
      expect(request.header('History-Info')).toBe('<sip:m@x>;index=1');
      expect(request.header('To')).toBe('<urn:service:sos>');
      expect(asked.responses[0]!.header('X-Saw')).toBe('200');
      expect(outcomes).toEqual([{ status: 200, target: 0 }]);
    },
  );

  it(
    'brings an answer back through two proxies',
    { meta: { clause: ['RFC 3261 16.7', 'RFC 3261 18.2.2'] } },
    async () => {
      const { clock, at, proxy, callee, caller } = harness();
      proxy({ route: () => ({ kind: 'forward', targets: [{ destination: at(other) }] }) });
      proxy({ route: () => ({ kind: 'forward', targets: [{ destination: at(psap) }] }) }, other);
      const far = callee(psap, (tx) => tx.respond({ status: 202 }));
      const asked = ask(caller(), at(proxyAddress));
      await clock.run(50);
      expect(far.received[0]!.request.vias.map((via) => via.host)).toEqual([
        other,
        proxyAddress,
        '192.0.2.1',
      ]);
      expect(asked.statuses).toEqual([202]);
      expect(asked.responses[0]!.vias).toHaveLength(1);
    },
  );

  it(
    'delivers once and answers all repetitions when the far side loses messages',
    {
      meta: { clause: ['RFC 3261 17.1.2.2', 'RFC 3261 17.2.2'] },
    },
    async () => {
      const { clock, network, at, proxy, callee, caller } = harness();
      proxy({ route: () => ({ kind: 'forward', targets: [{ destination: at(psap) }] }) });
      const far = callee(psap, (tx) => tx.respond({ status: 200 }));
      let lost = 0;
      network.fate = (packet) => {
        const farSide = packet.to.startsWith(psap) || packet.from.startsWith(psap);
        return farSide && lost++ < 4 ? 0 : 2;
      };
      const asked = ask(caller(), at(proxyAddress));
      await clock.run(20_000, 50);
      expect(far.received).toHaveLength(1);
      expect(asked.statuses.filter((status) => status !== 100)).toEqual([200]);
    },
  );
});

it(
  'tries a target that stands in after one that has just failed',
  { meta: { clause: ['RFC 3263 4.3', 'TS 103 698 D.2'] } },
  async () => {
    const { clock, at, proxy, callee, caller } = harness();
    const targets = [{ destination: at(psap) }, { destination: at('192.0.2.9'), standsIn: true }];
    proxy({ route: () => ({ kind: 'forward', targets }), failoverMs: 500 });
    let away = true;
    const meant = callee(psap, (tx) => void (away || tx.respond({ status: 200 })));
    const standIn = callee('192.0.2.9', (tx) => tx.respond({ status: 200 }));
    const from = caller();
    ask(from, at(proxyAddress), { callId: 'first' });
    await clock.run(1_000, 50);
    expect(standIn.received).toHaveLength(1);
    away = false;
    const again = ask(from, at(proxyAddress), { callId: 'again' });
    await clock.run(200, 50);
    expect(again.statuses).toEqual([200]);
    expect(meant.received).toHaveLength(2);
    expect(standIn.received).toHaveLength(1);
  },
);

it(
  'answers 500 when an edit of the decision cannot be carried out',
  { meta: { clause: 'RFC 3261 21.5.1' } },
  async () => {
    const { clock, at, proxy, callee, caller } = harness();
    const broken = JSON.parse('[null]') as [];
    proxy({
      route: (request) => ({
        kind: 'forward',
        targets: [{ destination: at(psap) }],
        ...(request.callId === 'request' ? { edits: broken } : { responseEdits: () => broken }),
      }),
    });
    callee(psap, (tx) => tx.respond({ status: 200 }));
    const from = caller();
    const first = ask(from, at(proxyAddress), { callId: 'request' });
    const second = ask(from, at(proxyAddress), { callId: 'response' });
    await clock.run(100);
    expect([first.statuses, second.statuses]).toEqual([[500], [500]]);
  },
);

describe('choosing the next hop', () => {
  it(
    'takes its own Route off and follows the next one',
    { meta: { clause: ['RFC 3261 16.4', 'RFC 3261 16.6'] } },
    async () => {
      const { clock, at, proxy, callee, caller } = harness();
      const seen: (string | undefined)[] = [];
      proxy({
        route: (request) => {
          seen.push(request.header('Route'));
          return { kind: 'forward', targets: [{}] };
        },
      });
      const far = callee(psap);
      const headers = [['Route', `<sip:proxy.example;lr>, <sip:${psap};lr>`]] as const;
      ask(caller(), at(proxyAddress), { uri: 'sip:x@unknown.example', headers });
      await clock.run(50);
      expect(seen).toEqual([`<sip:${psap};lr>`]);
      expect(far.received[0]!.request.values('Route')).toEqual([`<sip:${psap};lr>`]);
      expect(far.received[0]!.request.requestUri).toBe('sip:x@unknown.example');
    },
  );

  it(
    'follows a Route that the decision puts on an emergency URN',
    { meta: { clause: 'RFC 3261 16.6' } },
    async () => {
      const { clock, at, proxy, callee, caller } = harness();
      const route = `<sip:madrid@${psap};lr>`;
      proxy({
        route: () => ({
          kind: 'forward',
          targets: [{}],
          edits: [{ op: 'prepend', name: 'Route', value: route }],
        }),
      });
      const far = callee(psap);
      ask(caller(), at(proxyAddress));
      await clock.run(50);
      expect(far.received[0]!.request.requestUri).toBe('urn:service:sos');
      expect(far.received[0]!.request.header('Route')).toBe(route);
    },
  );

  it(
    'gives a strict router its form',
    { meta: { clause: ['RFC 3261 16.6', 'RFC 3261 16.12.1.2'] } },
    async () => {
      const { clock, at, proxy, callee, caller } = harness();
      proxy({ route: () => ({ kind: 'forward', targets: [{}] }) });
      const far = callee(psap);
      const headers = [['Route', `<sip:${psap}>, <sip:p2.example;lr>`]] as const;
      ask(caller(), at(proxyAddress), { uri: 'sip:callee@u2.example', headers });
      await clock.run(50);
      const { request } = far.received[0]!;
      expect(request.requestUri).toBe(`sip:${psap}`);
      expect(request.values('Route')).toEqual(['<sip:p2.example;lr>', '<sip:callee@u2.example>']);
    },
  );

  it(
    'undoes what a strict router before it did',
    { meta: { clause: ['RFC 3261 16.4', 'RFC 3261 16.12.1.2'] } },
    async () => {
      const { clock, at, proxy, callee, caller } = harness();
      proxy({ route: () => ({ kind: 'forward', targets: [{}] }) });
      const far = callee(psap);
      const headers = [['Route', `<sip:${psap};lr>, <sip:caller@u1.example>`]] as const;
      ask(caller(), at(proxyAddress), { uri: 'sip:proxy.example;lr', headers });
      await clock.run(50);
      const { request } = far.received[0]!;
      expect(request.requestUri).toBe('sip:caller@u1.example');
      expect(request.values('Route')).toEqual([`<sip:${psap};lr>`]);
    },
  );
});

describe('refusing a request', () => {
  const refused = async (
    o: Parameters<typeof requestBytes>[0],
    route: () => RouteDecision | Promise<RouteDecision> = () => ({ kind: 'forward', targets: [{}] }),
  ) => {
    const { clock, at, proxy, caller } = harness();
    const made = proxy({ route });
    const asked = ask(caller(), at(proxyAddress), o);
    await clock.run(50);
    return { ...asked, counters: made.transactions.counters };
  };
  const statusOf = async (...o: Parameters<typeof refused>) => (await refused(...o)).statuses;

  it(
    '483 at Max-Forwards 0, but OPTIONS is answered',
    { meta: { clause: ['RFC 3261 16.3', 'RFC 3261 11'], shall: '6.1.2.4-1' } },
    async () => {
      expect(await statusOf({ maxForwards: '0' })).toEqual([483]);
      expect(await statusOf({ maxForwards: '0', method: 'REGISTER' })).toEqual([483]);
      expect(await statusOf({ maxForwards: '0', method: 'OPTIONS' })).toEqual([200]);
      // For a registrar here it has gone far enough.
      const register = { maxForwards: '0', method: 'REGISTER' };
      expect(await statusOf(register, () => ({ kind: 'answer', status: 200 }))).toEqual([200]);
    },
  );

  it('answers OPTIONS to its own address', { meta: { clause: 'RFC 3261 11' } }, async () => {
    expect(await statusOf({ method: 'OPTIONS', uri: `sip:${proxyAddress}:5060` })).toEqual([200]);
    expect(await statusOf({ method: 'OPTIONS', uri: 'sip:proxy.example' })).toEqual([200]);
    expect(await statusOf({ method: 'OPTIONS', uri: 'sip:user@proxy.example' })).not.toEqual([200]);
    // Asked through a load balancer, or by a tool that cuts a long port short.
    expect(await statusOf({ method: 'OPTIONS', uri: 'sip:192.0.2.7:506' })).toEqual([200]);
    expect(await statusOf({ method: 'OPTIONS', uri: 'sip:[2001:db8::7]' })).toEqual([200]);
  });

  it(
    '420 with what it does not understand of Proxy-Require',
    { meta: { clause: 'RFC 3261 16.3', shall: '6.1.2.4-12' } },
    async () => {
      const { statuses, responses } = await refused({ headers: [['Proxy-Require', 'foo, bar']] });
      expect(statuses).toEqual([420]);
      expect(responses[0]!.header('Unsupported')).toBe('foo, bar');
    },
  );

  it('416 for a scheme that nothing says how to route', { meta: { clause: 'RFC 3261 16.3' } }, async () => {
    expect(await statusOf({ uri: 'urn:service:sos' })).toEqual([416]);
    expect(await statusOf({ uri: 'tel:+34112' })).toEqual([416]);
  });

  it(
    '500 where no server can be located, 480 without a target',
    { meta: { clause: ['RFC 3261 16.5', 'RFC 3261 16.9'] } },
    async () => {
      expect(await statusOf({ uri: 'sip:x@unknown.example' })).toEqual([500]);
      expect(await statusOf({}, () => ({ kind: 'forward', targets: [] }))).toEqual([480]);
    },
  );

  it('500 when routing throws or rejects, counted', { meta: { clause: 'RFC 3261 21.5.1' } }, async () => {
    const thrown = await refused({}, () => {
      throw new Error('lookup');
    });
    expect([thrown.statuses, thrown.counters.errors]).toEqual([[500], 1]);
    const rejected = await refused({}, () => Promise.reject(new Error('lookup')));
    expect([rejected.statuses, rejected.counters.errors]).toEqual([[500], 1]);
  });

  it(
    'what the decision says: rejected, answered, discarded',
    { meta: { clause: 'RFC 3261 16.5' } },
    async () => {
      const headers = [['Retry-After', '5']] as const;
      const rejected = await refused({}, () => ({
        kind: 'reject',
        status: 486,
        reason: 'Too Many Tests',
        headers,
      }));
      expect(rejected.statuses).toEqual([486]);
      expect(rejected.responses[0]!.reason).toBe('Too Many Tests');
      expect(rejected.responses[0]!.header('Retry-After')).toBe('5');
      expect(await statusOf({}, async () => ({ kind: 'answer', status: 200 }))).toEqual([200]);
      expect(await statusOf({}, () => ({ kind: 'discard' }))).toEqual([]);
    },
  );

  it(
    '482 for a loop, while a spiral goes on',
    { meta: { clause: ['RFC 3261 16.3', 'RFC 5393 4.2.2'] } },
    async () => {
      const { clock, at, proxy, callee, caller } = harness();
      let rounds = 0;
      proxy({
        route: (request) => {
          rounds++;
          if (request.requestUri === 'sip:spiral-2@x.example')
            return { kind: 'forward', targets: [{ destination: at(psap) }] };
          const uri =
            request.requestUri === 'sip:spiral@x.example' ? 'sip:spiral-2@x.example' : request.requestUri;
          return { kind: 'forward', targets: [{ destination: at(proxyAddress), uri }] };
        },
      });
      callee(psap, (tx) => tx.respond({ status: 200 }));
      const from = caller();
      const looped = ask(from, at(proxyAddress), { uri: 'sip:loop@x.example' });
      await clock.run(100);
      expect([looped.statuses, rounds]).toEqual([[482], 1]);
      const spiral = ask(from, at(proxyAddress), { uri: 'sip:spiral@x.example', callId: 'call-2' });
      await clock.run(100);
      expect(spiral.statuses).toEqual([200]);
    },
  );

  it(
    'refuses what is broken and drops a broken ACK',
    { meta: { clause: ['RFC 3261 8.2', 'RFC 3261 16.3'] } },
    async () => {
      const { clock, network, at, proxy } = harness();
      proxy({ route: () => ({ kind: 'forward', targets: [{}] }) });
      const stranger = network.node({ address: '192.0.2.1' });
      const answers: string[] = [];
      stranger.onMessage = ({ message }) => void answers.push(`${message.status}`);
      const whole = withVia(requestBytes(), viaOf('b'));
      sendRaw(stranger, at(proxyAddress), whole.replace('CSeq: 1 MESSAGE', 'CSeq: 1 INVITE'));
      sendRaw(stranger, at(proxyAddress), whole.replace(/^From.*\r\n/m, ''));
      sendRaw(
        stranger,
        at(proxyAddress),
        whole.replace('MESSAGE urn', 'ACK urn').replace('CSeq: 1 MESSAGE', 'CSeq: x'),
      );
      await clock.run(100);
      expect(answers).toEqual(['400', '400']);
      expect(parsed(Buffer.from(whole)).method).toBe('MESSAGE');
    },
  );
});
