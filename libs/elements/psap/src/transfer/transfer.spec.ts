import { MessageType } from '@esinet/lmpe';
import { describe, expect, it } from 'vitest';
import { partOctets } from '../attachments/part-octets.js';
import type { MessageRecord } from '../message-record.js';
import { TwoPsaps, callId, uris } from './transfer-fixture.js';

const { start, inChat, stop } = MessageType;

async function talking(transfer: Record<string, unknown> = {}): Promise<TwoPsaps> {
  const two = new TwoPsaps(transfer);
  await two.start('madrid');
  await two.start('toledo');
  await two.say(start, 'help');
  await two.settle();
  await two.say(inChat, 'smoke in the kitchen');
  await two.desk('madrid').say(callId, 'Is anybody hurt?');
  await two.settle();
  return two;
}

const texts = (all: readonly MessageRecord[], direction: 'in' | 'out') =>
  all.filter((m) => m.direction === direction).map((m) => m.text);
const said = (two: TwoPsaps) =>
  two.app.heard.map((h) => `${h.from.slice(4, 10)} ${h.type}/${h.id} ${h.status}`);

describe('a transfer', () => {
  it(
    'hands over the chat with all that was said',
    {
      meta: {
        clause: ['TS 103 698 6.2.6', 'TS 103 698 6.3.2', 'TS 103 698 6.3.3'],
        shall: [
          '6.2.6-1',
          '6.2.6-2',
          '6.2.6-3',
          '6.2.6-5',
          '6.2.6-6',
          '6.2.6-7',
          '6.2.6-8',
          '6.2.6-9',
          '6.2.6-13',
          '6.2.6-15',
          '6.2.6-16',
          '6.2.6-17',
          '6.2.6-18',
          '6.2.6-20',
          '6.3.1-1',
          '6.3.2-1',
          '6.3.2-9',
          '6.3.3-2',
          '6.3.3-4',
          '6.3.3-7',
          '6.3.4-1',
        ],
      },
    },
    async () => {
      const two = await talking();
      const image = Buffer.from([0xff, 0xd8, 0, 13, 10, 0xff]);
      await two.say(inChat, 'a picture', [{ type: 'image/jpeg', body: image }]);
      const begun = await two.desk('madrid').transfer(callId, { to: uris.toledo, reason: 'nearer' });
      expect(begun).toMatchObject({
        ok: true,
        value: { role: 'out', phase: 'negotiated', reason: 'nearer' },
      });
      await two.settle();
      expect(said(two)).toEqual([
        'madrid 257/1 200',
        'madrid 259/2 200',
        'madrid 266/2 200',
        'toledo 265/3 200',
      ]);
      expect(two.app.owner).toBe(uris.toledo);
      expect(await two.chat('madrid')).toMatchObject({ phase: 'handed-over', handedTo: uris.toledo });
      expect(await two.chat('toledo')).toMatchObject({ phase: 'open', transferredFrom: uris.madrid });
      expect(two.desk('madrid').transfers()[0]).toMatchObject({ role: 'out', phase: 'done' });
      expect(two.desk('toledo').transfers()[0]).toMatchObject({ role: 'in', phase: 'owned' });

      const moved = await two.messages('toledo');
      expect(texts(moved, 'in')).toEqual(['help', 'smoke in the kitchen', 'a picture']);
      expect(moved.filter((m) => m.imported === uris.madrid).map((m) => m.messageType)).toEqual([
        257, 257, 259, 259, 259, 266,
      ]);
      const picture = moved.find((m) => m.text === 'a picture');
      const part = picture?.otherParts?.[0]?.part;
      expect(picture && part !== undefined && partOctets(picture, part)?.body.equals(image)).toBe(true);

      await two.say(inChat, 'still here');
      await two.desk('toledo').say(callId, 'We are on our way');
      await two.settle();
      expect(said(two).at(-1)).toBe('toledo 259/4 200');
      expect(texts(await two.messages('toledo'), 'in').at(-1)).toBe('still here');
      expect(await two.desk('madrid').say(callId, 'too late')).toMatchObject({
        ok: false,
        error: { code: 'not-open' },
      });
    },
  );

  it(
    'needs an agreement',
    { meta: { clause: 'TS 103 698 6.2.6', shall: ['6.2.6-1', '6.2.7-1', '6.3.1-2'] } },
    async () => {
      const two = await talking();
      const desk = two.desk('madrid');
      for (const [to, code] of [
        ['sip:cuenca@c.lab', 'no-agreement'],
        ['sip:madrid@a.lab', 'bad-target'],
        ['sip:madrid@a.internal', 'bad-target'],
        ['toledo', 'bad-target'],
      ]) {
        expect(await desk.transfer(callId, { to: to ?? '' })).toMatchObject({ ok: false, error: { code } });
        expect(await desk.redirect(callId, { to: to ?? '' })).toMatchObject({ ok: false, error: { code } });
      }
      expect(await desk.transfer('nobody', { to: uris.toledo })).toMatchObject({
        ok: false,
        error: { code: 'not-found' },
      });
      expect(await two.chat('madrid')).toMatchObject({ phase: 'open' });
      expect(two.asked).toEqual([]);
    },
  );

  it(
    'goes to whom there is an agreement with, though any name could be a centre of ours',
    { meta: { clause: 'TS 103 698 6.2.6' } },
    async () => {
      const agreements = [{ name: 'b', uris: ['sip:segovia@a.lab'], url: 'https://b.lab' }];
      const two = new TwoPsaps({ agreements }, undefined, { acceptAny: true });
      await two.start('madrid');
      await two.start('toledo');
      await two.say(start, 'help');
      await two.settle();
      for (const to of ['sip:segovia@a.lab', 'sip:segovia@a.internal']) {
        await two.desk('madrid').transfer(callId, { to });
      }
      expect(two.asked).toMatchObject([{ what: 'negotiate' }, { what: 'negotiate' }]);
      expect(await two.desk('madrid').transfer(callId, { to: 'sip:avila@a.lab' })).toMatchObject({
        ok: true,
      });
      expect(two.asked).toHaveLength(2);
    },
  );

  it(
    'that is declined changes nothing',
    {
      meta: {
        clause: ['TS 103 698 6.3.2', 'TS 103 698 6.3.4 Figure 27'],
        shall: ['6.3.2-10', '6.3.4-2'],
      },
    },
    async () => {
      const two = await talking({ accept: 'ask' });
      const answer = two.desk('madrid').transfer(callId, { to: uris.toledo });
      await two.settle();
      expect(await two.desk('madrid').transfer(callId, { to: uris.toledo })).toMatchObject({
        ok: false,
        error: { code: 'busy' },
      });
      const [asked] = two.desk('toledo').transfers();
      expect(asked).toMatchObject({ role: 'in', phase: 'asked' });
      expect(await two.desk('toledo').decide(asked?.transfer ?? '', false, 'eva')).toMatchObject({
        ok: true,
        value: { phase: 'declined' },
      });
      expect(await answer).toMatchObject({ ok: false, error: { code: 'refused' } });
      expect(await two.chat('madrid')).toMatchObject({ phase: 'open' });
      expect(await two.chat('toledo')).toBeUndefined();
      expect(said(two)).toHaveLength(2);
    },
  );

  it('nobody answers is declined in time', { meta: { clause: 'TS 103 698 6.3.2' } }, async () => {
    const two = await talking({ accept: 'ask', answer: '20 s' });
    const answer = two.desk('madrid').transfer(callId, { to: uris.toledo });
    await two.pass(21_000);
    expect(await answer).toMatchObject({ ok: false, error: { code: 'refused' } });
    expect(await two.chat('madrid')).toMatchObject({ phase: 'open' });
  });

  it('is asked of a person where one is there', { meta: { clause: 'TS 103 698 6.3.2' } }, async () => {
    const two = await talking();
    two.desk('toledo').staffedBy((centre) => centre === 'toledo');
    const answer = two.desk('madrid').transfer(callId, { to: uris.toledo });
    await two.settle();
    const asked = two.desk('toledo').transfers()[0]?.transfer ?? '';
    expect(await two.desk('toledo').decide(asked, true, 'eva')).toMatchObject({ ok: true });
    expect(await answer).toMatchObject({ ok: true });
    await two.settle();
    expect(await two.chat('toledo')).toMatchObject({ phase: 'open' });
    expect(await two.desk('toledo').decide(asked, true)).toMatchObject({ ok: false });
  });

  it(
    'whose execution gets no answer ends with the chat where it was',
    {
      meta: {
        clause: ['TS 103 698 6.3.3', 'TS 103 698 6.3.4 Figure 28'],
        shall: ['6.3.3-10', '6.3.4-2'],
      },
    },
    async () => {
      const two = await talking();
      two.wire = (what) => (what === 'execute' ? 'lost' : undefined);
      await two.desk('madrid').transfer(callId, { to: uris.toledo });
      await two.settle();
      expect(await two.chat('madrid')).toMatchObject({ phase: 'transferring' });
      expect(two.app.stalled).toBe(true);
      await two.pass(36_000);
      expect(said(two).slice(-2)).toEqual(['madrid 266/2 200', 'madrid 265/3 200']);
      expect(await two.chat('madrid')).toMatchObject({ phase: 'open' });
      expect(await two.desk('madrid').say(callId, 'again')).toMatchObject({ ok: true });
      await two.settle();
      expect(said(two).at(-1)).toBe('madrid 259/4 200');
      await two.pass(60_000);
      expect(two.desk('toledo').transfers()[0]).toMatchObject({ phase: 'expired' });
      expect(await two.chat('toledo')).toBeUndefined();
    },
  );

  it(
    'whose answer is lost ends with the APP where it went',
    { meta: { clause: ['TS 103 698 6.3.3', 'TS 103 698 6.3.4 Figure 29'], shall: '6.3.4-2' } },
    async () => {
      const two = await talking();
      two.wire = (what) => (what === 'execute' ? 'unanswered' : undefined);
      await two.desk('madrid').transfer(callId, { to: uris.toledo });
      await two.pass(40_000);
      expect(two.app.owner).toBe(uris.toledo);
      expect(said(two)).toContain('madrid 265/3 403');
      expect(await two.chat('madrid')).toMatchObject({ phase: 'handed-over' });
      expect(await two.chat('toledo')).toMatchObject({ phase: 'open' });
      two.wire = () => undefined;
      await two.pass(120_000);
      expect(two.desk('madrid').transfers()[0]).toMatchObject({ phase: 'done' });
    },
  );

  it(
    'of a chat whose APP does not answer is not begun',
    { meta: { clause: 'TS 103 698 6.2.6' } },
    async () => {
      const two = await talking();
      two.app.deaf = (type) => (type === 266 ? 0 : undefined);
      await two.desk('madrid').transfer(callId, { to: uris.toledo });
      await two.pass(6_000);
      expect(two.asked.filter(({ what }) => what === 'execute')).toEqual([]);
      expect(await two.chat('madrid')).toMatchObject({ phase: 'open' });
      expect(await two.desk('madrid').say(callId, 'hello?')).toMatchObject({ ok: true });
    },
  );

  it(
    'passes on what still comes, and shows it',
    { meta: { clause: ['TS 103 698 6.3.3', 'ADR 0011 4'] } },
    async () => {
      const two = await talking();
      await two.desk('madrid').transfer(callId, { to: uris.toledo });
      await two.settle();
      const shown = two.running.get('toledo')?.events ?? [];
      expect(await two.deliver(two.app.write(inChat, 'a straggler'), 'madrid')).toBe(200);
      await two.settle();
      const kept = (await two.messages('madrid')).find((m) => m.text === 'a straggler');
      expect(kept?.marks).toContain('after-hand-over');
      const moved = (await two.messages('toledo')).filter((m) => m.text === 'a straggler');
      expect(moved).toMatchObject([{ imported: uris.madrid, direction: 'in' }]);
      const events = shown.filter(
        ({ type, data }) => type === 'message' && 'text' in data && data.text === 'a straggler',
      );
      expect(events).toHaveLength(1);
      // The same once more, from the APP itself: it is known.
      await two.say(stop, 'bye');
      expect(await two.chat('toledo')).toMatchObject({ phase: 'closed' });
    },
  );

  it('goes there and back', { meta: { clause: 'TS 103 698 6.2.6' } }, async () => {
    const two = await talking();
    await two.desk('madrid').transfer(callId, { to: uris.toledo });
    await two.settle();
    await two.say(inChat, 'in between');
    await two.desk('toledo').say(callId, 'back you go');
    await two.settle();
    expect(await two.desk('toledo').transfer(callId, { to: uris.madrid })).toMatchObject({ ok: true });
    await two.settle();
    expect(two.app.owner).toBe(uris.madrid);
    expect(await two.chat('madrid')).toMatchObject({ phase: 'open' });
    expect(await two.chat('toledo')).toMatchObject({ phase: 'handed-over' });
    const all = await two.messages('madrid');
    expect(texts(all, 'in')).toEqual(['help', 'smoke in the kitchen', 'in between']);
    expect(texts(all, 'out').filter((t) => t === 'Is anybody hurt?')).toHaveLength(1);
    expect(texts(all, 'out')).toContain('back you go');
    await two.desk('madrid').say(callId, 'hello again');
    await two.settle();
    expect(said(two).at(-1)).toBe('madrid 259/6 200');
  });
});

