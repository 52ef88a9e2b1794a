import { until } from '@esinet/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, type RecordedChat, startLab } from '../lab.js';
import { FieldClient } from './field-client.js';
import { lendWebSocket } from './web-socket.js';

lendWebSocket();

let lab: Lab;

beforeAll(async () => {
  // A chat is declared silent after 2 s here, so that nobody has to wait for it.
  lab = await startLab((config) => ({ ...config, psap: { ...config.psap, silence: 2_000 } }));
});
afterAll(() => lab.close());

const madrid = { latitude: 40.4168, longitude: -3.7038 };

async function openChat(user: string): Promise<FieldClient> {
  const client = await FieldClient.open(lab, user);
  client.move(madrid);
  expect(await client.start('Help')).toBe(200);
  const start = await client.inbox.take((m) => m.messageType === 257);
  expect(start).toMatchObject({ faults: [], messageId: 1, replyTo: 'sip:madrid@esinet.lab' });
  return client;
}

it(
  'a client as they are deployed: place only when it changed, counted heartbeats with an empty multipart, PSAP ends the chat',
  {
    meta: {
      clause: ['TS 103 698 6.2.3', 'TS 103 698 6.2.4', 'TS 103 698 6.2.5', 'RFC 4119'],
      shall: '6.2.5-2',
    },
  },
  async () => {
    const client = await openChat('caller6');
    try {
      for (let i = 0; i < 2; i++) {
        expect(await client.heartbeat()).toBe(200);
        expect(await client.say(`text ${i}`)).toBe(200);
      }
      client.move({ latitude: 40.42, longitude: -3.71 });
      expect(await client.heartbeat()).toBe(200);
      await lab.say(client.callId, 'Help is on the way');
      const answer = await client.inbox.take((m) => m.text.includes('Help is on the way'));
      expect(answer).toMatchObject({ faults: [], messageType: 259 });
      await lab.stop(client.callId, 'They took over');
      expect(await client.inbox.take((m) => m.messageType === 258)).toMatchObject({ faults: [] });
      expect(client.closed).toBe(true);
      const record = await lab.chat(client.callId);
      const said = record.messages.filter((m) => m.direction === 'in' && m.text).map((m) => m.text);
      expect(said).toEqual(['Help', 'text 0', 'text 1']);
      // Heartbeats share the counter with the texts: no hole for the call taker to wonder about.
      expect(notes(client.callId)).not.toContain('gap');
    } finally {
      client.close();
    }
  },
);

it(
  'a client as they are deployed is transferred: 266, 265, and all it says from then on reaches the other centre',
  { meta: { clause: ['TS 103 698 6.2.6', 'TS 103 698 6.3'] }, timeout: 30_000 },
  async () => {
    const client = await openChat('caller7');
    try {
      expect(await client.say('before')).toBe(200);
      await lab.act(client.callId, 'transfer', { to: lab.centre('catalunya'), reason: 'their area' });
      const stall = await client.inbox.take((m) => m.messageType === 266);
      const take = await client.inbox.take((m) => m.messageType === 265);
      expect(stall).toMatchObject({ faults: [], replyTo: 'sip:madrid@esinet.lab' });
      expect(take).toMatchObject({
        faults: [],
        replyTo: 'sip:catalunya@esinet.lab',
        messageId: (stall.messageId ?? 0) + 1,
      });
      expect(stall.text).not.toBe('');
      expect(take.text).not.toBe('');
      expect(await client.heartbeat()).toBe(200);
      expect(await client.say('after')).toBe(200);
      await until(async () => (await owners(client.callId))['madrid']?.phase === 'handed-over');
      const { madrid, catalunya } = await owners(client.callId);
      expect(catalunya?.phase).toBe('open');
      expect(said(catalunya)).toEqual(['Help', 'before', 'after']);
      expect(said(madrid)).toEqual(['Help', 'before']);
      // Only one of them may speak: what the other one says is refused.
      await expect(lab.act(madrid?.chat ?? '', 'messages', { text: 'still here?' })).rejects.toThrow('409');
      await lab.act(catalunya?.chat ?? '', 'messages', { text: 'we go on' });
      expect(await client.inbox.take((m) => m.text === 'we go on')).toMatchObject({
        faults: [],
      });
    } finally {
      client.close();
    }
  },
);

it(
  'a client as they are deployed is redirected: 274, its own 273 with the place, 257 of the other centre',
  { meta: { clause: ['TS 103 698 6.2.7', 'RFC 7044 5'] }, timeout: 30_000 },
  async () => {
    const client = await openChat('caller8');
    try {
      await lab.act(client.callId, 'redirect', { to: lab.centre('andalucia') });
      const stop = await client.inbox.take((m) => m.messageType === 274);
      expect(stop).toMatchObject({ faults: [], replyTo: 'sip:andalucia@esinet.lab', messageId: 1 });
      const start = await client.inbox.take((m) => m.messageType === 257);
      expect(start).toMatchObject({ faults: [], replyTo: 'sip:andalucia@esinet.lab', messageId: 1 });
      expect(client.sentByItself).toEqual([{ messageType: 273, status: 200 }]);
      expect(await client.say('after')).toBe(200);
      const { madrid, andalucia } = await owners(client.callId);
      expect([madrid?.phase, andalucia?.phase]).toEqual(['handed-over', 'open']);
      expect(said(andalucia)).toEqual(['I was sent here', 'after']);
    } finally {
      client.close();
    }
  },
);

it(
  'a client that takes 266 for the end answers 200 and is lost to both: its chat stays open and is declared silent',
  { meta: { clause: ['TS 103 698 6.2.5', 'TS 103 698 6.2.6'] }, timeout: 30_000 },
  async () => {
    const client = await openChat('caller9');
    client.endsOnStop = true;
    try {
      await lab.act(client.callId, 'transfer', { to: lab.centre('catalunya') });
      await client.inbox.take((m) => m.messageType === 265);
      expect(client.closed).toBe(true);
      await until(() => notes(client.callId, 'catalunya').includes('silent'));
      const { madrid, catalunya } = await owners(client.callId);
      expect([madrid?.phase, catalunya?.phase]).toEqual(['handed-over', 'open']);
      expect(said(catalunya)).toEqual(['Help']);
    } finally {
      client.close();
    }
  },
);

const owners = async (callId: string): Promise<Partial<Record<string, RecordedChat>>> =>
  Object.fromEntries((await lab.chats(callId)).map((chat) => [chat.centre, chat]));

const said = (chat: RecordedChat | undefined): (string | undefined)[] =>
  (chat?.messages ?? []).filter((m) => m.direction === 'in' && m.text).map((m) => m.text);

const notes = (callId: string, centre = 'madrid'): unknown[] =>
  lab.events
    .filter(
      ({ subject, payload }) =>
        subject === 'events.psap.note' &&
        String(payload['callId']).includes(callId) &&
        payload['centre'] === centre,
    )
    .map(({ payload }) => payload['note']);
