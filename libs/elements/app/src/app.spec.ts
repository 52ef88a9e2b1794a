import { readIdentifiers } from '@esinet/lmpe';
import { readPidfLo } from '@esinet/location';
import { type SipMessage, readBodyParts } from '@esinet/sip';
import { until } from '@esinet/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { FarSide } from './app-fixture.js';
import { uacRequest } from './sip-link.js';
import { appRequest } from '@esinet/lmpe-client';
import { type OpenChatOptions, RegistrationError, openChat, sendChat } from './open-chat.js';

const madrid = 'sip:madrid@esinet.lab';
const toledo = 'sip:toledo@esinet.lab';
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function bench(transport: 'udp' | 'tcp' | 'ws', o: Partial<OpenChatOptions> = {}) {
  const far = new FarSide({ transport, ...(transport === 'ws' && { path: '/sip' }) });
  const port = await far.start();
  open.push(far);
  const client = await openChat({
    service: 'urn:service:sos',
    from: 'sip:ana@provider.lab',
    at: { lat: 40.4168, lon: -3.7038, radius: 30 },
    via: { transport, host: '127.0.0.1', port, ...(transport === 'ws' && { path: '/sip' }) },
    timing: { heartbeatMs: 40, silenceMs: 60_000 },
    ...o,
  });
  open.push(client);
  return { far, client };
}

const identified = (m: SipMessage) => readIdentifiers(m.values('Call-Info'));
const textOf = (m: SipMessage) =>
  readBodyParts(m)
    .filter((p) => p.contentType?.type === 'text')
    .map((p) => p.body.toString())
    .join();
const spoken = (far: FarSide) =>
  far.received
    .filter((m) => textOf(m) !== '')
    .map((m) => `${identified(m).messageType}/${identified(m).messageId} ${m.requestUri} ${textOf(m)}`);

