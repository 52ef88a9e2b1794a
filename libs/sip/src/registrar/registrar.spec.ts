import { describe, expect, it } from 'vitest';
import { ManualClock, countingIds } from '@esinet/kernel';
import { parseDatagram } from '../codec/datagram.js';
import type { SipMessage } from '../codec/sip-message.js';
import type { TransportName } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';
import { answerDigest, parseDigest } from './digest.js';
import { type RegistrarAnswer, type RegistrarLimits, Registrar } from './registrar.js';

const passwords: Record<string, string> = { alice: 'wonder', bob: 'builder' };

function flow(id: string, transport: TransportName = 'ws'): Flow {
  return {
    id,
    transport,
    listener: 'l',
    localAddress: '192.0.2.1',
    localPort: 5060,
    remoteAddress: '192.0.2.9',
    remotePort: 40_000,
    reliable: transport !== 'udp',
    open: true,
    send: () => undefined,
    onError: () => () => undefined,
  };
}

function parsed(text: string): SipMessage {
  const result = parseDatagram(Buffer.from(text));
  if (result.kind !== 'message') throw new Error(JSON.stringify(result));
  return result.message;
}

interface Asked {
  user?: string;
  to?: string;
  callId?: string;
  cseq?: number;
  headers?: string[];
  authorization?: string;
  vias?: number;
}

