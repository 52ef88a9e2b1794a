import type { ChatClient, ChatMessage } from '@esinet/element-app';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CentreProcess, type TwoPsaps, startTwoPsaps } from './two-psaps.js';

let two: TwoPsaps;
beforeAll(async () => {
  two = await startTwoPsaps();
}, 60_000);
afterAll(() => two.close());

async function talking(text: string): Promise<{ app: ChatClient; shown: ChatMessage[] }> {
  const app = await two.app();
  const shown: ChatMessage[] = [];
  app.onMessage((message) => shown.push(message));
  expect((await app.start(text)).delivered).toBe(true);
  await until(() => app.phase === 'open');
  return { app, shown };
}

const textsAt = async (centre: CentreProcess, app: ChatClient, direction = 'in'): Promise<string[]> =>
  ((await centre.chat(app.callId))?.messages ?? [])
    .filter((m) => m.direction === direction && (m.text ?? '') !== '')
    .map(({ text }) => text ?? '');

const phaseAt = async (centre: CentreProcess, app: ChatClient): Promise<string | undefined> =>
  (await centre.chat(app.callId))?.phase;

it(
  'a live chat is transferred from process to process, and back, with everything that was said',
  {
    meta: { clause: ['TS 103 698 6.2.6', 'TS 103 698 6.3.2', 'TS 103 698 6.3.3', 'TS 103 698 6.3.4'] },
    timeout: 60_000,
  },
  async () => {
    const { madrid, toledo } = two;
    const { app, shown } = await talking('fire in the kitchen 🔥');
    await app.say('third floor');
    expect(await madrid.act(app.callId, 'messages', { text: 'which street?' })).toBeLessThan(300);
    expect(await madrid.act(app.callId, 'transfer', { to: toledo.uri, reason: 'theirs' })).toBeLessThan(300);
    await until(async () => app.phase === 'open' && (await phaseAt(toledo, app)) === 'open');
    await until(async () => (await phaseAt(madrid, app)) === 'handed-over');
    expect(app.target).toBe(toledo.uri);
    expect((await app.say('calle mayor 1')).delivered).toBe(true);
    expect(await toledo.act(app.callId, 'messages', { text: 'they are on their way' })).toBeLessThan(300);
    await until(() => shown.some(({ text }) => text === 'they are on their way'));
    expect(await textsAt(toledo, app)).toEqual(['fire in the kitchen 🔥', 'third floor', 'calle mayor 1']);
    expect(await textsAt(toledo, app, 'out')).toContain('which street?');
    expect(await textsAt(madrid, app)).toEqual(['fire in the kitchen 🔥', 'third floor']);
    // And back: Message Identifiers go on, nothing is imported twice.
    expect(await toledo.act(app.callId, 'transfer', { to: madrid.uri })).toBeLessThan(300);
    await until(async () => app.phase === 'open' && (await phaseAt(madrid, app)) === 'open');
    await app.say('they are here');
    expect(await textsAt(madrid, app)).toEqual([
      'fire in the kitchen 🔥',
      'third floor',
      'calle mayor 1',
      'they are here',
    ]);
    await until(async () => (await phaseAt(toledo, app)) === 'handed-over');
    const own = (await madrid.chat(app.callId))?.messages.filter((m) => m.direction === 'out') ?? [];
    expect(new Set(own.map((m) => `${m.messageType} ${m.messageId}`)).size).toBe(own.length);
    expect(new Set(shown.map((m) => `${m.kind} ${m.messageId} ${m.sender}`)).size).toBe(shown.length);
  },
);

it(
  'a live chat is redirected from process to process',
  { meta: { clause: 'TS 103 698 6.2.7' }, timeout: 60_000 },
  async () => {
    const { madrid, toledo } = two;
    const { app, shown } = await talking('smoke over the hill');
    expect(await madrid.act(app.callId, 'redirect', { to: toledo.uri })).toBeLessThan(300);
    await until(async () => app.phase === 'open' && (await phaseAt(toledo, app)) === 'open');
    expect(await phaseAt(madrid, app)).toBe('handed-over');
    expect((await app.say('it grows')).delivered).toBe(true);
    expect(await textsAt(toledo, app)).toContain('it grows');
    expect(await toledo.act(app.callId, 'messages', { text: 'we see it' })).toBeLessThan(300);
    await until(() => shown.some(({ text }) => text === 'we see it'));
  },
);

it(
  'what nobody agreed on does not happen, and the chat goes on',
  { meta: { clause: ['TS 103 698 6.2.6', 'TS 103 698 6.2.7'] }, timeout: 60_000 },
  async () => {
    const { madrid, toledo } = two;
    const { app } = await talking('lost in the woods');
    for (const to of ['sip:nobody@elsewhere.example', 'sip:sevilla@esinet.lab', madrid.uri, 'toledo']) {
      for (const what of ['transfer', 'redirect']) {
        expect(await madrid.act(app.callId, what, { to }), `${what} to ${to}`).toBeGreaterThanOrEqual(400);
      }
    }
    await toledo.kill();
    expect(await madrid.act(app.callId, 'transfer', { to: toledo.uri })).toBeGreaterThanOrEqual(400);
    expect(app.phase).toBe('open');
    expect(await phaseAt(madrid, app)).toBe('open');
    expect((await app.say('still here')).delivered).toBe(true);
    await toledo.start();
    expect(await phaseAt(toledo, app)).toBeUndefined();
  },
);
