import { MessageType, readIdentifiers } from '@esinet/lmpe';
import { describe, expect, it } from 'vitest';
import { outgoingRequest } from '../outgoing-request.js';
import { TwoPsaps, callId, uris } from './transfer-fixture.js';

const { start, startRedirect, inChat, stop } = MessageType;

async function talking(): Promise<TwoPsaps> {
  const two = new TwoPsaps();
  await two.start('madrid');
  await two.start('toledo');
  await two.say(start, 'help');
  await two.settle();
  return two;
}

describe('a redirect', () => {
  it(
    'sends the APP to the other PSAP, which greets it',
    {
      meta: {
        clause: 'TS 103 698 6.2.7',
        shall: [
          '6.2.7-1',
          '6.2.7-2',
          '6.2.7-3',
          '6.2.7-5',
          '6.2.7-6',
          '6.2.7-7',
          '6.2.7-8',
          '6.2.7-19',
          '6.2.7-20',
          '6.2.7-23',
        ],
      },
    },
    async () => {
      const two = await talking();
      const sent = await two.desk('madrid').redirect(callId, { to: uris.toledo, by: 'eva' });
      expect(sent).toMatchObject({
        ok: true,
        value: { messageType: 274, messageId: 1, replyTo: uris.toledo, by: 'eva' },
      });
      await two.settle();
      expect(two.app.replyTo).toBe(uris.toledo);
      expect(await two.chat('madrid')).toMatchObject({ phase: 'handed-over', handedTo: uris.toledo });
      expect(await two.desk('madrid').say(callId, 'no more')).toMatchObject({ ok: false });
      expect(await two.deliver(two.app.write(startRedirect, 'help'), 'toledo')).toBe(200);
      await two.settle();
      expect(two.app.owner).toBe(uris.toledo);
      expect(two.app.heard.at(-1)).toMatchObject({ type: 257, id: 1 });
      await two.say(inChat, 'on we go');
      expect((await two.messages('toledo')).map((m) => m.text)).toContain('on we go');
      // An APP that missed it, or forgot: told once more, what it says is kept.
      expect(await two.deliver(two.app.write(inChat, 'a straggler'), 'madrid')).toBe(200);
      await two.settle();
      expect(two.app.heard.filter(({ type }) => type === 274)).toHaveLength(2);
      expect((await two.messages('madrid')).at(-1)).toMatchObject({ text: 'a straggler' });
    },
  );

  it(
    'that the APP refuses leaves the chat where it is',
    { meta: { clause: 'TS 103 698 6.2.7' } },
    async () => {
      const two = await talking();
      two.app.deaf = (type) => (type === 274 ? 488 : undefined);
      await two.desk('madrid').redirect(callId, { to: uris.toledo });
      await two.settle();
      expect(await two.chat('madrid')).toMatchObject({ phase: 'open' });
      expect(await two.desk('madrid').say(callId, 'stay here')).toMatchObject({ ok: true });
    },
  );

  it(
    'is sent again after a restart until it is answered',
    { meta: { clause: 'TS 103 698 6.2.7' } },
    async () => {
      const two = await talking();
      two.app.deaf = (type) => (type === 274 ? 0 : undefined);
      await two.desk('madrid').redirect(callId, { to: uris.toledo });
      await two.settle();
      two.kill('madrid');
      two.app.deaf = undefined;
      await two.start('madrid');
      // The APP writes as if nothing had been: that is when it is told.
      expect(await two.say(inChat, 'hello?')).toBe(200);
      await two.settle();
      expect(two.app.heard.at(-1)).toMatchObject({ type: 274, id: 1, status: 200 });
      expect(two.app.replyTo).toBe(uris.toledo);
    },
  );
});

describe('a call-back', () => {
  it(
    'opens a closed chat again, with the next number',
    { meta: { clause: 'TS 103 698 6.1.2.5' } },
    async () => {
      const two = await talking();
      const desk = two.desk('madrid');
      expect(await desk.callBack(callId, { text: 'too early', incident: true })).toMatchObject({
        ok: false,
        error: { code: 'not-open' },
      });
      await two.say(stop, 'bye');
      expect(await desk.callBack(callId, { text: 'Are you safe?', incident: true })).toMatchObject({
        ok: true,
        value: { messageType: 257, messageId: 2, callBack: 'incident' },
      });
      await two.settle();
      expect(await two.chat('madrid')).toMatchObject({ phase: 'open' });
      expect(two.app.heard.at(-1)).toMatchObject({ type: 257, id: 2, text: 'Are you safe?' });
      await two.say(inChat, 'yes');
      expect((await two.messages('madrid')).at(-1)).toMatchObject({ text: 'yes' });
    },
  );

  it(
    'is marked within an incident and not outside of one',
    {
      meta: {
        clause: ['TS 103 698 6.1.2.5', 'RFC 7090 3'],
        shall: ['6.1.2.5-8', '6.1.2.5-9', '6.2.3-9', '6.2.7-3'],
      },
    },
    () => {
      const made = (more: { callBack?: 'incident' | 'plain'; replyTo?: string }) => {
        const { headers = [] } = outgoingRequest({
          callId,
          centreUri: uris.madrid,
          element: 'psap.lab',
          message: {
            to: 'sip:ana@provider.lab',
            messageType: start,
            messageId: 2,
            keepAlive: false,
            ...more,
          },
        });
        const of = (name: string) => headers.filter(([n]) => n === name).map(([, value]) => value);
        expect(readIdentifiers(of('Call-Info'))).toMatchObject({ callId, messageId: 2, messageType: start });
        return [of('Resource-Priority'), of('Priority'), of('Reply-To')];
      };
      expect(made({})).toEqual([['esnet.0'], [], [uris.madrid]]);
      expect(made({ callBack: 'incident' })).toEqual([['esnet.0'], ['psap-callback'], [uris.madrid]]);
      expect(made({ callBack: 'plain' })).toEqual([[], [], [uris.madrid]]);
      expect(made({ replyTo: uris.toledo })).toEqual([['esnet.0'], [], [uris.toledo]]);
    },
  );
});
