import { esnetValues } from '../priority/resource-priority.js';
import { describe, expect, it } from 'vitest';
import { countingIds, ManualClock, silentLogger } from '@esinet/kernel';
import type { Uri } from '../codec/uri.js';
import { ask, type requestBytes } from '../proxy/proxy-harness.js';
import { parseDigest } from '../registrar/digest.js';
import { MemoryNetwork } from '../transport/memory-network.js';
import type { Destination } from '../transport/destination.js';
import { TransactionLayer } from '../transaction/transaction-layer.js';
import type { UasAnswer } from './uas-answer.js';
import { UserAgent, type UacOutcome, type UserAgentOptions } from './user-agent.js';

const far: Destination = { transport: 'udp', address: '192.0.2.2', port: 5060 };

function pair(server: Partial<UserAgentOptions> = {}, client: Partial<UserAgentOptions> = {}) {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  const located: string[] = [];
  const locator = {
    locate: (uri: Uri | string): Promise<Destination[]> => {
      located.push(typeof uri === 'string' ? uri : uri.text);
      return Promise.resolve(String(located.at(-1)).includes('nowhere') ? [] : [far]);
    },
  };
  const agent = (address: string, o: Partial<UserAgentOptions>) => {
    const transport = network.node({ address });
    const transactions = new TransactionLayer({ transport, clock, logger: silentLogger });
    const ids = countingIds(address.slice(-1));
    const ua = new UserAgent({ transactions, locator, clock, ids, logger: silentLogger, ...o });
    return { transport, transactions, ua };
  };
  return {
    clock,
    network,
    located,
    near: agent('192.0.2.1', client),
    server: agent('192.0.2.2', { onRequest: () => ({ status: 200 }), ...server }),
  };
}

const message = {
  method: 'MESSAGE',
  uri: 'urn:service:sos',
  from: 'sip:a@example.com',
  to: 'urn:service:sos',
};

async function settle(clock: ManualClock, outcome: Promise<UacOutcome>, ms = 1_000): Promise<UacOutcome> {
  await clock.run(ms, 50);
  return outcome;
}

