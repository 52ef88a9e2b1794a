import { type ChatClient, type ChatMessage, openBrowserChat } from '@esinet/lmpe-browser';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { Inbox } from './inbox.js';

let lab: Lab;

beforeAll(async () => {
  Object.assign(globalThis, { WebSocket });
  lab = await startLab();
});
afterAll(() => lab.close());

it(
  'the browser client chats both ways over sip.js: start, emoji, stop by the PSAP',
  { meta: { clause: ['TS 103 698 6.2.2', 'TS 103 698 6.2.3', 'RFC 7118'] } },
  async () => {
    const inbox = new Inbox<ChatMessage>();
    const chat: ChatClient = await openBrowserChat({
      server: lab.websocket,
      user: 'caller5',
      password: 'caller5',
      domain: 'provider.lab',
      at: { lat: 40.4168, lon: -3.7038, radius: 20 },
    });
    chat.onMessage((message) => inbox.put(message));
    try {
      const report = await chat.start('There is a fire 🔥');
      expect(report).toMatchObject({ delivered: true, status: 200 });
      expect((await inbox.take((m) => m.kind === 'start')).text).toContain('112 Madrid');
      expect(chat.target).toBe('sip:madrid@esinet.lab');
      await chat.say('مرحبا 👩‍🚒');
      await lab.say(chat.callId, 'On the way 🚒');
      expect((await inbox.take((m) => m.text.includes('🚒'))).kind).toBe('in-chat');
      await lab.stop(chat.callId, 'Good bye');
      expect((await inbox.take((m) => m.kind === 'stop')).text).toContain('Good bye');
      expect(chat.phase).toBe('stopped');
      const record = await lab.chat(chat.callId);
      expect(record.messages.filter((m) => m.direction === 'in' && m.text).map((m) => m.text)).toEqual([
        'There is a fire 🔥',
        'مرحبا 👩‍🚒',
      ]);
    } finally {
      await chat.close();
    }
  },
);
