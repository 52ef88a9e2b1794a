import JsSIP from 'jssip';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { body, contentType, headers, messageTypeOf } from './chat-body.js';
import { Inbox } from './inbox.js';
import { lendWebSocket } from './web-socket.js';

lendWebSocket();

interface Received {
  readonly type: number | undefined;
  readonly replyTo: string | undefined;
  readonly body: string;
}

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

it(
  'JsSIP registers over WebSocket and holds a chat both ways: start, in-chat, heartbeat, stop',
  {
    meta: {
      clause: ['TS 103 698 6.2.2', 'TS 103 698 6.2.3', 'TS 103 698 6.2.4', 'TS 103 698 6.2.5', 'RFC 7118'],
    },
  },
  async () => {
    const inbox = new Inbox<Received>();
    const socket = new JsSIP.WebSocketInterface(lab.websocket);
    const ua = new JsSIP.UA({
      sockets: [socket],
      uri: 'sip:caller2@provider.lab',
      password: 'caller2',
      session_timers: false,
      register_expires: 300,
    });
    ua.on('newMessage', (event: unknown) => {
      const { originator, message, request } = event as {
        originator: string;
        message: { accept(): void };
        request: {
          getHeaders(name: string): string[];
          getHeader(name: string): string | undefined;
          body: string;
        };
      };
      if (originator !== 'remote') return;
      message.accept();
      inbox.put({
        type: messageTypeOf(request.getHeaders('Call-Info')),
        replyTo: request.getHeader('Reply-To'),
        body: request.body,
      });
    });
    const registered = new Promise<void>((resolve, reject) => {
      ua.on('registered', () => resolve());
      ua.on('registrationFailed', (event: { cause?: string }) =>
        reject(new Error(event.cause ?? 'registration failed')),
      );
    });
    ua.start();
    try {
      await registered;
      const chat = { callId: `jssip${Date.now()}lab`, latitude: 41.3874, longitude: 2.1686 };
      const send = (target: string, messageType: number, text: string, messageId?: number): Promise<number> =>
        new Promise((resolve, reject) => {
          const m = { ...chat, messageType, text, ...(messageId === undefined ? {} : { messageId }) };
          ua.sendMessage(target, body(m), {
            contentType,
            extraHeaders: headers(m),
            eventHandlers: {
              succeeded: (e: { response: { status_code: number } }) => resolve(e.response.status_code),
              failed: (e: { cause?: string }) => reject(new Error(e.cause ?? 'failed')),
            },
          });
        });

      expect(await send('sip:112@provider.lab', 257, 'There is smoke in the stairwell', 1)).toBe(200);
      const start = await inbox.take((m) => m.type === 257);
      expect(start.replyTo).toBe('sip:catalunya@esinet.lab');
      expect(start.body).toContain('112 Catalunya');

      const psap = start.replyTo ?? '';
      expect(await send(psap, 259, 'Third floor', 2)).toBe(200);
      expect((await inbox.take((m) => m.type === 259)).body).not.toBe('');
      expect(await send(psap, 260, '')).toBe(200);

      await lab.say(chat.callId, 'Help is on the way');
      expect((await inbox.take((m) => m.body.includes('Help is on the way'))).type).toBe(259);

      expect(await send(psap, 258, 'They are here, thank you', 3)).toBe(200);
      const record = await lab.chat(chat.callId);
      expect(record.messages.filter((m) => m.direction === 'in' && m.text).map((m) => m.text)).toEqual([
        'There is smoke in the stairwell',
        'Third floor',
        'They are here, thank you',
      ]);
    } finally {
      ua.stop();
    }
  },
);