describe('as a server', () => {
  const answersTo = async (o: Parameters<typeof requestBytes>[0], server: Partial<UserAgentOptions> = {}) => {
    const { clock, near } = pair(server);
    const asked = ask(near, far, o);
    await clock.run(200);
    return asked;
  };

  it('405 with Allow', { meta: { clause: 'RFC 3261 8.2.1' } }, async () => {
    const { statuses, responses } = await answersTo({ method: 'INFO' });
    expect([statuses, responses[0]!.header('Allow')]).toEqual([[405], 'MESSAGE, OPTIONS']);
  });

  it('420 with Unsupported', { meta: { clause: 'RFC 3261 8.2.2.3' } }, async () => {
    const { statuses, responses } = await answersTo({ headers: [['Require', 'foo, geolocation-sip']] });
    expect([statuses, responses[0]!.header('Unsupported')]).toEqual([[420], 'foo, geolocation-sip']);
  });

  it(
    '417 to who insists on a priority that is unknown, nothing of it to who does not insist',
    { meta: { clause: ['RFC 4412 4.6.2', 'TS 103 698 6.1.2.5'], shall: '6.1.2.5-14' } },
    async () => {
      const knows = { resourceValues: esnetValues };
      const insists = ['Require', 'resource-priority'] as const;
      const unknown = await answersTo(
        { headers: [insists, ['Resource-Priority', 'dsn.flash, esnet.7']] },
        knows,
      );
      expect(unknown.statuses).toEqual([417]);
      expect(unknown.responses[0]!.values('Accept-Resource-Priority')).toEqual(esnetValues);
      for (const headers of [
        [insists, ['Resource-Priority', 'dsn.flash, ESNET.1'] as const],
        [['Resource-Priority', 'esnet.7'] as const],
      ]) {
        expect((await answersTo({ headers }, knows)).statuses).toEqual([200]);
      }
      expect((await answersTo({ headers: [insists] })).statuses).toEqual([420]);
    },
  );

  it.each([
    ['urn:service:sos', 200],
    ['tel:+34112', 200],
    ['SIPS:desk@madrid.example', 200],
    ['soap.beep://madrid.example', 416],
    ['http://madrid.example/', 416],
  ])(
    'a request for %s: %i',
    { meta: { clause: ['RFC 3261 8.2.2.1', 'RFC 4475 3.3.3'] } },
    async (uri, status) => {
      expect((await answersTo({ uri })).statuses).toEqual([status]);
    },
  );

  it(
    '415 for a body that cannot be read, unless it may be ignored',
    { meta: { clause: ['RFC 3261 8.2.3', 'RFC 4475 3.3.6'] } },
    async () => {
      const bodyTypes = ['text/plain'];
      const asked = (headers: [string, string][], body = 'x') => answersTo({ headers, body }, { bodyTypes });
      const unknown = await asked([['Content-Type', 'application/unheard-of']]);
      expect([unknown.statuses, unknown.responses[0]!.header('Accept')]).toEqual([[415], 'text/plain']);
      const packed = await asked([
        ['Content-Type', 'text/plain'],
        ['Content-Encoding', 'gzip'],
      ]);
      expect([packed.statuses, packed.responses[0]!.header('Accept-Encoding')]).toEqual([[415], 'identity']);
      expect((await asked([['Content-Type', 'Text/Plain ; charset=UTF-8']])).statuses).toEqual([200]);
      expect((await asked([['Content-Type', 'application/unheard-of']], '')).statuses).toEqual([200]);
      const optional: [string, string][] = [
        ['Content-Type', 'application/unheard-of'],
        ['Content-Disposition', 'render;handling=optional'],
      ];
      expect((await asked(optional)).statuses).toEqual([200]);
    },
  );

  it('answers OPTIONS with Allow and Accept', { meta: { clause: 'RFC 3261 11.2' } }, async () => {
    const { statuses, responses } = await answersTo(
      { method: 'OPTIONS', uri: 'sip:x@y' },
      { accept: ['text/plain'] },
    );
    expect(statuses).toEqual([200]);
    expect(responses[0]!.header('Allow')).toBe('MESSAGE, OPTIONS');
    expect(responses[0]!.header('Accept')).toBe('text/plain');
    expect(responses[0]!.to?.tag).toMatch(/^[0-9a-f]{16}$/);
  });

  it('500 when answering throws or rejects', { meta: { clause: 'RFC 3261 21.5.1' } }, async () => {
    const throwing = () => {
      throw new Error('store');
    };
    expect((await answersTo({}, { onRequest: throwing })).statuses).toEqual([500]);
    const nothing = () => Promise.resolve(JSON.parse('null') as UasAnswer);
    expect((await answersTo({}, { onRequest: nothing })).statuses).toEqual([500]);
    expect((await answersTo({}, { onRequest: () => Promise.reject(new Error('store')) })).statuses).toEqual([
      500,
    ]);
  });

  it.each([
    ['reject', 482],
    ['repeat', 202],
  ] as const)(
    'a request that came by two ways: %s',
    { meta: { clause: 'RFC 3261 8.2.2.2' } },
    async (mode, second) => {
      let times = 0;
      const { clock, near, server } = pair({
        mergedRequests: mode,
        onRequest: () => {
          times++;
          return { status: 202 };
        },
      });
      const first = ask(near, far);
      const again = ask(near, far);
      await clock.run(200);
      expect([first.statuses, again.statuses, times]).toEqual([[202], [second], 1]);
      await clock.run(70_000, 500);
      expect(server.transactions.size.server).toBe(0);
      const later = ask(near, far);
      await clock.run(200);
      expect(later.statuses).toEqual([202]);
    },
  );
});

