import { MessageType } from '@esinet/lmpe';
import { describe, expect, it } from 'vitest';
import { psapConfigSchema } from './config.js';
import { TwoPsaps, callId, uris } from './transfer/transfer-fixture.js';

const { start, inChat } = MessageType;

async function talking(): Promise<TwoPsaps> {
  const two = new TwoPsaps();
  await two.start('madrid');
  await two.say(start, 'help');
  await two.settle();
  return two;
}

const shown = (two: TwoPsaps) =>
  (two.running.get('madrid')?.events ?? []).flatMap(({ type, data }) =>
    type === 'message' && 'text' in data && 'direction' in data && data.direction === 'in' ? [data.text] : [],
  );

describe('the desk', () => {
  it(
    'records and answers what comes behind a hole at once, and shows it when the hole is filled',
    { meta: { clause: 'TS 103 698 6.2.3' } },
    async () => {
      const two = await talking();
      const second = two.app.write(inChat, 'second');
      expect(await two.say(inChat, 'third')).toBe(200);
      expect((await two.messages('madrid')).at(-1)?.text).toBe('third');
      expect(shown(two)).toEqual(['help']);
      expect(await two.deliver(second, 'madrid')).toBe(200);
      expect(shown(two)).toEqual(['help', 'second', 'third']);
      const read = await two.desk('madrid').messages((await two.chat('madrid'))?.chat ?? '');
      expect(read.filter((m) => m.direction === 'in').map((m) => m.text)).toEqual([
        'help',
        'second',
        'third',
      ]);
    },
  );

  it(
    'shows it with a mark when nothing fills the hole',
    { meta: { clause: 'TS 103 698 6.2.3' } },
    async () => {
      const two = await talking();
      const second = two.app.write(inChat, 'second');
      await two.say(inChat, 'third');
      await two.pass(2_000);
      expect(shown(two)).toEqual(['help', 'third']);
      await two.settle();
      expect((await two.messages('madrid')).find((m) => m.text === 'third')?.marks).toEqual(['gap']);
      await two.deliver(second, 'madrid');
      expect(shown(two)).toEqual(['help', 'third', 'second']);
      expect((await two.messages('madrid')).find((m) => m.text === 'second')?.marks).toEqual(['late']);
    },
  );

  it(
    'keeps the APP alive every 19 s, says that it is silent after 60 s, and never closes the chat by itself',
    { meta: { clause: 'TS 103 698 6.2.5', shall: ['6.2.5-2', '6.2.5-8', '6.2.5-12'] } },
    async () => {
      const two = await talking();
      let beats = 0;
      two.app.deaf = (type) => {
        if (type === MessageType.heartbeat) beats++;
        return undefined;
      };
      await two.pass(58_000);
      expect(beats).toBe(3);
      const notes = () =>
        (two.running.get('madrid')?.events ?? []).flatMap(({ type, data }) =>
          type === 'note' && 'note' in data ? [data.note] : [],
        );
      expect(notes()).not.toContain('silent');
      await two.pass(3_000);
      expect(notes()).toContain('silent');
      await two.pass(600_000, 5_000);
      expect(await two.chat('madrid')).toMatchObject({ phase: 'open' });
      expect(() => psapConfigSchema.parse({ heartbeat: '21 s' })).toThrow('20 s');
    },
  );

  it(
    'gives a chat to a call taker, and still knows it after a restart',
    { meta: { clause: 'TS 103 698 6.2.3' } },
    async () => {
      const two = await talking();
      expect(await two.desk('madrid').assign(callId, 'eva')).toMatchObject({
        ok: true,
        value: { taker: 'eva' },
      });
      two.kill('madrid');
      const desk = await two.start('madrid');
      expect(await desk.find(callId)).toMatchObject({ taker: 'eva', phase: 'open' });
      expect(await desk.assign(callId, undefined)).toMatchObject({ ok: true });
      expect(await desk.find(callId)).not.toHaveProperty('taker');
      expect(await desk.assign('nobody', 'eva')).toMatchObject({ ok: false, error: { code: 'not-found' } });
    },
  );

  it(
    'ends a chat with a prepared text where the call taker gives none',
    { meta: { clause: 'TS 103 698 6.2.4', shall: ['6.2.4-11', '6.2.4-12', '6.2.4-13'] } },
    async () => {
      const two = await talking();
      await two.desk('madrid').stop(callId);
      await two.settle();
      expect(two.app.heard.at(-1)).toMatchObject({
        from: uris.madrid,
        type: 258,
        id: 2,
        text: 'madrid has closed this chat.',
      });
    },
  );

  it(
    'tells what happens with numbers that grow from one process to the next',
    { meta: { clause: 'house rules: events of the desk' } },
    async () => {
      const two = await talking();
      const first = two.running.get('madrid')?.events.map(({ id }) => id) ?? [];
      two.kill('madrid');
      two.clock.advance(10);
      await two.start('madrid');
      await two.say(inChat, 'on');
      const then = two.running.get('madrid')?.events.map(({ id }) => id) ?? [];
      const all = [...first, ...then];
      expect(all.length).toBeGreaterThan(3);
      expect(all).toEqual([...all].sort((a, b) => a - b));
    },
  );
});
