import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LabProcess, labProcess } from './lab-process.js';
import { Wire, chatMessage, identifiersOf } from './wire.js';

let lab: LabProcess;
let wire: Wire;

beforeAll(async () => {
  lab = await labProcess();
  wire = await Wire.open();
}, 60_000);
afterAll(async () => {
  await wire.close();
  await lab.close();
}, 20_000);

/** Texts of the centre that reached the APP in a chat. */
const heard = (chat: string): string[] =>
  wire.requests.filter((m) => identifiersOf(m).chat === chat).map((m) => m.body.toString('utf8'));

async function say(chat: string, text: string): Promise<number> {
  const id = encodeURIComponent(`urn:emergency:uid:callid:${chat}:app.lab`);
  const answer = await fetch(`http://127.0.0.1:${lab.port(15_090)}/api/chats/${id}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  });
  return answer.status;
}

it(
  'a chat goes on both ways after every element was killed at once',
  { meta: { clause: ['TS 103 698 6.1.2.7', 'TS 103 698 6.2.3'] }, timeout: 60_000 },
  async () => {
    const chat = 'everythingwaskilledxxxxxxx';
    const send = async (messageId: number, text: string): Promise<number | undefined> => {
      const bytes = chatMessage({
        wire,
        chat,
        messageType: messageId === 1 ? 257 : 259,
        messageId,
        text,
        uri: messageId === 1 ? 'urn:service:sos' : 'sip:default@esinet.lab',
      });
      return (await wire.send(lab.port(15_060), bytes))?.status;
    };
    expect(await send(1, 'help')).toBe(200);
    await expect.poll(() => heard(chat).length, { timeout: 10_000 }).toBeGreaterThan(0);

    await lab.crash();
    // The border no longer knows the way to the APP: what is said now has to wait for the APP's next message.
    expect(await say(chat, 'said after the restart')).toBe(201);
    await pause(500);
    expect(await send(2, 'are you there')).toBe(200);
    await expect.poll(() => heard(chat), { timeout: 20_000 }).toContain('said after the restart');
    expect(await say(chat, 'said later')).toBe(201);
    await expect.poll(() => heard(chat), { timeout: 20_000 }).toContain('said later');

    const starts = wire.requests.filter((m) => {
      const ids = identifiersOf(m);
      return ids.chat === chat && ids.messageType === 257;
    });
    expect(new Set(starts.map((m) => identifiersOf(m).messageId)).size).toBe(1);
  },
);