function request(o: Asked): SipMessage {
  const vias = Array.from(
    { length: o.vias ?? 1 },
    (_, i) => `Via: SIP/2.0/WS h${i}.invalid;branch=z9hG4bK${i}`,
  );
  return parsed(
    [
      'REGISTER sip:provider.lab SIP/2.0',
      ...vias,
      'Max-Forwards: 70',
      `To: <${o.to ?? `sip:${o.user ?? 'alice'}@provider.lab`}>`,
      `From: <sip:${o.user ?? 'alice'}@provider.lab>;tag=t`,
      `Call-ID: ${o.callId ?? 'c1'}`,
      `CSeq: ${o.cseq ?? 1} REGISTER`,
      ...(o.headers ?? []),
      ...(o.authorization ? [`Authorization: ${o.authorization}`] : []),
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  );
}

function setup(limits: Partial<RegistrarLimits> = {}) {
  const clock = new ManualClock();
  const registrar = new Registrar({
    domain: 'provider.lab',
    credentials: (user) => passwords[user],
    clock,
    ids: countingIds(),
    limits,
  });
  const challenge = async (algorithm = 'MD5') => {
    const answer = await registrar.register(request({}), flow('f'));
    return all(answer, 'WWW-Authenticate').find((value) => value.includes(`algorithm=${algorithm}`))!;
  };
  const authorization = async (user = 'alice', password = passwords[user] ?? 'x', algorithm = 'MD5') =>
    answerDigest(await challenge(algorithm), { user, password, method: 'REGISTER', uri: 'sip:provider.lab' });
  const register = async (o: Asked, over = flow('f')) =>
    registrar.register(request({ ...o, authorization: await authorization(o.user) }), over);
  return { clock, registrar, challenge, authorization, register };
}

const all = (answer: RegistrarAnswer, name: string) =>
  answer.headers.filter(([header]) => header === name).map(([, value]) => value);
const contacts = (registrar: Registrar, user = 'alice') =>
  registrar.bindings(user).map((binding) => binding.contact);

describe('authentication', () => {
  it(
    'offers MD5 last, for clients that look at the last challenge only',
    { meta: { clause: 'RFC 8760 2.3' } },
    async () => {
      const { registrar } = setup();
      const answer = await registrar.register(request({}), flow('f'));
      expect(answer.status).toBe(401);
      const algorithms = all(answer, 'WWW-Authenticate').map((value) => parseDigest(value)!.get('algorithm'));
      expect(algorithms).toEqual(['SHA-256', 'MD5']);
    },
  );

  it.each(['MD5', 'SHA-256'])(
    'lets a user in with %s',
    { meta: { clause: ['RFC 7616 3.4', 'RFC 8760 2.1'] } },
    async (algorithm) => {
      const { registrar, authorization } = setup();
      const sent = request({ authorization: await authorization('alice', 'wonder', algorithm) });
      expect((await registrar.register(sent, flow('f'))).status).toBe(200);
    },
  );

  it('refuses the same credentials a second time', { meta: { clause: 'RFC 7616 3.4.5' } }, async () => {
    const { registrar, authorization } = setup();
    const credentials = await authorization();
    expect((await registrar.register(request({ authorization: credentials }), flow('f'))).status).toBe(200);
    const replayed = await registrar.register(request({ authorization: credentials, cseq: 2 }), flow('evil'));
    expect(replayed.status).toBe(401);
    expect(registrar.usersOf('evil')).toEqual([]);
  });

  it('takes a growing count on one nonce', { meta: { clause: 'RFC 7616 3.4' } }, async () => {
    const { registrar, challenge } = setup();
    const one = await challenge();
    const status = async (nc: number) => {
      const o = { user: 'alice', password: 'wonder', method: 'REGISTER', uri: 'sip:provider.lab', nc };
      return (await registrar.register(request({ authorization: answerDigest(one, o) }), flow('f'))).status;
    };
    expect(await status(1)).toBe(200);
    expect(await status(3)).toBe(200);
    expect(await status(2)).toBe(401);
    expect(await status(4)).toBe(200);
  });

  it(
    'says stale of a right answer to an old nonce, and only of that',
    { meta: { clause: 'RFC 7616 3.3' } },
    async () => {
      const { registrar, clock, authorization } = setup();
      const right = await authorization();
      const wrong = await authorization('alice', 'guess');
      clock.advance(300_001);
      const answer = await registrar.register(request({ authorization: right }), flow('f'));
      expect(answer.status).toBe(401);
      expect(parseDigest(all(answer, 'WWW-Authenticate')[0]!)!.get('stale')).toBe('true');
      const other = await registrar.register(request({ authorization: wrong }), flow('f'));
      expect(parseDigest(all(other, 'WWW-Authenticate')[0]!)!.has('stale')).toBe(false);
    },
  );

  it('forgets counts only together with their nonces', { meta: { clause: 'RFC 7616 3.4.5' } }, async () => {
    const { registrar, clock, authorization } = setup({ maxTrackedNonces: 2 });
    const first = await authorization();
    expect((await registrar.register(request({ authorization: first }), flow('f'))).status).toBe(200);
    for (let i = 0; i < 3; i++) {
      clock.advance(10);
      await registrar.register(request({ authorization: await authorization() }), flow('f'));
    }
    expect((await registrar.register(request({ authorization: first }), flow('f'))).status).toBe(401);
  });

  it('answers an unknown user as a wrong password', { meta: { clause: 'RFC 3261 22.4' } }, async () => {
    const { registrar, authorization } = setup();
    const ask = async (user: string) =>
      registrar.register(request({ user, authorization: await authorization(user, 'guess') }), flow('f'));
    const shape = (answer: RegistrarAnswer) => JSON.stringify(answer).replace(/nonce=\\"[^"\\]*\\"/g, '');
    expect(shape(await ask('alice'))).toBe(shape(await ask('mallory')));
  });

  it.each([
    ['a nonce of its own', (text: string) => text.replace(/nonce="[^"]*"/, 'nonce="AAAA"'), 401],
    ['another realm', (text: string) => text.replace('provider.lab', 'else'), 401],
    ['another algorithm', (text: string) => text.replace('algorithm=MD5', 'algorithm=MD5-sess'), 401],
    ['another URI', (text: string) => text.replace('uri="sip:provider.lab"', 'uri="sip:else"'), 400],
    ['no count', (text: string) => text.replace(/nc=[0-9a-f]+, /, ''), 400],
    ['no response', (text: string) => text.replace(/response="[^"]*", /, ''), 400],
  ])('refuses %s', { meta: { clause: 'RFC 7616 3.4' } }, async (_, change, status) => {
    const { registrar, authorization } = setup();
    const sent = request({ authorization: change(await authorization()) });
    expect((await registrar.register(sent, flow('f'))).status).toBe(status);
  });

  it('lets nobody register for another', { meta: { clause: 'RFC 3261 10.3' } }, async () => {
    const { register, registrar } = setup();
    const headers = ['Contact: <sip:x@192.0.2.9>'];
    expect((await register({ user: 'alice', to: 'sip:bob@provider.lab', headers })).status).toBe(403);
    expect((await register({ user: 'alice', to: 'sip:nobody@provider.lab', headers })).status).toBe(403);
    expect((await register({ user: 'alice', to: 'sip:alice@else.lab', headers })).status).toBe(404);
    expect(contacts(registrar, 'bob')).toEqual([]);
    expect((await register({ user: 'alice', to: 'sip:%61lice@provider.lab;x=y', headers })).status).toBe(200);
  });
});

describe('bindings', () => {
  it('lists what is registered, with the time left', { meta: { clause: 'RFC 3261 10.3' } }, async () => {
    const { register, clock, registrar } = setup();
    await register({
      headers: ['Contact: <sip:a@192.0.2.9>;q=0.5, <sip:b@192.0.2.9>;expires=120', 'Expires: 600'],
    });
    clock.advance(60_000);
    const answer = await register({ callId: 'c2' });
    expect(all(answer, 'Contact')).toEqual([
      '<sip:b@192.0.2.9>;expires=60',
      '<sip:a@192.0.2.9>;expires=540;q=0.5',
    ]);
    expect(all(answer, 'Date')).toHaveLength(1);
    clock.advance(60_000);
    expect(contacts(registrar)).toEqual(['sip:a@192.0.2.9']);
    clock.advance(480_000);
    expect(contacts(registrar)).toEqual([]);
  });

  it.each([
    [['Contact: <sip:a@h.invalid>'], 3600],
    [['Contact: <sip:a@h.invalid>', 'Expires: 900'], 900],
    [['Contact: <sip:a@h.invalid>;expires=800', 'Expires: 900'], 800],
    [['Contact: <sip:a@h.invalid>;expires=100000'], 7200],
    [['Contact: <sip:a@h.invalid>;expires=soon'], 3600],
  ])(
    'gives the interval asked for by %j',
    { meta: { clause: ['RFC 3261 10.3', 'RFC 3261 20.19'] } },
    async (headers, seconds) => {
      const { register } = setup();
      expect(all(await register({ headers }), 'Contact')).toEqual([`<sip:a@h.invalid>;expires=${seconds}`]);
    },
  );

  it(
    'finds a short interval too brief, but not a removal',
    { meta: { clause: 'RFC 3261 10.3' } },
    async () => {
      const { register, registrar } = setup();
      const brief = await register({ headers: ['Contact: <sip:a@h.invalid>;expires=59'] });
      expect([brief.status, all(brief, 'Min-Expires')]).toEqual([423, ['60']]);
      await register({ headers: ['Contact: <sip:a@h.invalid>;expires=60'] });
      expect(contacts(registrar)).toHaveLength(1);
      expect(
        (await register({ cseq: 2, headers: ['Contact: <sip:a@h.invalid>', 'Expires: 0'] })).status,
      ).toBe(200);
      expect(contacts(registrar)).toEqual([]);
    },
  );

  it('removes all with *, and only with Expires: 0', { meta: { clause: 'RFC 3261 10.3' } }, async () => {
    const { register, registrar } = setup();
    await register({ headers: ['Contact: <sip:a@h.invalid>, <sip:b@h.invalid>'] });
    expect((await register({ cseq: 2, headers: ['Contact: *'] })).status).toBe(400);
    expect((await register({ cseq: 2, headers: ['Contact: *', 'Expires: 1'] })).status).toBe(400);
    expect((await register({ cseq: 2, headers: ['Contact: *, <sip:a@h>', 'Expires: 0'] })).status).toBe(400);
    expect((await register({ cseq: 1, headers: ['Contact: *', 'Expires: 0'] })).status).toBe(500);
    expect(contacts(registrar)).toHaveLength(2);
    expect((await register({ cseq: 2, headers: ['Contact: *', 'Expires: 0'] })).status).toBe(200);
    expect(contacts(registrar)).toEqual([]);
  });

  it('aborts a late request whole', { meta: { clause: 'RFC 3261 10.3' } }, async () => {
    const { register, registrar } = setup();
    await register({ cseq: 5, headers: ['Contact: <sip:a@h.invalid>'] });
    const late = await register({
      cseq: 4,
      headers: ['Contact: <sip:new@h.invalid>, <sip:a@h.invalid>;expires=0'],
    });
    expect(late.status).toBe(500);
    expect(contacts(registrar)).toEqual(['sip:a@h.invalid']);
    expect(
      (await register({ callId: 'other', cseq: 1, headers: ['Contact: <sip:a@h.invalid>;expires=0'] }))
        .status,
    ).toBe(200);
    expect(contacts(registrar)).toEqual([]);
  });

  it('keeps the newest of too many', { meta: { clause: 'RFC 3261 10.3' } }, async () => {
    const { register, registrar, clock } = setup({ maxBindings: 2 });
    for (const name of ['a', 'b', 'c']) {
      await register({ callId: name, headers: [`Contact: <sip:${name}@h.invalid>`] });
      clock.advance(1_000);
    }
    expect(contacts(registrar)).toEqual(['sip:c@h.invalid', 'sip:b@h.invalid']);
    const many = await register({ callId: 'x', headers: ['Contact: <sip:1@h>, <sip:2@h>, <sip:3@h>'] });
    expect(many.status).toBe(403);
  });

  it('refuses an extension it does not have', { meta: { clause: 'RFC 3261 8.2.2.3' } }, async () => {
    const { register } = setup();
    const answer = await register({ headers: ['Require: path, gruu-x'] });
    expect([answer.status, all(answer, 'Unsupported')]).toEqual([420, ['gruu-x']]);
  });
});

describe('flows', () => {
  const instance = '+sip.instance="<urn:uuid:1>";reg-id=1';

  it('replaces what the same instance registered before', { meta: { clause: 'RFC 5626 6' } }, async () => {
    const { register, registrar } = setup();
    await register({ headers: [`Contact: <sip:old@h.invalid;transport=ws>;${instance}`] }, flow('f1'));
    const answer = await register(
      {
        callId: 'c2',
        headers: [`Contact: <sip:new@h.invalid;transport=ws>;${instance}`, 'Supported: path, outbound'],
      },
      flow('f2'),
    );
    expect(registrar.bindings('alice').map((b) => [b.contact, b.flowId])).toEqual([
      ['sip:new@h.invalid;transport=ws', 'f2'],
    ]);
    expect(all(answer, 'Require')).toEqual(['outbound']);
    expect(all(answer, 'Contact')[0]).toContain('+sip.instance="<urn:uuid:1>";reg-id=1');
    expect(registrar.usersOf('f1')).toEqual([]);
    expect(registrar.usersOf('f2')).toEqual(['alice']);
  });

  it(
    'drops a binding with the flow it lives by',
    { meta: { clause: ['RFC 5626 5.3', 'RFC 7118 5'] } },
    async () => {
      const { register, registrar } = setup();
      await register({ headers: ['Contact: <sip:a@x.invalid;transport=ws>'] }, flow('f1'));
      await register(
        { callId: 'c2', headers: ['Contact: <sip:a@192.0.2.9:5070;transport=tcp>'] },
        flow('f2', 'tcp'),
      );
      registrar.removeFlow('f1');
      registrar.removeFlow('f2');
      expect(registrar.bindings('alice').map((b) => [b.contact, b.flowId])).toEqual([
        ['sip:a@192.0.2.9:5070;transport=tcp', undefined],
      ]);
    },
  );

  it(
    'does not take the flow of a proxy for the client, and keeps its path',
    { meta: { clause: 'RFC 3327 5.3' } },
    async () => {
      const { register, registrar } = setup();
      const answer = await register({
        vias: 2,
        headers: [
          'Contact: <sip:a@x.invalid>',
          'Path: <sip:edge.lab;lr>, <sip:inner.lab;lr>',
          'Supported: path',
        ],
      });
      expect(registrar.bindings('alice')[0]).toMatchObject({
        flowId: undefined,
        path: ['<sip:edge.lab;lr>', '<sip:inner.lab;lr>'],
      });
      expect(all(answer, 'Path')).toEqual(['<sip:edge.lab;lr>', '<sip:inner.lab;lr>']);
    },
  );
});