describe('an APP that does not go along', () => {
  it(
    'and refuses every 266 and 265 stays where it was, after a restart too, and can be asked again',
    { meta: { clause: ['TS 103 698 6.2.6', 'ADR 0011 3'] } },
    async () => {
      const two = await talking();
      two.app.deaf = (type) => (type === 266 ? 488 : type === 265 ? 403 : undefined);
      await two.desk('madrid').transfer(callId, { to: uris.toledo });
      await two.pass(5_000);
      expect(two.desk('madrid').transfers()[0]).toMatchObject({ phase: 'failed' });
      expect(await two.chat('madrid')).toMatchObject({ phase: 'open' });
      two.kill('madrid');
      const desk = await two.start('madrid');
      await two.settle();
      expect(await desk.say(callId, 'Are you there?')).toMatchObject({ ok: true });
      two.app.deaf = undefined;
      expect(await desk.transfer(callId, { to: uris.toledo })).toMatchObject({ ok: true });
      await two.settle();
      expect(two.app.owner).toBe(uris.toledo);
    },
  );

  it(
    'and takes neither our 265 nor that of the other has one owner again',
    { meta: { clause: 'ADR 0011 3' } },
    async () => {
      const two = await talking();
      // It answers the 266 and forgets it.
      two.app.deaf = (type) => (type === 266 ? 200 : type === 265 ? 403 : undefined);
      let first = true;
      two.wire = (what) => (what === 'execute' && first ? 'lost' : undefined);
      await two.desk('madrid').transfer(callId, { to: uris.toledo });
      await two.pass(38_000);
      first = false;
      await two.pass(60_000);
      expect(await two.chat('madrid')).toMatchObject({ phase: 'open' });
      two.app.deaf = undefined;
      expect(await two.desk('madrid').say(callId, 'Still here')).toMatchObject({ ok: true });
      two.kill('madrid');
      const desk = await two.start('madrid');
      await two.settle();
      expect(await two.say(inChat, 'me too')).toBe(200);
      expect(await desk.find(callId)).toMatchObject({ phase: 'open' });
      expect(await desk.transfer(callId, { to: uris.toledo })).toMatchObject({ ok: true });
    },
  );
});

