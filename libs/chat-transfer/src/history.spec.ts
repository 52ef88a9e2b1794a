import { Ajv } from 'ajv';
import { expect, it } from 'vitest';
import { fitHistory } from './fit-history.js';
import { type ChatHistory, type HistoryMessage, readHistory } from './history.js';
import { historySchema } from './schemas.js';

const message: HistoryMessage = {
  Direction: 'in',
  Sender: 'sip:ana@app.lab',
  Reference: 'a84b4c76e66710',
  At: '2026-01-01T12:00:00.000Z',
  MessageId: 1,
  MessageType: 257,
  Text: 'Ayuda, ¿me oyen? 🆘 مرحبا',
  Centre: 'sip:madrid@esinet.lab',
  Locations: ['<presence/>'],
  LocationUris: ['https://lis.lab/loc/x'],
  Parts: [{ ContentType: 'image/png', ContentId: 'a@b', Bytes: 3, Body: 'AAAA' }],
  Content: 'sha256:abc',
  Problems: ['two Call Identifiers'],
};

const history: ChatHistory = {
  Version: 1,
  AppUri: 'sip:ana@app.lab',
  Sender: 'sip:ana@app.lab',
  Service: 'urn:service:sos',
  StartedAt: '2026-01-01T12:00:00.000Z',
  IncidentId: 'urn:emergency:uid:incidentid:x:y',
  Centres: ['sip:madrid@esinet.lab'],
  Languages: ['es', 'ar'],
  Messages: [message],
  Notes: [{ At: '2026-01-01T12:00:01.000Z', By: 'carmen', Text: 'by the river' }],
};

const valid = new Ajv().compile(historySchema);

it(
  'a history comes back as it was, without what is not of its version',
  { meta: { clause: 'TS 103 698 6.3.3' } },
  () => {
    expect(valid(history), JSON.stringify(valid.errors)).toBe(true);
    expect(readHistory(JSON.parse(JSON.stringify(history)))).toEqual({ ok: true, value: history });
    const more = {
      ...history,
      Secret: 1,
      Messages: [{ ...message, Colour: 'red', Parts: [{ ...message.Parts?.[0], Path: '/etc' }] }],
      Notes: [{ ...history.Notes?.[0], Html: '<b>' }],
    };
    expect(readHistory(more)).toEqual({ ok: true, value: history });
    const least = { Version: 1, AppUri: 'sip:a@b', Sender: '', StartedAt: '', Centres: [], Messages: [] };
    expect(readHistory(least)).toEqual({ ok: true, value: least });
  },
);

it('says where a history is wrong and nothing of what it says', () => {
  expect(readHistory({ Version: 2, AppUri: '', Centres: 'x', Messages: {} })).toEqual({
    ok: false,
    error: [
      '/Sender: is missing',
      '/StartedAt: is missing',
      '/Version: is not 1',
      '/AppUri: is empty',
      '/Centres: is not an array',
      '/Messages: is not an array',
    ],
  });
  const bad = {
    ...history,
    Messages: [message, 7, { ...message, MessageId: -1, Direction: 'up', Parts: [{}] }],
  };
  expect(readHistory(bad)).toEqual({
    ok: false,
    error: [
      '/Messages/1: is not an object',
      '/Messages/2/Direction: is none of in, out',
      '/Messages/2/MessageId: is less than 0',
      '/Messages/2/Parts/0/ContentType: is missing',
      '/Messages/2/Parts/0/Bytes: is missing',
    ],
  });
  expect(valid(bad)).toBe(false);
  const many = readHistory({ ...history, Messages: Array(300_000).fill(0) });
  expect(many.ok || many.error.length).toBe(50);
});

it('keeps the newest of more messages than it looks at', () => {
  const Messages = Array.from({ length: 20_003 }, (_, i) => ({ ...message, MessageId: i }));
  const read = readHistory({ ...history, Messages });
  expect(read.ok && read.value.Messages.length).toBe(20_000);
  expect(read.ok && read.value.Messages[0]?.MessageId).toBe(3);
  expect(read.ok && read.value.Omitted).toBe(3);
});

const size = (h: ChatHistory): number => Buffer.byteLength(JSON.stringify(h));

it('fits: bodies first and the largest, then the oldest texts, then the oldest messages', () => {
  expect(fitHistory(history)).toBe(history);
  const photo = (bytes: number) => ({ ContentType: 'image/png', Bytes: bytes, Body: 'A'.repeat(bytes) });
  const Messages = [
    { ...message, MessageId: 1, Parts: [photo(300_000), photo(500_000)] },
    { ...message, MessageId: 2, Parts: [photo(200_000)] },
  ];
  const fitted = fitHistory({ ...history, Messages }, 600_000);
  expect(size(fitted)).toBeLessThanOrEqual(600_000);
  expect(fitted.Messages.map((m) => m.Parts?.map((p) => p.Body?.length))).toEqual([
    [300_000, undefined],
    [200_000],
  ]);
  expect(fitted.Omitted).toBe(1);
  expect(fitted.Messages[0]?.Parts?.[1]).toEqual({ ContentType: 'image/png', Bytes: 500_000 });

  const texts = Array.from({ length: 100 }, (_, i) => ({
    ...message,
    MessageId: i,
    Text: 'é'.repeat(1_000),
  }));
  const short = fitHistory({ ...history, Messages: texts, Omitted: 4 }, 100_000);
  expect(size(short)).toBeLessThanOrEqual(100_000);
  expect(short.Messages).toHaveLength(100);
  const first = short.Messages.findIndex((m) => m.Text !== undefined);
  expect(short.Messages.slice(first).every((m) => m.Text !== undefined)).toBe(true);
  expect(first).toBeGreaterThan(40);
  expect(short.Omitted).toBe(100 + first + 4);

  const few = fitHistory({ ...history, Messages: texts }, 5_000);
  expect(size(few)).toBeLessThanOrEqual(5_000);
  expect(few.Messages.at(-1)?.MessageId).toBe(99);
  expect(readHistory(few).ok).toBe(true);
});
