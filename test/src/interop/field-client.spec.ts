import { WebSocket } from 'ws';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '@esinet/testing';
import { type Lab, startLab } from '../lab.js';
import { FieldClient } from './field-client.js';

let lab: Lab;

beforeAll(async () => {
  Object.assign(globalThis, { WebSocket });
  lab = await startLab();
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
  { meta: { clause: ['TS 103 698 6.2.3', 'TS 103 698 6.2.4', 'TS 103 698 6.2.5', 'RFC 4119'] } },
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

const notes = (callId: string): unknown[] =>
  lab.events
    .filter(
      ({ subject, payload }) => subject === 'events.psap.note' && String(payload['callId']).includes(callId),
    )
    .map(({ payload }) => payload['note']);
