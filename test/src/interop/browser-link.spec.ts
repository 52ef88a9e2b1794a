import { ManualClock } from '@esinet/kernel';
import { MessageType, appTiming, writeCallInfo } from '@esinet/lmpe';
import {
  type BrowserChatOptions,
  type ChatClient,
  connectWithinMs,
  lateMs,
  openBrowserChat,
  reconnectWithinMs,
  unheardMs,
} from '@esinet/lmpe-browser';
import { until } from '@esinet/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FarRequest, FarProvider } from './far-provider.js';
import { lendWebSocket } from './web-socket.js';

lendWebSocket();

const to = 'sip:caller1@provider.lab';
let far: FarProvider;
let clock: ManualClock;
let chat: ChatClient | undefined;
let connected: boolean[];

beforeEach(async () => {
  far = await FarProvider.open();
  clock = new ManualClock();
  connected = [];
});
afterEach(async () => {
  const closing = chat?.close();
  clock.advance(10_000);
  await closing;
  chat = undefined;
  await far.close();
});

const open = async (o: Partial<BrowserChatOptions> = {}): Promise<ChatClient> => {
  chat = await openBrowserChat({
    server: far.url,
    user: 'caller1',
    password: 'caller1',
    domain: 'provider.lab',
    clock,
    onConnected: (is) => connected.push(is),
    ...o,
  });
  return chat;
};

const psapHeaders = (callId: string, messageType: number, messageId?: number, from = 'psap'): string[] => [
  ...writeCallInfo({
    callId,
    messageType,
    ...(messageId !== undefined && { messageId }),
    element: 'psap.lab',
  }).map((value) => `Call-Info: ${value}`),
  `Reply-To: sip:${from}@esinet.lab`,
];

const identifiers = ({ headers }: FarRequest): string[] =>
  headers.filter((line) => line.startsWith('Call-Info'));

it(
  'answers what comes as the chat says: 200 to its own, 481 to another chat, 403 to a second 265',
  { meta: { clause: ['RFC 3428 7', 'TS 103 698 6.2.6'], shall: '6.2.6-19' } },
  async () => {
    const client = await open();
    const shown: string[] = [];
    client.onMessage(({ text }) => shown.push(text));
    await client.start('Help');
    const send = (from: string, type: number, id: number, body: string, contentType = 'text/plain') =>
      far.message({
        to,
        from,
        headers: [...psapHeaders(client.callId, type, id, from), `Content-Type: ${contentType}`],
        body,
      });
    expect(await send('psap', MessageType.start, 1, 'Hello 👋')).toBe(200);
    const other = psapHeaders('urn:emergency:uid:callid:anotherchat:psap.lab', MessageType.inChat, 2);
    expect(await far.message({ to, headers: other })).toBe(481);
    expect(await send('psap', MessageType.stopTransfer, 1, 'One moment')).toBe(200);
    expect(await send('second', MessageType.startTransfer, 2, 'We take over')).toBe(200);
    expect(await send('third', MessageType.startTransfer, 2, 'So do we')).toBe(403);
    expect(await send('second', MessageType.startTransfer, 2, 'We take over')).toBe(200);
    expect(client.target).toBe('sip:second@esinet.lab');
    const mixed =
      '--b\r\nContent-Type: text/plain\r\n\r\nmixed\r\n--b\r\nContent-Type: image/png\r\n\r\nxx\r\n--b--\r\n';
    expect(await send('second', MessageType.inChat, 3, mixed, 'multipart/mixed; boundary=b')).toBe(200);
    expect(shown).not.toContain('So do we');
    expect(shown).toEqual(['Hello 👋', 'One moment', 'We take over', 'mixed']);
  },
);