describe('an execution request', () => {
  const request = { CallId: callId, MessageId: 2, ExpiryTime: 10 };
  const peer = { name: 'a', uris: ['sip:*@a.lab'], url: '', may: ['receive' as const] };
  const agree = (two: TwoPsaps) =>
    two
      .desk('toledo')
      .transferHandler.negotiate(
        { CallId: callId, TransferFrom: uris.madrid, TransferTo: uris.toledo },
        peer,
      );

  it(
    'without a negotiation, or after it expired, is answered 503',
    { meta: { clause: 'TS 103 698 6.3.2', shall: ['6.3.2-11', '6.3.3-8'] } },
    async () => {
      const two = await talking();
      const { transferHandler } = two.desk('toledo');
      const data = { ...request, Data: { Version: 1 } };
      expect(await transferHandler.execute(data, peer)).toMatchObject({ StatusCode: 503 });
      expect(await agree(two)).toMatchObject({ StatusCode: 202, ExpiryTime: 60 });
      // Somebody else's agreement is none.
      expect(await transferHandler.execute(data, { ...peer, name: 'c' })).toMatchObject({ StatusCode: 503 });
      await two.pass(61_000);
      expect(await transferHandler.execute(data, peer)).toMatchObject({ StatusCode: 503 });
      expect(await two.chat('toledo')).toBeUndefined();
      expect(said(two)).toHaveLength(2);
    },
  );

  it(
    'that does not say where the APP is, is answered 503',
    { meta: { clause: ['TS 103 698 6.3.3', 'ADR 0011 6'], shall: '6.3.3-8' } },
    async () => {
      for (const Data of [undefined, {}, { Version: 2 }, { Version: 1, AppUri: 'nonsense' }]) {
        const two = await talking();
        await agree(two);
        const answer = await two
          .desk('toledo')
          .transferHandler.execute({ ...request, ...(Data && { Data }) }, peer);
        expect(answer).toMatchObject({ StatusCode: 503 });
        expect(await two.chat('toledo')).toBeUndefined();
      }
    },
  );

  it(
    'about which the APP says nothing is not answered, and no offer is made for the first time after it expired',
    { meta: { clause: ['TS 103 698 6.3.3', 'ADR 0011 3'], shall: '6.3.3-9' } },
    async () => {
      const two = await talking();
      two.app.deaf = (type) => (type === 265 ? 0 : undefined);
      await two.desk('madrid').transfer(callId, { to: uris.toledo });
      await two.settle();
      expect(await two.chat('toledo')).toMatchObject({ phase: 'taking' });
      two.app.deaf = undefined;
      await two.pass(10_000);
      expect(await two.chat('toledo')).toMatchObject({ phase: 'open' });
      expect(await two.chat('madrid')).toMatchObject({ phase: 'handed-over' });
    },
  );
});

