import { randomIds } from '@esinet/kernel';
import { appTiming, newCallId } from '@esinet/lmpe';
import { readPidfLo } from '@esinet/location';
import { describe, expect, it } from 'vitest';
import { AppSide, firstPsap, secondPsap } from './app-side.js';

const rows = (clause: string, ...numbers: number[]) => numbers.map((number) => `${clause}-${number}`);

describe('the start of an APP', () => {
  it(
    'has all that the PSAP needs',
    {
      meta: {
        clause: 'TS 103 698 6.2.2',
        shall: [
          ...rows('6.2.2', 1, 2, 3, 4, 5, 6, 7),
          ...rows('6.1.2.7', 5, 6, 9, 10, 11, 14, 15, 16, 18, 19, 21),
          ...rows('6.1.2.8', 3, 4),
          ...rows('6.1.2.2', 1),
          '5.6.2-2',
          '6.1.2.1-1',
        ],
      },
    },
    async () => {
      const app = new AppSide();
      void app.client.start('help, at home');
      await app.clock.run(1);
      const start = app.last();
      expect(start).toMatchObject({
        uri: 'urn:service:sos',
        from: '<sip:ana@provider.lab>;tag=1',
        messageId: 1,
        messageType: 257,
        text: 'help, at home',
        textType: 'text/plain; charset=utf-8',
      });
      expect(start.callInfo).toEqual([
        expect.stringMatching(
          /^<urn:emergency:uid:callid:[A-Za-z0-9]{10,30}:app\.lab>;purpose=EmergencyCallData\.CallId$/,
        ),
        '<urn:emergency:service:uid:msgid:1:app.lab>;purpose=EmergencyCallData.MsgId',
        '<urn:emergency:service:uid:msgtype:257:app.lab>;purpose=EmergencyCallData.MsgType',
      ]);
    },
  );

  it(
    'carries its place as a PIDF-LO: WGS 84, in a tuple',
    {
      meta: {
        clause: 'TS 103 698 5.6.4',
        shall: ['5.6.4-1', '5.6.4-2', '5.6.4-3', '6.2.2-5'],
      },
    },
    async () => {
      const app = new AppSide();
      void app.client.start('help');
      await app.clock.run(1);
      const document = app.last().location ?? '';
      const read = readPidfLo(Buffer.from(document));
      expect(read).toMatchObject({
        ok: true,
        value: { shapes: [{ type: 'point', position: [-3.7038, 40.4168] }] },
      });
      expect(document).toMatch(/<(?:\w+:)?tuple[\s>]/);
      expect(document).toContain('srsName="urn:ogc:def:crs:EPSG::4326"');
    },
  );

  it(
    'goes to a service number as well',
    { meta: { clause: 'TS 103 698 6.2.2', shall: '6.2.2-4' } },
    async () => {
      const app = new AppSide({ service: 'sip:112@esinet.lab' });
      void app.client.start('help');
      await app.clock.run(1);
      expect(app.last().uri).toBe('sip:112@esinet.lab');
    },
  );

  it(
    'can be a test, and is a start like any other',
    { meta: { clause: 'TS 103 698 6.1.2.10', shall: ['6.1.2.10-4', '6.1.2.10-5'] } },
    async () => {
      const app = new AppSide({ service: 'urn:service:sos.test' });
      void app.client.start('a test');
      await app.clock.run(1);
      expect(app.last()).toMatchObject({ uri: 'urn:service:sos.test', messageType: 257, messageId: 1 });
      expect(app.last().location).toBeDefined();
      expect(await app.hear(258, 1)).toBe(200);
      expect(app.client.phase).toBe('stopped');
    },
  );

  it(
    'has a Call Identifier that none before had',
    { meta: { clause: 'TS 103 698 6.1.2.7', shall: ['6.1.2.7-7', '6.1.2.7-8'] } },
    () => {
      const all = Array.from({ length: 1_000 }, () => newCallId(randomIds, 'app.lab'));
      expect(new Set(all).size).toBe(1_000);
      for (const callId of all) expect(callId).toMatch(/:callid:[A-Za-z0-9]{10,30}:app\.lab$/);
    },
  );
});

describe('the chat of an APP', () => {
  it(
    'goes to the Reply-To of the PSAP, counts by one and always says where it is',
    {
      meta: {
        clause: ['TS 103 698 6.2.3', 'TS 103 698 6.2.4'],
        shall: [
          ...rows('6.2.3', 1, 2, 3, 4, 5, 6),
          ...rows('6.2.4', 1, 2, 3, 4, 5, 6, 7),
          ...rows('6.1.2.7', 12, 13, 17, 22, 23),
          '5.6.2-3',
        ],
      },
    },
    async () => {
      const app = await new AppSide().open();
      for (const text of ['one', '', 'three']) {
        void app.client.say(text);
        await app.clock.run(1);
      }
      void app.client.stop('closed by the user');
      await app.clock.run(1);
      const chat = app.sent.slice(1);
      expect(chat.map(({ messageType, messageId }) => `${messageType}/${messageId}`)).toEqual([
        '259/2',
        '259/3',
        '259/4',
        '258/5',
      ]);
      for (const message of chat) {
        expect(message).toMatchObject({ uri: firstPsap, callId: app.client.callId });
        expect(message.location).toBeDefined();
      }
      expect(chat.at(-1)?.text).toBe('closed by the user');
    },
  );

  it(
    'sends keep-alives at least every 20 s from the PSAP’s start on',
    {
      meta: { clause: 'TS 103 698 6.2.5', shall: [...rows('6.2.5', 1, 3, 4, 5, 6, 7), '6.1.2.7-24'] },
    },
    async () => {
      const app = new AppSide();
      void app.client.start('help');
      await app.clock.run(60_000, 1_000);
      expect(app.sent.filter(({ messageType }) => messageType === 260)).toEqual([]);
      await app.hear(257, 1);
      const began = app.sent.length;
      for (let seconds = 0; seconds < 300; seconds += 20) {
        const before = app.sent.length;
        await app.clock.run(20_000, 500);
        await app.hear(260, undefined);
        expect(app.sent.length, `after ${seconds} s`).toBeGreaterThan(before);
      }
      for (const message of app.sent.slice(began)) {
        expect(message).toMatchObject({ uri: firstPsap, messageType: 260, callId: app.client.callId });
        expect(message.location).toBeDefined();
      }
      expect(appTiming.heartbeatMs).toBeLessThanOrEqual(20_000);
    },
  );

  it(
    'says that it went to the background',
    { meta: { clause: 'TS 103 698 6.2.5', shall: ['6.2.5-13', '6.1.2.7-28'] } },
    async () => {
      const app = await new AppSide().open();
      app.client.inactive();
      await app.clock.run(1);
      expect(app.last()).toMatchObject({ messageType: 388, uri: firstPsap });
      app.client.active();
      await app.clock.run(1);
      expect(app.last()).toMatchObject({ messageType: 260 });
    },
  );
});

