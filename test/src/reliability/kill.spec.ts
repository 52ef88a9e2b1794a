import { expect, it, onTestFinished } from 'vitest';
import { environment } from '@esinet/platform';
import { PsapProcess } from './psap-process.js';
import { Wire, chatMessage, identifiersOf } from './wire.js';

/** `ESINET_KILLS=200` makes it the long run: so many kills under fifty chats. */
const rounds = environment.kills ?? 20;
const chats = environment.kills === undefined ? 20 : 50;
const seed = 20_251_121;
/** Between two messages of one chat: people type, and a kill finds some at rest and some under way. Milliseconds. */
const pauseMs = environment.kills === undefined ? 5 : 250;
/** One round takes two seconds on a quiet machine. */
const timeout = 60_000 + rounds * 15_000;

/** mulberry32 */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

it(
  'a PSAP killed at any moment has every message it answered 200, once, and goes on with its chats',
  { meta: { clause: ['TS 103 698 6.1.2.7', 'RFC 3428 7'] }, timeout },
  async () => {
    const wire = await Wire.open();
    const psap = await PsapProcess.make({ outbound: wire.port });
    onTestFinished(async () => {
      await psap.clear();
      await wire.close();
    });
    const booting = performance.now();
    await psap.start();
    const boot = performance.now() - booting;
    const next = random(seed);
    const moments = random(seed + 1);
    const promised = new Map<string, string[]>();
    const refused: string[] = [];
    let over = false;

    const chat = async (name: string): Promise<void> => {
      const kept: string[] = [];
      promised.set(name, kept);
      for (let messageId = 1; !over || messageId === 1; messageId++) {
        const text = `${name} message ${messageId}`;
        const messageType = messageId === 1 ? 257 : 259;
        const bytes = chatMessage({ wire, chat: name, messageType, messageId, text });
        const answer = await wire.send(psap.sip, bytes, 120_000);
        if (answer?.status === 200) kept.push(text);
        else refused.push(`${text}: ${answer?.status ?? 'no answer'}`);
        await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 * next()));
      }
    };
    const names = Array.from({ length: chats }, (_, i) => `kill${i}x${seed}`);
    const talk = Promise.all(names.map(chat));

    const resumed: number[] = [];
    const processor: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await new Promise((resolve) => setTimeout(resolve, 50 + moments() * 500));
      await psap.kill();
      const begun = performance.now();
      await psap.start();
      const probe = chatMessage({
        wire,
        chat: `probe${round}`,
        messageType: 257,
        messageId: 1,
        text: 'probe',
      });
      expect((await wire.send(psap.sip, probe))?.status).toBe(200);
      resumed.push(performance.now() - begun);
      processor.push((await psap.processorMs()) ?? 0);
      if (round % 10 === 9) process.stdout.write(`${round + 1} kills\n`);
    }
    over = true;
    await talk;
    // What waits to be delivered is.
    const open = new Set(names);
    for (const until = Date.now() + 30_000; open.size > 0 && Date.now() < until;) {
      for (const name of [...open]) {
        const messages = await psap.messages(name);
        if (messages.every(({ delivery }) => delivery !== 'pending')) open.delete(name);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }

    expect(refused).toEqual([]);
    expect([...open]).toEqual([]);
    const starts = new Map<string, Set<string>>();
    const spoken = new Map<string, Map<number, Set<string>>>();
    let copies = 0;
    for (const request of wire.requests) {
      const { chat: name, messageType, messageId } = identifiersOf(request);
      if (!promised.has(name) || Number.isNaN(messageId)) continue;
      const content = `${messageType} ${request.body.toString('utf8')}`;
      if (messageType === 257) {
        copies += starts.has(name) ? 1 : 0;
        starts.set(name, (starts.get(name) ?? new Set()).add(`${messageId} ${content}`));
      }
      const of = spoken.get(name) ?? new Map<number, Set<string>>();
      spoken.set(name, of.set(messageId, (of.get(messageId) ?? new Set()).add(content)));
    }
    let total = 0;
    for (const [name, kept] of promised) {
      const messages = await psap.messages(name);
      const texts = messages.filter(({ direction }) => direction === 'in').map(({ text }) => text ?? '');
      total += texts.length;
      expect(texts, name).toEqual(kept);
      const own = messages.filter(({ direction }) => direction === 'out');
      expect(
        own.filter(({ messageType }) => messageType === 257),
        name,
      ).toHaveLength(1);
      expect(new Set(own.map(({ messageId }) => messageId)).size, name).toBe(own.length);
      expect(starts.get(name)?.size, `starts of ${name} on the wire`).toBe(1);
      for (const { messageId, delivery } of own) {
        expect(delivery, `${name} ${messageId}`).toBe('delivered');
        expect(spoken.get(name)?.has(messageId ?? 0), `${name} ${messageId}`).toBe(true);
      }
      for (const [messageId, contents] of spoken.get(name) ?? []) {
        expect([...contents], `${name} ${messageId}`).toHaveLength(1);
      }
    }
    resumed.sort((a, b) => a - b);
    const median = resumed[Math.floor(resumed.length / 2)] ?? 0;
    processor.sort((a, b) => a - b);
    const late = resumed[Math.floor(resumed.length * 0.95)] ?? 0;
    process.stdout.write(
      `${rounds} kills under ${chats} chats, ${total} messages answered 200 and recorded, first start in ${boot.toFixed(0)} ms, ` +
        `resumed in ${median.toFixed(0)} ms (median), ${late.toFixed(0)} ms (19 of 20), ${resumed.at(-1)?.toFixed(0)} ms (longest), ` +
        `of which processor time ${processor[Math.floor(processor.length / 2)]} ms (median), ${processor.at(-1)} ms (most), ` +
        `${copies} repeated starts on the wire\n`,
    );
    // Back within three seconds: of processor time where that is known, since others use this machine as well.
    const typical = processor[Math.floor(processor.length / 2)] || median;
    expect(typical).toBeLessThan(Math.max(3_000, boot * 2));
  },
);