it('noise and what sip.js cannot read does not reach the page, and the next message is taken', async () => {
  const client = await open();
  await client.start('Help');
  const message = `MESSAGE ${to} SIP/2.0\r\nVia: SIP/2.0/WS x;branch=z9hG4bKx\r\nTo: <${to}>\r\n`;
  for (const noise of [
    'hello',
    '\r\n\r\n',
    '',
    Buffer.from([0xff, 0xfe, 0, 1]),
    `${message}\r\n`,
    `${message}From: <sip:a@b>;tag=1\r\nCall-ID: 1\r\nCSeq: x MESSAGE\r\n\r\n`,
    `${message}From: <sip:a@b>;tag=1\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\nCall-Info: <<<>;;;\r\nContent-Length: -5\r\n\r\n`,
    `SIP/2.0 200 OK\r\nVia: x\r\nCSeq: nothing\r\n\r\n`,
    `SIP/2.0 999 What\r\n\r\n`,
    'MESSAGE '.repeat(20_000),
  ]) {
    far.write(noise);
  }
  expect(await far.message({ to, headers: psapHeaders(client.callId, MessageType.start, 1), body: '' })).toBe(
    200,
  );
  expect(client.phase).toBe('open');
});

it(
  'a socket that swallows a message is left for a new one, and the same message goes out again',
  { meta: { clause: ['RFC 5626 4.4', 'TS 103 698 6.1.2.7'] } },
  async () => {
    const client = await open();
    far.answer = ({ method }) => (method === 'MESSAGE' ? undefined : 200);
    const report = client.start('Help');
    await until(() => far.of('MESSAGE').length === 1);
    clock.advance(unheardMs);
    await until(() => connected.at(-1) === false);
    far.answer = () => 200;
    clock.advance(reconnectWithinMs);
    await until(() => connected.at(-1) === true);
    clock.advance(1_000);
    expect(await report).toMatchObject({ delivered: true, status: 200 });
    const [first, second] = far.of('MESSAGE');
    expect(far.connections).toBe(2);
    expect(second && first && identifiers(second)).toEqual(first && identifiers(first));
  },
);

it('a registration that is refused after a lost connection is tried until it is taken', async () => {
  await open();
  let refusals = 0;
  far.answer = ({ method }) => (method === 'REGISTER' && refusals++ < 2 ? 503 : 200);
  far.breakConnection();
  await until(() => connected.at(-1) === false);
  while (connected.at(-1) === false) await clock.run(50);
  expect(connected).toEqual([true, false, true]);
  expect(far.connections).toBe(4);
});

it('opening says with what it failed: refused, or no answer within the time', async () => {
  far.answer = () => 403;
  await expect(open()).rejects.toMatchObject({ name: 'BrowserChatError', status: 403 });
  far.answer = () => undefined;
  const opening = open();
  const failed = expect(opening).rejects.toMatchObject({ status: 0 });
  await until(() => far.of('REGISTER').length === 2);
  clock.advance(connectWithinMs);
  await failed;
});

it(
  'a page whose timers do not run answers the keep-alives of the PSAP with its own',
  { meta: { clause: 'TS 103 698 6.2.5', shall: '6.2.5-3' } },
  async () => {
    const client = await open({ timing: { ...appTiming, heartbeatMs: 3_600_000 } });
    await client.start('Help');
    const keepAlive = (): Promise<number> =>
      far.message({ to, headers: psapHeaders(client.callId, MessageType.heartbeat) });
    expect(await far.message({ to, headers: psapHeaders(client.callId, MessageType.start, 1) })).toBe(200);
    const sent = (): FarRequest[] =>
      far
        .of('MESSAGE')
        .filter((request) => identifiers(request).some((line) => line.includes('msgtype:260')));
    clock.advance(lateMs);
    expect(await keepAlive()).toBe(200);
    clock.advance(1);
    expect(await keepAlive()).toBe(200);
    await until(() => sent().length > 0);
    expect(await keepAlive()).toBe(200);
    expect(sent()).toHaveLength(1);
  },
);

it('takes its registration back when it is closed', { meta: { clause: 'RFC 3261 10.2.2' } }, async () => {
  const client = await open();
  await client.close();
  const registers = far.of('REGISTER').map(({ text }) => /;expires=(\d+)/.exec(text)?.[1]);
  expect(registers).toEqual(['600', '0']);
  expect(await client.say('too late')).toMatchObject({ delivered: false });
});
