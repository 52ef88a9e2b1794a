import {
  type BrowserChatOptions,
  type ChatClient,
  type ChatMessage,
  openBrowserChat,
} from '@esinet/lmpe-browser';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { Inbox } from './inbox.js';
import { lendWebSocket } from './web-socket.js';

lendWebSocket();

// The client of browsers, here in Node with the same sip.js: what needs no browser to be tested.

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

async function open(
  n: number,
  o: Partial<BrowserChatOptions> = {},
): Promise<{ readonly chat: ChatClient; readonly inbox: Inbox<ChatMessage> }> {
  const inbox = new Inbox<ChatMessage>();
  const chat = await openBrowserChat({
    server: lab.websocket,
    user: `caller${n}`,
    password: `caller${n}`,
    domain: 'provider.lab',
    at: { lat: 40.4168, lon: -3.7038, radius: 20 },
    ...o,
  });
  chat.onMessage((message) => inbox.put(message));
  return { chat, inbox };
}

const heard = async (callId: string): Promise<(string | undefined)[]> =>
  (await lab.chat(callId)).messages.filter((m) => m.direction === 'in' && m.text).map((m) => m.text);

it(
  'chats both ways over sip.js: start, emoji, right to left, stop by the PSAP',
  { meta: { clause: ['TS 103 698 6.2.2', 'TS 103 698 6.2.3', 'RFC 7118'] } },
  async () => {
    const { chat, inbox } = await open(5);
    try {
      expect(await chat.start('There is a fire 🔥')).toMatchObject({ delivered: true, status: 200 });
      expect((await inbox.take((m) => m.kind === 'start')).text).toContain('112 Madrid');
      expect(chat.target).toBe('sip:madrid@esinet.lab');
      await chat.say('مرحبا 👩‍🚒');
      await lab.say(chat.callId, 'On the way 🚒');
      expect((await inbox.take((m) => m.text.includes('🚒'))).kind).toBe('in-chat');
      await lab.stop(chat.callId, 'Good bye');
      expect((await inbox.take((m) => m.kind === 'stop')).text).toContain('Good bye');
      expect(chat.phase).toBe('stopped');
      expect(await heard(chat.callId)).toEqual(['There is a fire 🔥', 'مرحبا 👩‍🚒']);
    } finally {
      await chat.close();
    }
  },
);

it(
  'a text of 64 kB goes through a WebSocket both ways, letter by letter',
  { meta: { clause: ['TS 103 698 6.1.2.8', 'RFC 7118'] } },
  async () => {
    const { chat, inbox } = await open(6);
    try {
      const big = '🔥é'.repeat(65_532 / 6);
      expect(Buffer.byteLength(big)).toBe(65_532);
      await chat.start('Help');
      await inbox.take((m) => m.kind === 'start');
      expect(await chat.say(big)).toMatchObject({ delivered: true });
      await lab.say(chat.callId, big);
      expect((await inbox.take((m) => m.text.length > 1_000)).text).toBe(big);
      expect(await heard(chat.callId)).toEqual(['Help', big]);
    } finally {
      await chat.close();
    }
  },
);

it(
  'a test call is answered by the centre with name, service and place, and ended',
  { meta: { clause: 'TS 103 698 6.1.2.10' } },
  async () => {
    const { chat, inbox } = await open(7, { service: 'urn:service:sos.test' });
    try {
      expect(await chat.start('test')).toMatchObject({ delivered: true, status: 200 });
      const { text } = await inbox.take((m) => m.kind === 'stop');
      const [name, service, place] = text.split('\r\n');
      expect(name).toContain('112 Madrid');
      expect(service).toBe('urn:service:sos.test');
      expect(place).toMatch(/40\.4168/);
      expect(chat.phase).toBe('stopped');
    } finally {
      await chat.close();
    }
  },
);

it(
  'attachments arrive byte for byte: an image, a vCard, and a part nobody knows',
  { meta: { clause: ['TS 103 698 6.1.2.8', 'RFC 2045 6.8', 'RFC 2046 5.1'] } },
  async () => {
    const { chat, inbox } = await open(8);
    try {
      await chat.start('Help');
      await inbox.take((m) => m.kind === 'start');
      const image = Uint8Array.from({ length: 3_000 }, (_, i) => (i * 7) % 256);
      const card = new TextEncoder().encode('BEGIN:VCARD\r\nFN:Ærø 🚒\r\nEND:VCARD\r\n');
      const msd = Uint8Array.from([2, 0, 0xff, 0xfe, 0x0d, 0x0a, 0x0d, 0x0a, 0x2d, 0x2d, 0]);
      chat.attach(
        { contentType: 'image/png', name: 'fire.png', body: image },
        { contentType: 'text/vcard', body: card },
        { contentType: 'application/EmergencyCallData.eCall.MSD', body: msd },
      );
      expect(await chat.say('See the picture')).toMatchObject({ delivered: true });
      const record = await lab.chat(chat.callId);
      const message = record.messages.find((m) => m.text === 'See the picture');
      const parts = message?.otherParts ?? [];
      expect(parts.map(({ contentType, bytes }) => [contentType.toLowerCase(), bytes])).toEqual([
        ['image/png', image.length],
        ['text/vcard', card.length],
        ['application/emergencycalldata.ecall.msd', msd.length],
      ]);
      expect(parts[0]?.filename).toBe('fire.png');
      const octets = await Promise.all(
        parts.map(async ({ part }) => {
          const path = `chats/${record.chat}/parts/${message?.sequence ?? 0}/${part}`;
          return (await fetch(`http://127.0.0.1:${lab.port(15_090)}/api/${path}`)).arrayBuffer();
        }),
      );
      expect(octets.map((bytes) => Buffer.from(bytes))).toEqual(
        [image, card, msd].map((bytes) => Buffer.from(bytes)),
      );
    } finally {
      await chat.close();
    }
  },
);