it.each([256, 288, 383, 511, 9])(
  'a type that is unknown or reserved, %i, hides no text from the user',
  { meta: { clause: 'TS 103 698 6.1.2.7', shall: ['6.1.2.7-20', '6.1.2.7-27'] } },
  async (type) => {
    const app = await new AppSide().open();
    expect(await app.hear(type, 2, { texts: ['still here'] })).toBe(200);
    expect(app.shown).toContain('still here');
    expect(app.client.phase).toBe('open');
  },
);

describe('an APP whose chat is transferred', () => {
  it(
    'waits for the new PSAP, lets its user see it, and then goes on there',
    {
      meta: {
        clause: 'TS 103 698 6.2.6',
        shall: [...rows('6.2.6', 10, 11, 12, 20), '6.1.2.7-25'],
      },
    },
    async () => {
      const app = await new AppSide().open();
      expect(await app.hear(266, 1)).toBe(200);
      // What a person sees follows the phase: `esinet chat` prints it, the web page shows it.
      expect(app.phases.at(-1)).toBe('transferring');
      const before = app.sent.length;
      void app.client.say('are you there?');
      await app.clock.run(15_000, 500);
      expect(app.sent.slice(before).map(({ text }) => text)).not.toContain('are you there?');
      const from = { sender: 'sip:catalunya@psap.esinet.internal', replyTo: secondPsap };
      expect(await app.hear(265, 2, from)).toBe(200);
      expect(app.phases.at(-1)).toBe('open');
      await app.clock.run(1);
      const said = app.sent.find(({ text }) => text === 'are you there?');
      expect(said).toMatchObject({ uri: secondPsap, messageType: 259, messageId: 2 });
      expect(await app.hear(259, 3, from)).toBe(200);
      expect(app.shown).toContain('259/3');
    },
  );

  it(
    'takes one PSAP after each 266 and no other',
    { meta: { clause: 'TS 103 698 6.2.6', shall: '6.2.6-19' } },
    async () => {
      const app = await new AppSide().open();
      const second = { sender: 'sip:catalunya@psap.esinet.internal', replyTo: secondPsap };
      const third = { sender: 'sip:ceuta@psap.esinet.internal', replyTo: 'sip:ceuta@esinet.lab' };
      expect(await app.hear(265, 2, third)).toBe(403);
      expect(app.client.target).toBe(firstPsap);
      await app.hear(266, 1);
      expect(await app.hear(265, 2, second)).toBe(200);
      expect(await app.hear(265, 2, third)).toBe(403);
      expect(await app.hear(265, 2)).toBe(403);
      expect(app.client.target).toBe(secondPsap);
      expect(await app.hear(266, 2, second)).toBe(200);
      expect(await app.hear(265, 3, third)).toBe(200);
      expect(app.client.target).toBe('sip:ceuta@esinet.lab');
    },
  );
});

describe('an APP whose chat is redirected', () => {
  it(
    'starts at the target by itself and tells who sent it',
    {
      meta: {
        clause: 'TS 103 698 6.2.7',
        shall: [...rows('6.2.7', 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 26), '6.1.2.7-26'],
      },
    },
    async () => {
      const app = await new AppSide().open();
      expect(await app.hear(274, 1, { replyTo: secondPsap })).toBe(200);
      expect(app.phases.at(-1)).toBe('redirecting');
      await app.clock.run(1);
      const start = app.last();
      expect(start).toMatchObject({
        uri: secondPsap,
        messageType: 273,
        messageId: 2,
        callId: app.client.callId,
        text: 'help, at home',
      });
      expect(start.location).toBeDefined();
      expect(start.historyInfo).toContain(`<${firstPsap}>`);
      void app.client.say('who are you?');
      await app.clock.run(5_000, 500);
      expect(app.sent.map(({ text }) => text)).not.toContain('who are you?');
      const from = { sender: 'sip:catalunya@psap.esinet.internal', replyTo: secondPsap };
      expect(await app.hear(257, 1, from)).toBe(200);
      expect(app.phases.at(-1)).toBe('open');
      await app.clock.run(1);
      expect(app.sent.find(({ text }) => text === 'who are you?')).toMatchObject({
        uri: secondPsap,
        messageType: 259,
        messageId: 3,
      });
    },
  );
});
