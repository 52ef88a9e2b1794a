import type { Agreement } from '@esinet/chat-transfer';
import { MessageType } from '@esinet/lmpe';
import { describe, expect, it, onTestFinished } from 'vitest';
import { heirOf } from './heir.js';
import { PodWorld, callIdOf } from './pods-fixture.js';

const { start, inChat } = MessageType;

async function world(psap: object = {}, pods: readonly string[] = ['a', 'b']): Promise<PodWorld> {
  const made = new PodWorld(psap);
  onTestFinished(() => made.close());
  for (const name of pods) await made.start(name);
  await made.pass(600);
  return made;
}

/** A message of a chat to one of the processes; its status. */
async function say(
  w: PodWorld,
  pod: string,
  id: number,
  text = `text ${id}`,
  chat = 'chat',
): Promise<number> {
  const raw = w.message({ chat, type: id === 1 ? start : inChat, id, text });
  return w.until(w.pod(pod).deliver(raw));
}

const texts = async (w: PodWorld, chat = 'chat'): Promise<(string | undefined)[]> =>
  (await w.messages(chat)).filter(({ direction }) => direction === 'in').map(({ text }) => text);

const starts = async (w: PodWorld, chat = 'chat'): Promise<number> =>
  (await w.messages(chat)).filter((m) => m.direction === 'out' && m.messageType === start).length;