describe('centres of one process', () => {
  it(
    'transfer to each other without HTTP, and on to others; what comes late goes all the way',
    { meta: { clause: ['TS 103 698 6.2.6', 'ADR 0011 4'] } },
    async () => {
      const two = await talking();
      const desk = two.desk('madrid');
      expect(await desk.transfer(callId, { to: uris.cuenca })).toMatchObject({ ok: true });
      await two.settle();
      expect(two.asked).toEqual([]);
      expect(two.app.owner).toBe(uris.cuenca);
      // The Call Identifier alone means the chat where it is now.
      expect(await desk.find(callId)).toMatchObject({ centre: 'cuenca', phase: 'open' });
      expect(await desk.list({ limit: 10, centre: 'madrid' })).toMatchObject([{ phase: 'handed-over' }]);
      expect(await desk.transfer(callId, { to: uris.toledo })).toMatchObject({ ok: true });
      await two.settle();
      expect(two.app.owner).toBe(uris.toledo);
      expect(texts(await two.messages('toledo'), 'in')).toEqual(['help', 'smoke in the kitchen']);
      expect(await two.deliver(two.app.write(inChat, 'a straggler'), 'madrid')).toBe(200);
      await two.settle();
      expect(texts(await two.messages('toledo'), 'in').at(-1)).toBe('a straggler');
      expect(desk.transfers({ centre: 'cuenca' }).map(({ role, phase }) => `${role} ${phase}`)).toEqual([
        'out done',
        'in owned',
      ]);
    },
  );

  it('need an agreement too where it is said so', { meta: { clause: 'TS 103 698 6.2.6' } }, async () => {
    const two = await talking({ ownCentres: false });
    expect(await two.desk('madrid').transfer(callId, { to: uris.cuenca })).toMatchObject({
      error: { code: 'no-agreement' },
    });
  });
});

