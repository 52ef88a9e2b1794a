import { type Message, Messager, Registerer, RegistererState, URI, UserAgent } from 'sip.js';
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
  'sip.js registers over WebSocket and holds a chat both ways: start, in-chat, heartbeat, stop by the PSAP',
  {
    meta: {
      clause: ['TS 103 698 6.2.2', 'TS 103 698 6.2.3', 'TS 103 698 6.2.4', 'TS 103 698 6.2.5', 'RFC 7118'],
    },
  },
  async () => {
    const inbox = new Inbox<Received>();
    const ua = new UserAgent({
      uri: new URI('sip', 'caller3', 'provider.lab'),
      authorizationUsername: 'caller3',
      authorizationPassword: 'caller3',
      transportOptions: { server: lab.websocket },
      logBuiltinEnabled: false,
      delegate: {
        onMessage: (message: Message) => {
          void message.accept();
          const { request } = message;
          inbox.put({
            type: messageTypeOf(request.getHeaders('Call-Info')),
            replyTo: request.getHeader('Reply-To'),
            body: request.body,
          });
        },
      },
    });
    await ua.start();
    try {
      const registerer = new Registerer(ua, { expires: 300 });
      const registered = new Promise<void>((resolve, reject) => {
        registerer.stateChange.addListener((state) => {
          if (state === RegistererState.Registered) resolve();
          if (state === RegistererState.Terminated) reject(new Error('registration failed'));
        });
      });
      await registerer.register();
      await registered;

      const chat = { callId: `sipjs${Date.now()}lab`, latitude: 40.4168, longitude: -3.7038 };
      const send = (target: URI, messageType: number, text: string, messageId?: number): Promise<number> =>
        new Promise((resolve, reject) => {
          const m = { ...chat, messageType, text, ...(messageId === undefined ? {} : { messageId }) };
          new Messager(ua, target, body(m), contentType, { extraHeaders: headers(m) })
            .message({
              requestDelegate: {
                onAccept: (response) => resolve(response.message.statusCode ?? 0),
                onReject: (response) => resolve(response.message.statusCode ?? 0),
              },
            })
            .catch(reject);
        });

      expect(await send(new URI('sip', '112', 'provider.lab'), 257, 'A car has left the road', 1)).toBe(200);
      const start = await inbox.take((m) => m.type === 257);
      expect(start.replyTo).toBe('sip:madrid@esinet.lab');

      const psap = UserAgent.makeURI(start.replyTo ?? '') ?? new URI('sip', 'none', 'none');
      expect(await send(psap, 259, 'Two people inside', 2)).toBe(200);
      await inbox.take((m) => m.type === 259);
      expect(await send(psap, 260, '')).toBe(200);

      await lab.stop(chat.callId, 'The ambulance has taken over');
      expect((await inbox.take((m) => m.type === 258)).body).toContain('The ambulance has taken over');
      const record = await lab.chat(chat.callId);
      expect(record.messages.filter((m) => m.direction === 'in' && m.text).map((m) => m.text)).toEqual([
        'A car has left the road',
        'Two people inside',
      ]);
    } finally {
      await ua.stop();
    }
  },
);
