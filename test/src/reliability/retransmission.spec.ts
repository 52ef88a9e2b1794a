import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Caller, type StartMessage } from '../caller.js';
import { type Lab, startLab } from '../lab.js';
import { Wire, chatMessage, identifiersOf } from './wire.js';

let lab: Lab;
let wire: Wire;

beforeAll(async () => {
  lab = await startLab();
  wire = await Wire.open();
});
afterAll(async () => {
  await wire.close();
  await lab.close();
});

const start = (chat: string, attempt = 0): Buffer =>
  chatMessage({ wire, chat, messageType: 257, messageId: 1, text: 'help', attempt });

/** Starts of the PSAP that came, each message once however often it was sent. */
function starts(chat: string): string[] {
  const found = wire.requests.filter((request) => {
    const ids = identifiersOf(request);
    return ids.chat === chat && ids.messageType === 257;
  });
  return [...new Set(found.map((request) => request.topVia?.branch ?? ''))];
}

describe('five copies of a start', () => {
  it(
    'in one transaction are one message',
    { meta: { clause: ['RFC 3261 17.2.2', 'RFC 3428 7'] } },
    async () => {
      const chat = 'copiesinonetransactionxxxx';
      let answers = 0;
      const bytes = start(chat);
      const counted = wire.onResponse(bytes, ({ status }) => (answers += status === 200 ? 1 : 0));
      // What comes while the first is under way is absorbed, what comes later is answered as the first was.
      for (let i = 0; i < 5; i++) wire.sendOnce(lab.port(15_060), bytes);
      await expect.poll(() => answers, { timeout: 5_000 }).toBeGreaterThanOrEqual(1);
      const before = answers;
      for (let i = 0; i < 5; i++) wire.sendOnce(lab.port(15_060), bytes);
      await expect.poll(() => answers, { timeout: 5_000 }).toBe(before + 5);
      const recorded = await lab.chat(chat, ({ messages }) => messages.some((m) => m.direction === 'out'));
      await expect.poll(() => starts(chat), { timeout: 5_000 }).toHaveLength(1);
      counted();
      expect(recorded.messages.filter((m) => m.direction === 'in')).toHaveLength(1);
      expect((await lab.chat(chat)).messages.filter((m) => m.messageType === 257)).toHaveLength(2);
      expect(starts(chat)).toHaveLength(1);
    },
  );

  it.each([
    ['one after the other', 0],
    ['all at once', 1],
  ])(
    'in transactions of their own, %s, are one message',
    { meta: { clause: ['TS 103 698 6.1.2.7', 'RFC 3261 8.2.2.2'] } },
    async (_how, atOnce) => {
      const chat = `copiesintheirown${atOnce}xxxxxxxxx`;
      const statuses: (number | undefined)[] = [];
      const send = async (attempt: number): Promise<void> => {
        statuses.push((await wire.send(lab.port(15_060), start(chat, attempt)))?.status);
      };
      if (atOnce) await Promise.all([0, 1, 2, 3, 4].map(send));
      else for (const attempt of [0, 1, 2, 3, 4]) await send(attempt);
      expect(statuses).toEqual([200, 200, 200, 200, 200]);
      await expect.poll(() => starts(chat), { timeout: 5_000 }).toHaveLength(1);
      const { messages } = await lab.chat(chat, (c) => c.messages.some((m) => m.direction === 'out'));
      expect(messages.filter((m) => m.direction === 'in')).toHaveLength(1);
      expect(messages.filter((m) => m.direction === 'out' && m.messageType === 257)).toHaveLength(1);
    },
  );

  it(
    'with Call-IDs of their own, as an APP writes that starts afresh, are one chat with one start',
    { meta: { clause: 'TS 103 698 6.1.2.7' } },
    async () => {
      const chat = 'copieswithowncallidsxxxxxx';
      for (let attempt = 0; attempt < 5; attempt++) {
        const bytes = Buffer.from(
          start(chat, attempt)
            .toString('latin1')
            .replace(/^(Call-ID: )/m, `$1again${attempt}-`),
          'latin1',
        );
        expect((await wire.send(lab.port(15_060), bytes))?.status).toBe(200);
      }
      const { messages } = await lab.chat(chat, (c) => c.messages.some((m) => m.direction === 'out'));
      expect(messages.filter((m) => m.direction === 'in')).toHaveLength(1);
      await expect.poll(() => starts(chat), { timeout: 5_000 }).toHaveLength(1);
    },
  );
});

it(
  'messages out of order and with gaps between their identifiers are all recorded, each once, and read in order',
  { meta: { clause: ['TS 103 698 6.1.2.7', 'TS 103 698 6.2.3'] }, timeout: 30_000 },
  async () => {
    const chat = 'outoforderwithmissingidsxx';
    expect((await wire.send(lab.port(15_060), start(chat)))?.status).toBe(200);
    const order = [7, 3, 12, 2, 3, 9, 7, 100, 4, 2_147_483_647];
    for (const messageId of order) {
      const bytes = chatMessage({
        wire,
        chat,
        messageType: 259,
        messageId,
        text: `text ${messageId}`,
        uri: 'sip:default@esinet.lab',
      });
      expect((await wire.send(lab.port(15_060), bytes))?.status, String(messageId)).toBe(200);
    }
    const { messages } = await lab.chat(chat);
    expect(messages.filter((m) => m.direction === 'in').map((m) => m.text)).toEqual([
      'help',
      ...[...new Set(order)].sort((a, b) => a - b).map((messageId) => `text ${messageId}`),
    ]);
  },
);

it(
  'a message identifier used for two texts loses neither',
  { meta: { clause: 'TS 103 698 6.1.2.7' } },
  async () => {
    const chat = 'oneidentifiertwotextsxxxxx';
    expect((await wire.send(lab.port(15_060), start(chat)))?.status).toBe(200);
    for (const [attempt, text] of ['fire', 'no, flood'].entries()) {
      const bytes = chatMessage({ wire, chat, messageType: 259, messageId: 2, text, attempt });
      const other = Buffer.from(bytes.toString('latin1').replace(/^(Call-ID: )/m, `$1${attempt}-`), 'latin1');
      expect((await wire.send(lab.port(15_060), other))?.status).toBe(200);
    }
    const { messages } = await lab.chat(chat);
    expect(messages.filter((m) => m.direction === 'in').map((m) => m.text)).toEqual([
      'help',
      'fire',
      'no, flood',
    ]);
  },
);

it(
  'keeps two attachments that a client sends under one Message Identifier',
  { meta: { clause: ['TS 103 698 6.1.2.8', 'RFC 3428 7'] } },
  async () => {
    const caller = await Caller.open(lab.port(15_060));
    const callId = 'onenumbertwopicturesxxxxxx';
    const picture = (body: string): StartMessage => ({
      callId,
      text: 'look',
      parts: [{ headers: [['Content-Type', 'image/png']], body }],
    });
    try {
      for (const body of ['first', 'second', 'second']) expect(await caller.send(picture(body))).toBe(200);
      const { messages } = await lab.chat(callId);
      expect(messages.filter((m) => m.direction === 'in')).toHaveLength(2);
    } finally {
      await caller.close();
    }
  },
);