describe('the APP', () => {
  for (const transport of ['udp', 'tcp', 'ws'] as const) {
    it(
      `holds a chat over ${transport}, the PSAP's requests coming back the same way`,
      { meta: { clause: 'TS 103 698 6.2.2, 6.2.3, 6.2.4' } },
      async () => {
        const { far, client } = await bench(transport);
        const heard: string[] = [];
        client.onMessage(({ text }) => heard.push(text));
        expect(await client.start('help')).toEqual({ delivered: true, status: 200, messageId: 1 });
        expect(await far.say(client.callId, 257, 1, 'What happened?')).toBe(200);
        expect(client.phase).toBe('open');
        expect(client.target).toBe(madrid);
        expect(await client.say('fire')).toMatchObject({ delivered: true, messageId: 2 });
        expect(await client.stop('bye')).toMatchObject({ delivered: true, messageId: 3 });
        expect(spoken(far)).toEqual([
          '257/1 urn:service:sos help',
          `259/2 ${madrid} fire`,
          `258/3 ${madrid} bye`,
        ]);
        expect(heard).toEqual(['What happened?']);
        expect(new Set(far.flows.map((f) => f.id)).size).toBe(1);
      },
    );
  }

  it(
    'writes a start as the standard has it',
    { meta: { clause: 'TS 103 698 6.2.2, 6.1.2.7; RFC 6442 4' } },
    async () => {
      const { far, client } = await bench('udp', { locationUri: 'https://lis.lab/loc/1' });
      await client.start('help ñ');
      const start = await far.request(1);
      expect(start.method).toBe('MESSAGE');
      expect(start.to?.uri).toBe('urn:service:sos');
      expect(start.from?.uri).toBe('sip:ana@provider.lab');
      expect(start.has('Contact')).toBe(false);
      expect(start.headerLines('Call-Info')).toHaveLength(3);
      expect(identified(start)).toEqual({
        callId: client.callId,
        messageId: 1,
        messageType: 257,
        problems: [],
      });
      expect(start.values('Geolocation')).toEqual(['<cid:location@app.lab>', '<https://lis.lab/loc/1>']);
      expect(start.header('Geolocation-Routing')).toBe('yes');
      const [text, location] = readBodyParts(start);
      expect(text?.body.toString()).toBe('help ñ');
      expect(location?.contentId).toBe('location@app.lab');
      const read = readPidfLo(location?.body ?? Buffer.alloc(0));
      expect(read.ok && read.value).toMatchObject({
        container: 'tuple',
        entity: 'sip:ana@provider.lab',
        shapes: [{ type: 'circle', center: [-3.7038, 40.4168], radius: 30 }],
      });
    },
  );

  it(
    'keeps texts until the PSAP starts, sends keep-alives after, with the new place',
    { meta: { clause: 'TS 103 698 6.2.3, 6.2.5', shall: '6.2.5-1' } },
    async () => {
      const { far, client } = await bench('udp');
      await client.start('help');
      const waiting = client.say('first');
      expect(far.received).toHaveLength(1);
      await far.say(client.callId, 257, 1, 'hello');
      expect(await waiting).toMatchObject({ delivered: true, messageId: 2 });
      client.move({ lat: 41, lon: 2 });
      const keepAlive = await until(() => far.received.find((m) => identified(m).messageType === 260));
      expect(identified(keepAlive)).toMatchObject({ callId: client.callId });
      expect(identified(keepAlive).messageId).toBeUndefined();
      const [location] = readBodyParts(keepAlive);
      const read = readPidfLo(location?.body ?? Buffer.alloc(0));
      expect(read.ok && read.value.shapes).toEqual([{ type: 'point', position: [2, 41] }]);
      client.inactive();
      await until(() => far.received.find((m) => identified(m).messageType === 388));
      await until(() => far.received.filter((m) => identified(m).messageType === 388).length >= 2);
      await client.stop();
      const count = far.received.length;
      await new Promise((resolve) => setTimeout(resolve, 120));
      expect(far.received).toHaveLength(count);
    },
  );

  it(
    'stalls in a transfer and follows a redirect',
    { meta: { clause: 'TS 103 698 6.2.6, 6.2.7', shall: ['6.2.6-11', '6.2.7-12'] } },
    async () => {
      const { far, client } = await bench('udp', { timing: { heartbeatMs: 60_000, silenceMs: 60_000 } });
      await client.start('help');
      await far.say(client.callId, 257, 1, 'hello');
      await far.say(client.callId, 266, 1, 'moving you');
      expect(client.phase).toBe('transferring');
      const held = client.say('held');
      await far.say(client.callId, 265, 2, 'here', { replyTo: toledo, from: toledo });
      expect(await held).toMatchObject({ delivered: true });
      await far.say(client.callId, 274, 2, 'elsewhere', { replyTo: 'sip:cuenca@esinet.lab', from: toledo });
      const again = await until(() => far.received.find((m) => identified(m).messageType === 273));
      expect(again.requestUri).toBe('sip:cuenca@esinet.lab');
      expect(again.header('History-Info')).toBe(`<${toledo}>;index=1`);
      expect(readBodyParts(again)).toHaveLength(2);
      expect(spoken(far)).toEqual([
        '257/1 urn:service:sos help',
        `259/2 ${toledo} held`,
        '273/3 sip:cuenca@esinet.lab help',
      ]);
    },
  );

  it(
    'says which chat a message is for, and takes one that says nothing',
    { meta: { clause: 'RFC 3428 7' } },
    async () => {
      const { far, client } = await bench('udp');
      const heard: string[] = [];
      client.onMessage(({ text }) => heard.push(text));
      await client.start('help');
      expect(await far.say('urn:emergency:uid:callid:zzzzzzzzzzz:e', 257, 1, 'not yours')).toBe(481);
      expect(await far.say(client.callId, 259, 1, 'twice')).toBe(200);
      expect(await far.say(client.callId, 259, 1, 'twice')).toBe(200);
      expect(heard).toEqual(['twice']);
    },
  );

  it(
    'reports a start that was refused for good, and can start again',
    { meta: { clause: 'RFC 3261 21.4' } },
    async () => {
      const { far, client } = await bench('udp');
      far.answer = () => ({ status: 403 });
      expect(await client.start('help')).toMatchObject({ delivered: false, status: 403 });
      expect(client.phase).toBe('failed');
      expect(await client.say('x')).toMatchObject({ delivered: false, reason: 'refused' });
      far.answer = () => ({ status: 200 });
      expect(await client.start('help')).toMatchObject({ delivered: true, messageId: 2 });
    },
  );

  it(
    'registers first where it is told to, and says so if it may not',
    { meta: { clause: 'RFC 7118 6; RFC 5626 4.2' } },
    async () => {
      const register = { user: 'ana', password: 'secret', domain: 'provider.lab' };
      const far = new FarSide({ transport: 'ws', path: '/sip' });
      const port = await far.start();
      open.push(far);
      const via = { transport: 'ws', host: '127.0.0.1', port, path: '/sip' } as const;
      const options = { service: 'sip:112@provider.lab', via, register };
      far.answer = (request) =>
        request.method === 'REGISTER' && !request.has('Authorization')
          ? {
              status: 401,
              headers: [
                ['WWW-Authenticate', 'Digest realm="provider.lab", nonce="n1", algorithm=MD5, qop="auth"'],
              ],
            }
          : { status: 200 };
      const client = await openChat(options);
      open.push(client);
      expect(far.received.map((m) => m.method)).toEqual(['REGISTER', 'REGISTER']);
      expect(far.received[1]?.header('Contact')).toContain('transport=ws');
      expect(far.received[1]?.cseq?.number).toBeGreaterThan(far.received[0]?.cseq?.number ?? 0);
      await client.start('help');
      expect(far.received[2]?.from?.uri).toBe('sip:ana@provider.lab');
      expect(new Set(far.flows.map((f) => f.id)).size).toBe(1);
      far.answer = () => ({ status: 403 });
      await expect(openChat(options)).rejects.toBeInstanceOf(RegistrationError);
    },
  );

  it('sends one text and gives what it was answered', { meta: { clause: 'TS 103 698 6.2.2' } }, async () => {
    const far = new FarSide({ transport: 'tcp' });
    const port = await far.start();
    open.push(far);
    far.answer = (request) => {
      const { callId, messageType } = identified(request);
      if (messageType === 257) setImmediate(() => void far.say(callId ?? '', 257, 1, 'hello'));
      return { status: 200 };
    };
    const sent = await sendChat({
      service: 'urn:service:sos',
      from: 'sip:ana@provider.lab',
      via: { transport: 'tcp', host: '127.0.0.1', port },
      text: 'help',
      waitMs: 5_000,
      stop: true,
    });
    expect(sent).toMatchObject({
      report: { delivered: true, status: 200 },
      answer: { text: 'hello', kind: 'start' },
    });
    expect(identified(far.received.at(-1)!).messageType).toBe(258);
  });

  it('opens the way again when its connection breaks', { meta: { clause: 'TS 103 698 6.2.5' } }, async () => {
    const { far, client } = await bench('tcp', { timing: { heartbeatMs: 60_000, silenceMs: 60_000 } });
    await client.start('help');
    await far.say(client.callId, 257, 1, 'hello');
    const first = far.flows.at(-1)?.id ?? '';
    far.drop(first);
    await until(() => far.flows.at(-1)?.id !== first);
    expect(await far.say(client.callId, 259, 2, 'still there?')).toBe(200);
  });

  it('writes a message without location and without text', { meta: { clause: 'TS 103 698 6.2.5' } }, () => {
    const request = uacRequest(
      appRequest({
        callId: 'urn:x',
        from: '<sip:a@b>;tag=1',
        element: 'e',
        now: 0,
        message: { to: 'sip:m@x', messageType: 260 },
      }),
    );
    expect(request.body).toBeUndefined();
    expect(request.headers?.map(([name]) => name)).toEqual(['Call-Info', 'Call-Info']);
  });
});