describe('as a client', () => {
  it(
    'writes the request with all it must have',
    { meta: { clause: ['RFC 3261 8.1.1', 'RFC 3261 8.1.2'] } },
    async () => {
      let got: readonly { name: string; value: string }[] = [];
      const { clock, near, located } = pair({
        onRequest: (request) => {
          got = request.headers;
          return { status: 200 };
        },
      });
      const sent = near.ua.send({
        ...message,
        routes: ['<sip:p1.example;lr>', 'sip:p2.example;lr'],
        headers: [['Call-Info', '<urn:emergency:uid:callid:a:b>;purpose=emergency-CallId']],
        body: 'Hilfe',
        contentType: 'text/plain',
      });
      const outcome = await settle(clock, sent);
      expect(outcome.kind === 'response' && outcome.message.status).toBe(200);
      expect(located).toEqual(['sip:p1.example;lr']);
      expect(got.map(({ name, value }) => `${name}: ${value}`)).toEqual([
        expect.stringMatching(/^Via: SIP\/2\.0\/UDP 192\.0\.2\.1:5060;branch=z9hG4bK[0-9a-f]{16};rport$/),
        'Route: <sip:p1.example;lr>',
        'Route: <sip:p2.example;lr>',
        'Max-Forwards: 70',
        expect.stringMatching(/^From: <sip:a@example\.com>;tag=/),
        'To: <urn:service:sos>',
        expect.stringMatching(/^Call-ID: /),
        'CSeq: 1 MESSAGE',
        'Call-Info: <urn:emergency:uid:callid:a:b>;purpose=emergency-CallId',
        'Content-Type: text/plain',
        'Content-Length: 5',
      ]);
    },
  );

  it(
    'goes by its outbound proxy, which it puts into Route when that is loose',
    {
      meta: { clause: 'RFC 3261 8.1.2' },
    },
    async () => {
      let route: string | undefined;
      const onRequest: UserAgentOptions['onRequest'] = (request) => {
        route = request.header('Route');
        return { status: 200 };
      };
      const loose = pair({ onRequest }, { outboundProxy: '<sip:bcf.example;lr>' });
      await settle(loose.clock, loose.near.ua.send(message));
      expect([loose.located, route]).toEqual([['sip:bcf.example;lr'], '<sip:bcf.example;lr>']);
      const plain = pair({ onRequest }, { outboundProxy: 'sip:bcf.example' });
      await settle(plain.clock, plain.near.ua.send(message));
      expect([plain.located, route]).toEqual([['sip:bcf.example'], undefined]);
    },
  );

  it('says why there is no answer', { meta: { clause: ['RFC 3261 8.1.3.1', 'RFC 3263 4'] } }, async () => {
    const { clock, near } = pair({}, {});
    const lost = near.ua.send({ ...message, uri: 'sip:nowhere.example' });
    expect(await settle(clock, lost)).toEqual({ kind: 'failure', reason: 'unlocatable' });
    const silent = near.ua.send({ ...message, destination: { ...far, address: '192.0.2.77' } });
    expect(await settle(clock, silent, 33_000)).toEqual({ kind: 'failure', reason: 'timeout' });
  });

  it(
    'answers a challenge once, with the next CSeq',
    { meta: { clause: ['RFC 3261 22.2', 'RFC 3261 8.1.3.5'] } },
    async () => {
      const seen: string[] = [];
      const challenge = 'Digest realm="lab", nonce="abc", algorithm=SHA-256, qop="auth"';
      const { clock, near } = pair({
        onRequest: (request) => {
          const authorization = request.header('Authorization');
          seen.push(
            `${request.callId} ${request.cseq?.number} ${parseDigest(authorization ?? '')?.get('username')}`,
          );
          return authorization
            ? { status: 403 }
            : { status: 401, headers: [['WWW-Authenticate', challenge]] };
        },
      });
      const sent = near.ua.send({
        ...message,
        callId: 'one',
        credentials: { user: 'alice', password: 'pw' },
      });
      const outcome = await settle(clock, sent);
      expect(outcome.kind === 'response' && outcome.message.status).toBe(403);
      expect(seen).toEqual(['one 1 undefined', 'one 2 alice']);
    },
  );
});