describe('a transferee', () => {
  it('whose offer nobody answers gives it up in the end', { meta: { clause: 'ADR 0011 3' } }, async () => {
    const two = await talking();
    two.app.deaf = (type, from) => (type === 265 && from === uris.toledo ? 0 : undefined);
    await two.desk('madrid').transfer(callId, { to: uris.toledo });
    await two.pass(60_000, 1_000);
    expect(await two.chat('madrid')).toMatchObject({ phase: 'open' });
    expect(await two.chat('toledo')).toMatchObject({ phase: 'taking' });
    await two.pass(4_000_000, 20_000);
    expect(await two.chat('toledo')).toMatchObject({ phase: 'declined' });
    expect(await two.chat('madrid')).toMatchObject({ phase: 'open' });
  });

  it('takes no second chat in by one transfer', { meta: { clause: 'TS 103 698 6.3.3' } }, async () => {
    const two = await talking();
    await two.desk('madrid').transfer(callId, { to: uris.toledo });
    await two.settle();
    const before = await two.messages('toledo');
    const answer = await two.desk('toledo').transferHandler.execute(
      {
        CallId: callId,
        MessageId: 2,
        ExpiryTime: 10,
        Data: {
          Version: 1,
          AppUri: 'sip:eve@elsewhere.lab',
          Sender: 'sip:eve@elsewhere.lab',
          StartedAt: '2026-01-01T12:00:00Z',
          Centres: [uris.madrid],
          Messages: [
            {
              Direction: 'in',
              Sender: 'sip:eve@elsewhere.lab',
              Reference: 'x',
              At: '2026-01-01T12:00:00Z',
              Text: 'x',
            },
          ],
        },
      },
      { name: 'a', uris: ['sip:*@a.lab'], url: '', may: ['receive'] },
    );
    expect(answer).toMatchObject({ StatusCode: 200 });
    expect(await two.messages('toledo')).toEqual(before);
  });
});