describe('a chat of several processes', () => {
  it('is taken by the one its first message comes to; the others pass on what comes to them', async () => {
    const w = await world();
    expect(await say(w, 'a', 1)).toBe(200);
    expect(await say(w, 'b', 2)).toBe(200);
    expect(await say(w, 'a', 3)).toBe(200);
    expect(w.owners('chat')).toEqual(['a']);
    expect(await texts(w)).toEqual(['text 1', 'text 2', 'text 3']);
    expect(await starts(w)).toBe(1);
    expect(w.sent.every(({ pod }) => pod === 'a')).toBe(true);
  });

  it('knows a retransmission and a copy of another border at whichever process they come', async () => {
    const w = await world();
    const raw = w.message({ chat: 'chat', type: start, id: 1, text: 'help', cseq: 1 });
    const copy = w.message({ chat: 'chat', type: start, id: 1, text: 'help', cseq: 2 });
    const all = [w.pod('a').deliver(raw), w.pod('b').deliver(raw), w.pod('b').deliver(copy)];
    expect(await w.until(Promise.all(all))).toEqual([200, 200, 200]);
    expect(await texts(w)).toEqual(['help']);
    expect(await starts(w)).toBe(1);
    await w.pass(3_000);
    expect(w.owners('chat')).toHaveLength(1);
  });

  it('goes on at another one when its own was killed, without a word of the caller and within three seconds', async () => {
    const w = await world();
    await say(w, 'a', 1);
    await w.pass(16_500);
    w.pod('a').kill();
    await w.pass(3_000);
    expect(w.owners('chat')).toEqual(['b']);
    expect(w.heard('chat').some((m) => m.startsWith('260'))).toBe(true);
    expect(await say(w, 'b', 2)).toBe(200);
    expect(await texts(w)).toEqual(['text 1', 'text 2']);
    expect(await starts(w)).toBe(1);
    expect(w.sent.at(-1)?.pod).toBe('b');
  });

  it('is taken over at once by whoever gets a message of it', async () => {
    const w = await world();
    await say(w, 'a', 1);
    w.pod('a').kill();
    const before = w.clock.now();
    expect(await say(w, 'b', 2)).toBe(200);
    expect(w.clock.now() - before).toBeLessThan(200);
    expect(w.owners('chat')).toEqual(['b']);
  });

  it('goes on with what was not delivered when its process was killed, under the same number', async () => {
    const w = await world();
    await say(w, 'a', 1);
    expect((await w.until(w.pod('b').desk.say(callIdOf('chat'), 'one moment', 'ana'))).ok).toBe(true);
    w.pod('a').freeze();
    const said = w.pod('a').desk.say(callIdOf('chat'), 'never told', 'ana');
    void said;
    await w.pass(6_000);
    expect(w.owners('chat')).toContain('b');
    w.pod('a').kill();
    expect(await say(w, 'b', 2)).toBe(200);
    const own = (await w.messages('chat')).filter(({ direction }) => direction === 'out');
    expect(new Set(own.map(({ messageId }) => messageId)).size).toBe(own.length);
  });

  it('has one writer: whoever slept over its lease answers nothing by itself and lets go', async () => {
    const w = await world();
    await say(w, 'a', 1);
    w.pod('a').freeze();
    await w.pass(3_000);
    expect(await say(w, 'b', 2)).toBe(200);
    const late = w.pod('a').deliver(w.message({ chat: 'chat', type: inChat, id: 3, text: 'text 3' }));
    w.pod('a').thaw();
    expect(await w.until(late)).toBe(200);
    await w.pass(3_000);
    expect(w.owners('chat')).toEqual(['b']);
    expect(await texts(w)).toEqual(['text 1', 'text 2', 'text 3']);
    const sequences = (await w.messages('chat')).map(({ sequence }) => sequence);
    expect(new Set(sequences).size).toBe(sequences.length);
  });

  it('goes on where it is while the store is away, and is found by asking', async () => {
    const w = await world();
    await say(w, 'a', 1);
    w.storeAway = true;
    await w.pass(3_000);
    expect(await say(w, 'b', 2)).toBe(200);
    expect(await say(w, 'a', 3)).toBe(200);
    expect(w.owners('chat')).toEqual(['a']);
    expect(await say(w, 'b', 1, 'another', 'new')).toBe(200);
    w.pod('a').kill();
    expect(await say(w, 'b', 4)).toBe(200);
    w.storeAway = false;
    await w.pass(3_000);
    expect(await texts(w)).toEqual(['text 1', 'text 2', 'text 3', 'text 4']);
    expect(await starts(w)).toBe(1);
  });

  it('is answered with the bus away, and with both away', async () => {
    const w = await world();
    await say(w, 'a', 1);
    w.busAway = true;
    expect(await say(w, 'b', 2)).toBe(200);
    w.storeAway = true;
    expect(await say(w, 'a', 3)).toBe(200);
    expect(await say(w, 'b', 4)).toBe(200);
    w.busAway = w.storeAway = false;
    await w.pass(3_000);
    expect(await say(w, 'a', 5)).toBe(200);
    expect(w.owners('chat')).toHaveLength(1);
    expect(await texts(w)).toEqual([1, 2, 3, 4, 5].map((n) => `text ${n}`));
    expect(await starts(w)).toBe(1);
  });

  it('stays where it is when the store forgets everything', async () => {
    const w = await world();
    await say(w, 'a', 1);
    for (const key of await w.store.keys('')) await w.store.delete(key);
    await w.pass(1_000);
    expect(await say(w, 'b', 2)).toBe(200);
    expect(w.owners('chat')).toEqual(['a']);
  });

  it('is handed over when its process ends, within a second', async () => {
    const w = await world({}, ['a', 'b', 'c']);
    const chats = Array.from({ length: 30 }, (_, i) => `chat${i}`);
    for (const chat of chats) await say(w, 'a', 1, 'help', chat);
    const left = w.pod('a').leave();
    const late = chats.map((chat) =>
      w.pod('a').deliver(w.message({ chat, type: inChat, id: 2, text: 'late' })),
    );
    await w.until(left);
    await w.pass(900);
    for (const chat of chats) expect(w.owners(chat), chat).toHaveLength(1);
    const of = (name: string): number => chats.filter((chat) => w.owners(chat)[0] === name).length;
    expect(of('a')).toBe(0);
    expect(of('b')).toBeGreaterThan(5);
    expect(of('c')).toBeGreaterThan(5);
    const statuses = await Promise.all(late);
    for (const [i, chat] of chats.entries()) {
      if (statuses[i] === 200) expect(await texts(w, chat)).toEqual(['help', 'late']);
      expect(await starts(w, chat)).toBe(1);
    }
  });

  it('is restored once where all processes start at once, and all of them are', async () => {
    const w = await world();
    const chats = Array.from({ length: 20 }, (_, i) => `chat${i}`);
    for (const chat of chats) await say(w, 'a', 1, 'help', chat);
    w.pod('a').kill();
    w.pod('b').kill();
    await w.pass(5_000);
    await Promise.all([w.start('c'), w.start('d')]);
    await w.pass(6_000);
    for (const chat of chats) {
      expect(w.owners(chat), chat).toHaveLength(1);
      expect(await starts(w, chat)).toBe(1);
    }
  });

  it('stays with a process that lives and is slow: whoever would take it does not have what that is at', async () => {
    const w = await world();
    await say(w, 'a', 1);
    w.pod('a').recordsMs = 6_000;
    expect(await say(w, 'b', 2)).toBe(500);
    expect(w.owners('chat')).toEqual(['a']);
    w.pod('a').recordsMs = 0;
    await w.pass(10_000);
    // The sender tries again: it is there already.
    expect(await say(w, 'b', 2)).toBe(200);
    expect(await texts(w)).toEqual(['text 1', 'text 2']);
  });

  it('of a caller without identifiers is one chat at whichever process it speaks', async () => {
    const w = await world();
    const bare = (text: string): Buffer =>
      w.message({ chat: 'x', type: start, id: 1, text, bare: true, sender: 'sip:plain@provider.lab' });
    expect(await w.until(w.pod('a').deliver(bare('one')))).toBe(200);
    expect(await w.until(w.pod('b').deliver(bare('two')))).toBe(200);
    w.pod('a').kill();
    expect(await w.until(w.pod('b').deliver(bare('three')))).toBe(200);
    await w.pass(8_000);
    expect(await w.until(w.pod('b').deliver(bare('four')))).toBe(200);
    expect(await w.chats()).toHaveLength(1);
    expect((await w.messages()).filter((m) => m.direction === 'in').map((m) => m.text)).toEqual([
      'one',
      'two',
      'three',
      'four',
    ]);
  });

  it('is given up when nothing is left to do for it, and comes back', async () => {
    const w = await world({ limits: { closedFor: '1 s' }, pods: { tidy: '1 s' } });
    await say(w, 'a', 1);
    await w.until(w.pod('b').desk.stop(callIdOf('chat'), 'bye'));
    await w.pass(5_000);
    expect(w.owners('chat')).toEqual([]);
    expect(await w.store.keys('psap:chat:')).toEqual([]);
    expect(await say(w, 'b', 2)).toBe(200);
    expect(w.owners('chat')).toEqual(['b']);
  });
});

