import { MessageType } from '@esinet/lmpe';
import { describe, expect, it } from 'vitest';
import type { MessageRecord } from '../message-record.js';
import { TwoPsaps, callId, uris } from './transfer-fixture.js';

const { start, inChat } = MessageType;

/** A transfer in which one PSAP dies at its nth write and is started again a little later. */
async function killed(
  which: 'madrid' | 'toledo',
  write: number,
  o: { pause: number; wire?: 'unanswered'; keepsLast: boolean },
): Promise<{ two: TwoPsaps; died: boolean; promised: string[] }> {
  const two = new TwoPsaps();
  await two.start('madrid');
  await two.start('toledo');
  const promised: string[] = [];
  const waiting: { raw: Buffer; text: string }[] = [];
  const write1 = (type: number, text: string): void => {
    waiting.push({ raw: two.app.write(type, text), text });
  };
  // As the outbox of an APP: in order, again and again, to whoever it is with, not while it is stalled.
  const post = async (): Promise<void> => {
    while (waiting.length > 0 && !two.app.stalled) {
      const [next] = waiting;
      if (!next) return;
      const to = two.app.owner === uris.toledo ? 'toledo' : 'madrid';
      if ((await two.deliver(next.raw, to)) !== 200) return;
      promised.push(next.text);
      waiting.shift();
    }
  };
  const pass = async (ms: number): Promise<void> => {
    for (let gone = 0; gone < ms; gone += 1_000) {
      await two.pass(1_000, 500);
      await post();
    }
  };
  write1(start, 'help');
  await post();
  await two.settle();
  write1(inChat, 'one');
  await post();
  await two.desk('madrid').say(callId, 'hello');
  await two.settle();
  if (o.wire) two.wire = (what) => (what === 'execute' ? o.wire : undefined);
  const running = two.running.get(which);
  if (running) {
    running.records.left = write;
    running.records.keepsLast = o.keepsLast;
  }
  void two.desk('madrid').transfer(callId, { to: uris.toledo });
  write1(inChat, 'two');
  await post();
  await pass(2_000);
  write1(inChat, 'three');
  await post();
  const died = running?.records.dead === true;
  await pass(o.pause);
  two.kill(which);
  await two.start(which);
  two.wire = () => undefined;
  write1(inChat, 'four');
  await pass(240_000);
  write1(inChat, 'five');
  await pass(5_000);
  expect(
    waiting.map(({ text }) => text),
    `${which} ${write} ${await state(two)}`,
  ).toEqual([]);
  return { two, died, promised };
}

async function state(two: TwoPsaps): Promise<string> {
  return JSON.stringify({
    stalled: two.app.stalled,
    owner: two.app.owner,
    madrid: (await two.chat('madrid'))?.phase,
    toledo: (await two.chat('toledo'))?.phase,
    out: two.desk('madrid').transfers()[0],
    in: two.desk('toledo').transfers()[0],
    heard: two.app.heard,
  });
}

async function judge(two: TwoPsaps, promised: readonly string[], what: string): Promise<void> {
  const phases = {
    madrid: (await two.chat('madrid'))?.phase,
    toledo: (await two.chat('toledo'))?.phase,
  };
  const owner = two.app.owner === uris.toledo ? 'toledo' : 'madrid';
  const other = owner === 'toledo' ? 'madrid' : 'toledo';
  expect(phases[owner], `${what}: ${JSON.stringify(phases)} ${owner}`).toBe('open');
  expect(phases[other], what).not.toBe('open');
  expect(two.app.stalled, what).toBe(false);
  const all = await two.messages(owner);
  const got = all.filter((m) => m.direction === 'in').map((m) => m.text);
  expect([...got].sort(), what).toEqual([...promised].sort());
  for (const name of ['madrid', 'toledo'] as const) {
    const own = (await two.messages(name)).filter(isOwn);
    // 266 repeats the number before it; nothing else does.
    const numbers = own.filter(({ messageType }) => messageType !== 266).map(({ messageId }) => messageId);
    expect(new Set(numbers).size, what).toBe(numbers.length);
    expect(own.filter(({ messageType }) => messageType === 257).length, what).toBeLessThanOrEqual(1);
    const sequences = (await two.messages(name)).map(({ sequence }) => sequence);
    expect(new Set(sequences).size, what).toBe(sequences.length);
  }
  const spoken = await two.desk(owner).say(callId, 'and now?');
  expect(spoken, what).toMatchObject({ ok: true });
  await two.settle();
  expect(two.app.heard.at(-1), what).toMatchObject({ type: 259, status: 200, text: 'and now?' });
  // Nothing is left behind that stands in the way of the next transfer.
  expect(await two.desk(owner).transfer(callId, { to: uris[other] }), what).toMatchObject({ ok: true });
  await two.pass(5_000);
  expect(two.app.owner, what).toBe(uris[other]);
  expect((await two.chat(other))?.phase, what).toBe('open');
  expect((await two.chat(owner))?.phase, what).toBe('handed-over');
}

const isOwn = (m: MessageRecord): boolean => m.direction === 'out' && m.imported === undefined;

describe('a PSAP that dies in a transfer', () => {
  for (const which of ['madrid', 'toledo'] as const) {
    for (const o of [{ pause: 1_000 }, { pause: 45_000 }, { pause: 1_000, wire: 'unanswered' as const }]) {
      it(
        `${which} at every write, back after ${o.pause / 1_000} s${o.wire ? ', its answers lost' : ''}: one owner, nothing lost, nothing twice`,
        { meta: { clause: ['TS 103 698 6.3.3', 'ADR 0011 8'] }, timeout: 60_000 },
        async () => {
          let deaths = 0;
          for (const keepsLast of [true, false]) {
            for (let write = 1; ; write++) {
              const { two, died, promised } = await killed(which, write, { ...o, keepsLast });
              if (!died) break;
              deaths++;
              await judge(two, promised, `${which} write ${write} ${keepsLast ? 'kept' : 'lost'}`);
            }
          }
          expect(deaths).toBeGreaterThan(10);
        },
      );
    }
  }
});
