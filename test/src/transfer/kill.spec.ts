import type { ChatClient, ChatMessage } from '@esinet/element-app';
import { LevelRecords } from '@esinet/platform';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CentreProcess, type ShownChat, type TwoPsaps, startTwoPsaps } from './two-psaps.js';

/** All of them are somewhere in a transfer when a PSAP is killed. */
const chats = 24;
/** From one transfer to the next: so that a kill meets them at different points. */
const apartMs = 15;
/** From one text of a person to the next. */
const textEveryMs = 500;

/** So many transfers are to be hit, with at most so many kills beyond the planned ones. */
const pointsWanted = 50;
const furtherKills = 12;

interface Talk {
  readonly app: ChatClient;
  readonly shown: ChatMessage[];
  /** In the order they were said: answered 200, or not. */
  readonly said: { readonly text: string; delivered: boolean }[];
  readonly heard: string[];
  /** How often the person had to wait for another PSAP. */
  stalls: number;
}

let two: TwoPsaps;
beforeAll(async () => {
  two = await startTwoPsaps();
}, 60_000);
afterAll(() => two.close());

/** Phases in which a transfer has nothing left to do. */
const over = new Set(['failed', 'declined', 'expired', 'done', 'owned']);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function say(talk: Talk): Promise<void> {
  const entry = { text: `text ${talk.said.length} of ${talk.app.callId}`, delivered: false };
  talk.said.push(entry);
  entry.delivered = (await talk.app.say(entry.text)).delivered;
}

interface Ownership {
  readonly owner: CentreProcess;
  readonly chat: ShownChat;
  readonly other: ShownChat | undefined;
}

/** The one that has the chat, once it is exactly one and the APP is with it. */
async function ownerOf(talk: Talk, withinMs: number): Promise<Ownership> {
  for (const end = Date.now() + withinMs; ; await pause(250)) {
    const [a, b] = await Promise.all([two.madrid.chat(talk.app.callId), two.toledo.chat(talk.app.callId)]);
    const one = a?.phase === 'open' ? (['madrid', a, b] as const) : (['toledo', b, a] as const);
    const [name, chat, other] = one;
    const settled = other === undefined || other.phase === 'handed-over' || other.phase === 'declined';
    const there = talk.app.phase === 'open' && talk.app.target === two[name].uri;
    if (chat?.phase === 'open' && settled && there) return { owner: two[name], chat, other };
    if (Date.now() > end) {
      const state = `madrid ${a?.phase}, toledo ${b?.phase}, APP ${talk.app.phase} with ${talk.app.target}`;
      throw new Error(`not one owner of ${talk.app.callId}: ${state}`);
    }
  }
}

/** Phases of the transfers that a PSAP that is down was in. */
async function phasesIn(folder: string, since: number): Promise<string[]> {
  const records = await LevelRecords.open(folder);
  const found = await records.list('transfers', { limit: 10_000 });
  await records.close();
  return found.flatMap(({ value }) => {
    const { role, startedAt, state } = value as {
      role: string;
      startedAt: string;
      state: { phase: string };
    };
    return Date.parse(startedAt) >= since ? [`${role} ${state.phase}`] : [];
  });
}