describe('what call takers ask for', () => {
  it('reaches the chat from whichever process they are at, and they see what happens there', async () => {
    const w = await world();
    await say(w, 'a', 1);
    const said = await w.until(w.pod('b').desk.say(callIdOf('chat'), 'where are you?', 'ana'));
    expect(said).toMatchObject({ ok: true, value: { text: 'where are you?', by: 'ana' } });
    expect((await w.until(w.pod('b').desk.assign(callIdOf('chat'), 'ana'))).ok).toBe(true);
    await w.pass(200);
    expect(w.heard('chat')).toContain(`${inChat}/2 where are you?`);
    const seen = w.pod('b').events.filter(({ type }) => type === 'message');
    expect(seen.map(({ data }) => (data as { text?: string }).text)).toContain('text 1');
    expect(seen.every(({ pod }) => pod === 'a')).toBe(true);
    expect(w.pod('a').events.every(({ pod }) => pod === undefined)).toBe(true);
    const stopped = await w.until(w.pod('b').desk.stop(callIdOf('chat'), 'bye', 'ana'));
    expect(stopped.ok).toBe(true);
    expect(await w.until(w.pod('b').desk.say(callIdOf('chat'), 'too late'))).toMatchObject({
      ok: false,
      error: { code: 'not-open' },
    });
  });

  it('is not done twice where it is not known whether it was done', async () => {
    const w = await world();
    await say(w, 'a', 1);
    w.pod('a').freeze();
    const said = await w.until(w.pod('b').desk.say(callIdOf('chat'), 'once', 'ana'));
    expect(said).toMatchObject({ ok: false, error: { code: 'not-stored' } });
    w.pod('a').thaw();
    await w.pass(3_000);
    const copies = (await w.messages('chat')).filter(({ text }) => text === 'once');
    expect(copies.length).toBeLessThanOrEqual(1);
    expect(w.owners('chat')).toEqual(['b']);
  });

  it('a transfer between two of our centres is of one process, and goes on at another', async () => {
    const w = await world();
    await say(w, 'a', 1);
    const to = 'sip:cuenca@psap.esinet.internal';
    const moved = await w.until(w.pod('b').desk.transfer(callIdOf('chat'), { to, by: 'ana' }));
    expect(moved.ok).toBe(true);
    w.pod('a').kill();
    await w.pass(8_000);
    expect(w.owners('chat')).toEqual(['b']);
    const now = await w.pod('b').desk.find(callIdOf('chat'));
    expect(now).toMatchObject({ centre: 'cuenca', phase: 'open' });
    const open = (await w.chats()).filter(({ phase }) => phase === 'open');
    expect(open).toHaveLength(1);
    expect(w.pod('b').desk.transfers().length).toBe(2);
  });

  it('goes to one of two call takers who accept it at two processes at once', async () => {
    const w = await world({}, ['a', 'b', 'c']);
    await say(w, 'a', 1);
    const id = callIdOf('chat');
    const both = [w.pod('b').desk.assign(id, 'ana'), w.pod('c').desk.assign(id, 'eva')];
    const results = await w.until(Promise.all(both));
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    expect(results.find(({ ok }) => !ok)).toMatchObject({ error: { code: 'taken' } });
  });

  it('a chat comes from another PSAP by requests that reach two processes', async () => {
    const w = await world({
      transfer: {
        agreements: [{ name: 'b', uris: ['sip:*@b.lab'], url: 'https://b.lab' }],
        accept: 'auto',
      },
    });
    const peer: Agreement = { name: 'b', uris: ['sip:*@b.lab'], url: 'https://b.lab', may: ['receive'] };
    const CallId = callIdOf('chat');
    const wish = { CallId, TransferFrom: 'sip:toledo@b.lab', TransferTo: 'sip:madrid@esinet.lab' };
    const agreed = await w.until(w.pod('a').desk.transferHandler.negotiate(wish, peer));
    expect(agreed.StatusCode).toBe(202);
    const said = {
      Direction: 'in',
      Sender: 'sip:chat@provider.lab',
      Reference: 'r1',
      At: '2026-01-01T12:00:00.000Z',
      MessageId: 1,
      MessageType: start,
      Text: 'help',
    };
    const Data = {
      Version: 1,
      AppUri: 'sip:chat@provider.lab',
      Sender: 'sip:chat@provider.lab',
      StartedAt: '2026-01-01T12:00:00.000Z',
      Centres: ['sip:toledo@b.lab'],
      Messages: [said],
    };
    const execution = { CallId, MessageId: 3, ExpiryTime: 30, Data };
    const done = await w.until(w.pod('b').desk.transferHandler.execute(execution, peer));
    expect(done).toMatchObject({ StatusCode: 200 });
    expect(w.owners('chat')).toEqual(['a']);
    expect(w.heard('chat')[0]).toMatch(/^265\/4/);
    w.pod('a').kill();
    expect(await w.until(w.pod('b').desk.transferHandler.execute(execution, peer))).toMatchObject({
      StatusCode: 200,
    });
    expect((await w.until(w.pod('b').desk.say(CallId, 'hello'))).ok).toBe(true);
    const own = (await w.messages('chat')).filter((m) => m.direction === 'out');
    expect(own.map(({ messageId }) => messageId)).toEqual([4, 5]);
  });
});

it('heirs share what is left evenly, and all come to the same', () => {
  const keys = Array.from({ length: 3_000 }, (_, i) => `key${i}`);
  const shares = new Map<string | undefined, number>();
  for (const key of keys) {
    const heir = heirOf(key, ['a', 'b', 'c']);
    expect(heirOf(key, ['c', 'a', 'b'])).toBe(heir);
    // Who keeps its own when another one goes.
    if (heir !== 'c') expect(heirOf(key, ['a', 'b'])).toBe(heir);
    shares.set(heir, (shares.get(heir) ?? 0) + 1);
  }
  expect(Math.min(...shares.values())).toBeGreaterThan(900);
  expect(heirOf('key', [])).toBeUndefined();
});