describe('a disk that fails', () => {
  it(
    'keeps a transfer from beginning, and says so',
    { meta: { clause: 'house rules: a 2xx is a promise' } },
    async () => {
      const two = await talking();
      const running = two.running.get('madrid');
      if (running) running.records.room = 0;
      expect(await two.desk('madrid').transfer(callId, { to: uris.toledo })).toMatchObject({
        ok: false,
        error: { code: 'not-stored' },
      });
      if (running) running.records.room = Number.POSITIVE_INFINITY;
      expect(await two.desk('madrid').transfer(callId, { to: uris.toledo })).toMatchObject({ ok: true });
      await two.settle();
      expect(two.app.owner).toBe(uris.toledo);
    },
  );

  it(
    'for a while, in the middle of a transfer, delays it',
    { meta: { clause: ['TS 103 698 6.3.3', 'ADR 0011 8'] }, timeout: 60_000 },
    async () => {
      for (const name of ['madrid', 'toledo'] as const) {
        for (let write = 0; write < 14; write++) {
          const two = await talking();
          const running = two.running.get(name);
          const begun = two.desk('madrid').transfer(callId, { to: uris.toledo });
          if (running) running.records.room = write;
          await two.pass(3_000);
          if (running) running.records.room = Number.POSITIVE_INFINITY;
          await two.pass(200_000, 2_000);
          await begun;
          const phases = [(await two.chat('madrid'))?.phase, (await two.chat('toledo'))?.phase];
          const owner = two.app.owner === uris.toledo ? 1 : 0;
          expect(phases[owner], `${name} ${write} ${phases.join()}`).toBe('open');
          expect(phases[1 - owner], `${name} ${write} ${phases.join()}`).not.toBe('open');
        }
      }
    },
  );
});
