import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChatMessage, type OpenChatOptions, openChat } from '@esinet/element-app';
import { psapConfigSchema, startPsap } from '@esinet/element-psap';
import { LevelRecords, type Records, type RunningElement, SipEdge } from '@esinet/platform';
import { afterEach, describe, expect, it } from 'vitest';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function dataFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'chat-'));
  open.push({ close: () => rm(path, { recursive: true, force: true }) });
  return path;
}

/** A port nobody has now. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

async function psap(
  records: Records,
  appPort: number,
  port = 0,
): Promise<{ element: RunningElement; port: number; api: string }> {
  const config = psapConfigSchema.parse({
    listeners: [{ name: 'psap-udp', transport: 'udp', port }],
    http: { port: 0 },
    drain: 0,
    centres: [{ uri: 'sip:default@psap.esinet.internal', name: '112 Lab' }],
    outboundProxy: `udp:127.0.0.1:${appPort}`,
    heartbeat: '50 ms',
  });
  const element = await startPsap(config, { records });
  open.push(element);
  return {
    element,
    port: element.get<SipEdge>(SipEdge).port('psap-udp') ?? 0,
    api: `http://127.0.0.1:${element.http.port}/api/chats`,
  };
}

async function caller(o: Partial<OpenChatOptions> & { port: number; localPort: number }) {
  const { port, localPort, ...rest } = o;
  const client = await openChat({
    service: 'urn:service:sos',
    from: 'sip:ana@provider.lab',
    at: { lat: 40.4168, lon: -3.7038 },
    via: { transport: 'udp', host: '127.0.0.1', port, localPort },
    timing: { heartbeatMs: 50, silenceMs: 60_000 },
    ...rest,
  });
  open.push(client);
  const heard: ChatMessage[] = [];
  const waiting: { text: string; resolve: () => void }[] = [];
  client.onMessage((message) => {
    heard.push(message);
    for (const w of waiting) if (message.text.includes(w.text)) w.resolve();
  });
  const hears = (text: string): Promise<void> =>
    heard.some((m) => m.text.includes(text))
      ? Promise.resolve()
      : new Promise((resolve) => waiting.push({ text, resolve }));
  return { client, heard, hears };
}

interface Shown {
  phase: string;
  messages: {
    direction: string;
    messageId?: number;
    messageType?: number;
    text?: string;
    locations?: object[];
  }[];
}

const show = async (api: string, callId: string) =>
  (await (await fetch(`${api}/${encodeURIComponent(callId)}`)).json()) as Shown;

const post = (api: string, callId: string, what: string, text: string) =>
  fetch(`${api}/${encodeURIComponent(callId)}/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  });

describe('APP and PSAP, with nothing between them', () => {
  it(
    'hold a chat from its start to its end',
    { meta: { clause: 'TS 103 698 6.2.2, 6.2.3, 6.2.4, 6.2.5' } },
    async () => {
      const records = await LevelRecords.open(await dataFolder());
      open.push(records);
      const localPort = await freePort();
      const { port, api } = await psap(records, localPort);
      const { client, heard, hears } = await caller({ port, localPort });
      expect(await client.start('help')).toMatchObject({ delivered: true, status: 200 });
      await hears('You have reached 112 Lab');
      expect(client.target).toBe('sip:default@psap.esinet.internal');
      expect(await client.say('fire')).toMatchObject({ delivered: true, messageId: 2 });
      await hears('112 Lab has received: fire');
      expect((await post(api, client.callId, 'messages', 'Help is on its way.')).status).toBe(201);
      await hears('Help is on its way.');
      expect((await post(api, client.callId, 'stop', 'Closed.')).status).toBe(201);
      await hears('Closed.');
      expect(client.phase).toBe('stopped');
      expect(heard.map((m) => m.messageId)).toEqual([1, 2, 3, 4]);
      const chat = await show(api, client.callId);
      expect(chat.phase).toBe('closed');
      expect(
        chat.messages.filter((m) => m.text).map((m) => `${m.direction} ${m.messageType}/${m.messageId}`),
      ).toEqual(['in 257/1', 'out 257/1', 'in 259/2', 'out 259/2', 'out 259/3', 'out 258/4']);
      expect(chat.messages.filter((m) => m.direction === 'in').every((m) => m.locations?.length === 1)).toBe(
        true,
      );
    },
  );

  it(
    'go on across a restart of the PSAP: nothing lost, no second start, no identifier twice',
    { meta: { clause: 'TS 103 698 6.2.3' } },
    async () => {
      const folder = await dataFolder();
      const before = await LevelRecords.open(folder);
      const localPort = await freePort();
      const first = await psap(before, localPort);
      const { client, heard, hears } = await caller({ port: first.port, localPort });
      await client.start('help');
      await hears('You have reached');
      await first.element.close();
      await before.close();
      const said = client.say('are you there?');
      const after = await LevelRecords.open(folder);
      open.push(after);
      const second = await psap(after, localPort, first.port);
      expect(await said).toMatchObject({ delivered: true, messageId: 2 });
      await hears('has received: are you there?');
      expect(heard.map((m) => `${m.kind}/${m.messageId}`)).toEqual(['start/1', 'in-chat/2']);
      const chat = await show(second.api, client.callId);
      expect(chat.messages.filter((m) => m.text).map((m) => `${m.direction} ${m.text?.slice(0, 8)}`)).toEqual(
        ['in help', 'out You have', 'in are you ', 'out 112 Lab '],
      );
      const ended = await client.stop('bye');
      expect(ended.delivered).toBe(true);
      expect((await show(second.api, client.callId)).phase).toBe('closed');
    },
  );
});