it(
  'a PSAP killed in the middle of transfers: one owner each, nothing lost, nothing twice',
  { meta: { clause: ['TS 103 698 6.2.6', 'TS 103 698 6.3.3', 'TS 103 698 6.3.4'] }, timeout: 240_000 },
  async () => {
    const talks: Talk[] = await Promise.all(
      Array.from({ length: chats }, async () => {
        const app = await two.app();
        const talk: Talk = { app, shown: [], said: [], heard: [], stalls: 0 };
        app.onMessage((message) => talk.shown.push(message));
        app.onState((phase) => (talk.stalls += phase === 'transferring' ? 1 : 0));
        expect((await app.start(`start of ${app.callId}`)).delivered).toBe(true);
        talk.said.push({ text: `start of ${app.callId}`, delivered: true });
        return talk;
      }),
    );
    let talking = true;
    const speaking: Promise<void>[] = [];
    const mouths = talks.map(async (talk, i) => {
      await pause((i * textEveryMs) / chats);
      for (; talking; await pause(textEveryMs)) speaking.push(say(talk));
    });

    const points: Record<string, number> = {};
    let killedWithin = 0;
    const note = async (victim: CentreProcess, since: number): Promise<void> => {
      for (const phase of await phasesIn(victim.records, since)) {
        points[phase] = (points[phase] ?? 0) + 1;
        if (!over.has(phase.split(' ')[1] ?? '')) killedWithin++;
      }
    };
    /** All chats are transferred, one shortly after the other, until so many people wait or have waited. */
    const transferAll = async (waiting: number) => {
      const owners = await Promise.all(talks.map((talk) => ownerOf(talk, 60_000)));
      for (const [i, { owner }] of owners.entries()) {
        const talk = talks[i];
        const text = `answer ${talk?.heard.length ?? 0}`;
        if (talk && (await owner.act(talk.app.callId, 'messages', { text })) < 300) talk.heard.push(text);
      }
      const stalls = (): number => talks.reduce((sum, talk) => sum + talk.stalls, 0);
      const [before, begun] = [stalls(), Date.now() - 1];
      const asked = Promise.all(
        owners.map(async ({ owner }, i) => {
          const to = owner === two.madrid ? two.toledo.uri : two.madrid.uri;
          await pause(i * apartMs);
          await owner.act(talks[i]?.app.callId ?? '', 'transfer', { to });
        }),
      );
      await until(() => stalls() - before >= waiting);
      return { begun, asked };
    };
    const settle = () => Promise.all(talks.map((talk) => ownerOf(talk, 60_000)));

    // The faster the machine, the fewer transfers are still under way when the kill arrives.
    const kill = async (victim: CentreProcess, waiting: number): Promise<void> => {
      const { begun, asked } = await transferAll(waiting);
      await victim.kill();
      await note(victim, begun);
      await victim.start();
      await asked;
      await settle();
    };
    await kill(two.madrid, chats / 2);
    await kill(two.toledo, chats / 3);

    // One is away for longer than the transfers last; the other is killed while it takes the chats back.
    const { begun, asked } = await transferAll(chats / 2);
    await two.toledo.kill();
    await note(two.toledo, begun);
    await asked;
    const waits = talks.filter(({ app }) => app.phase === 'transferring').length;
    await until(() => talks.filter(({ app }) => app.phase === 'transferring').length <= waits * 0.7);
    await two.madrid.kill();
    await note(two.madrid, begun);
    await Promise.all([two.madrid.start(), two.toledo.start()]);
    await settle();

    for (let more = 0; killedWithin < pointsWanted && more < furtherKills; more++) {
      await kill(more % 2 === 0 ? two.madrid : two.toledo, chats / (2 + (more % 3)));
    }
    talking = false;
    await Promise.all(mouths);
    await Promise.all(speaking);

    for (const talk of talks) {
      await say(talk);
      const { owner, chat, other } = await ownerOf(talk, 60_000);
      expect(talk.said.at(-1)?.delivered).toBe(true);
      expect(await owner.act(talk.app.callId, 'messages', { text: 'last' })).toBeLessThan(300);
      talk.heard.push('last');
      const latest = await owner.chat(talk.app.callId);
      const texts = (latest?.messages ?? chat.messages)
        .filter((m) => m.direction === 'in' && (m.text ?? '') !== '')
        .map(({ text }) => text ?? '');
      const promised = talk.said.filter(({ delivered }) => delivered).map(({ text }) => text);
      expect(new Set(texts).size, `${talk.app.callId} has a text twice`).toBe(texts.length);
      expect(promised.filter((text) => !texts.includes(text))).toEqual([]);
      expect(texts.filter((text) => promised.includes(text))).toEqual(promised);
      for (const centre of [latest, other]) {
        const own = (centre?.messages ?? []).filter((m) => m.direction === 'out' && m.imported === undefined);
        expect(new Set(own.map((m) => `${m.messageType} ${m.messageId}`)).size).toBe(own.length);
      }
      for (const end = Date.now() + 10_000; !talk.shown.some(({ text }) => text === 'last');) {
        expect(Date.now()).toBeLessThan(end);
        await pause(50);
      }
      // What a person reads: each answer once, and no automatic text a second time.
      const answers = talk.shown.filter(({ kind }) => kind === 'in-chat').map(({ text }) => text);
      expect(answers).toEqual(talk.heard);
      const all = talk.shown.map((m) => `${m.sender} ${m.kind} ${m.messageId}`);
      expect(new Set(all).size, JSON.stringify(all)).toBe(all.length);
    }
    const total = talks.reduce((sum, { said }) => sum + said.length, 0);
    process.stdout.write(
      `${killedWithin} transfers under way when a PSAP was killed: ${JSON.stringify(points)}; ${total} texts of ${chats} people\n`,
    );
    expect(killedWithin).toBeGreaterThanOrEqual(pointsWanted);
  },
);
