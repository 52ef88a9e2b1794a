import { ManualClock } from '@esinet/kernel';
import { describe, expect, it } from 'vitest';
import { Outbox, type SendOutcome, worthAnotherAttempt } from './outbox.js';
import type { OutgoingMessage } from './outgoing-message.js';

const text = (messageId: number): OutgoingMessage => ({
  to: 'sip:a@b',
  messageType: 259,
  messageId,
  text: 'x',
  keepAlive: false,
});
const keepAlive: OutgoingMessage = { to: 'sip:a@b', messageType: 260, keepAlive: true };

function bench(answers: SendOutcome[]) {
  const clock = new ManualClock();
  const sent: string[] = [];
  const outcomes: string[] = [];
  const outbox = new Outbox({
    clock,
    attempts: 3,
    firstPauseMs: 1_000,
    send: async (m) => {
      sent.push(`${m.messageType}/${m.messageId ?? '-'} ${clock.now()}`);
      await Promise.resolve();
      return answers.shift() ?? { kind: 'answered', status: 200 };
    },
    onOutcome: (m, o, attempts) =>
      outcomes.push(`${m.messageId ?? '-'} ${o.kind === 'answered' ? o.status : o.reason} ${attempts}`),
  });
  return { clock, outbox, sent, outcomes };
}

const busy: SendOutcome = { kind: 'answered', status: 480 };
const silence: SendOutcome = { kind: 'failure', reason: 'timeout' };

describe('an outbox', () => {
  it('keeps the order over attempts, with doubling pauses', { meta: { clause: 'RFC 3428 8' } }, async () => {
    const { clock, outbox, sent, outcomes } = bench([busy, silence]);
    outbox.push(text(1));
    outbox.push(text(2));
    outbox.push(keepAlive);
    await new Promise(setImmediate);
    await clock.run(5_000, 500);
    expect(sent).toEqual(['259/1 0', '259/1 1000', '259/1 3000', '259/2 3000']);
    expect(outcomes).toEqual(['1 200 3', '2 200 1']);
  });

  it(
    'gives up after the last attempt, and at once on a refusal for good',
    { meta: { clause: 'RFC 3261 21.4' } },
    async () => {
      const { clock, outbox, outcomes } = bench([busy, busy, busy, { kind: 'answered', status: 403 }]);
      outbox.push(text(1));
      outbox.push(text(2));
      await clock.run(10_000, 500);
      expect(outcomes).toEqual(['1 480 3', '2 403 1']);
    },
  );

  it('does not wait when the other side was heard', { meta: { clause: 'TS 103 698 6.2.5' } }, async () => {
    const { clock, outbox, sent, outcomes } = bench([silence]);
    outbox.push(text(1));
    await clock.run(10, 10);
    outbox.kick();
    await clock.run(10, 10);
    expect(sent).toHaveLength(2);
    expect(outcomes).toEqual(['1 200 2']);
  });

  it(
    'tries a keep-alive once, and nothing after it is closed',
    { meta: { clause: 'TS 103 698 6.2.5' } },
    async () => {
      const { clock, outbox, sent, outcomes } = bench([silence, silence]);
      outbox.push(keepAlive);
      await clock.run(5_000, 500);
      outbox.push(text(1));
      await clock.run(10, 10);
      outbox.close();
      outbox.push(text(2));
      await clock.run(60_000, 1_000);
      expect(sent).toHaveLength(2);
      expect(outcomes).toEqual(['- timeout 1']);
    },
  );

  describe('with an attempt that goes nowhere', () => {
    function hanging(routed = false) {
      const clock = new ManualClock();
      const open: ((outcome: SendOutcome) => void)[] = [];
      const sent: string[] = [];
      const outcomes: string[] = [];
      const outbox = new Outbox({
        clock,
        attempts: 3,
        firstPauseMs: 1_000,
        ...(routed && { routed: ({ messageId }) => messageId === 1 }),
        send: (m) => {
          sent.push(`${m.messageType}/${m.messageId ?? '-'}`);
          return new Promise((resolve) => open.push(resolve));
        },
        onOutcome: (m, o) =>
          outcomes.push(`${m.messageId ?? '-'} ${o.kind === 'answered' ? o.status : o.reason}`),
      });
      const answer = async (n: number, outcome: SendOutcome): Promise<void> => {
        open[n]?.(outcome);
        await clock.run(10, 10);
      };
      return { clock, outbox, sent, outcomes, answer };
    }
    const taken: SendOutcome = { kind: 'answered', status: 200 };

    it(
      'sends one copy when the other side is heard from elsewhere, and takes the first answer',
      { meta: { clause: 'RFC 3428 8' } },
      async () => {
        const { clock, outbox, sent, outcomes, answer } = hanging();
        outbox.push(text(1));
        outbox.push(text(2));
        await clock.run(1_000, 500);
        outbox.kick();
        expect(sent).toEqual(['259/1']);
        await clock.run(1_000, 500);
        outbox.kick();
        outbox.kick();
        expect(sent).toEqual(['259/1', '259/1']);
        await answer(1, taken);
        expect(sent).toEqual(['259/1', '259/1', '259/2']);
        // The first one fails in the end: nobody asks any more, and the next one may be overtaken all the same.
        await answer(0, silence);
        await clock.run(2_000, 500);
        outbox.kick();
        expect(sent).toHaveLength(4);
        await answer(2, taken);
        expect(outcomes).toEqual(['1 200', '2 200']);
      },
    );

    it(
      'sends no copy of what is routed once the PSAP has spoken: it would go to another one',
      { meta: { clause: 'TS 103 698 6.2.2' } },
      async () => {
        const { clock, outbox, sent, outcomes, answer } = hanging(true);
        outbox.push(text(1));
        outbox.push(text(2));
        await clock.run(3_000, 500);
        outbox.kick(true);
        await clock.run(10, 10);
        expect(sent).toEqual(['259/1', '259/2']);
        expect(outcomes).toEqual(['1 200']);
        // Its own answer comes late, and takes nothing from the next message.
        await answer(0, silence);
        await clock.run(2_000, 500);
        outbox.kick(true);
        expect(sent).toEqual(['259/1', '259/2', '259/2']);
        await answer(2, taken);
        expect(outcomes).toEqual(['1 200', '2 200']);
      },
    );

    it(
      'nor in the pause after an attempt that failed',
      { meta: { clause: 'TS 103 698 6.2.2' } },
      async () => {
        const { clock, outbox, sent, outcomes, answer } = hanging(true);
        outbox.push(text(1));
        await answer(0, silence);
        outbox.kick(true);
        await clock.run(5_000, 500);
        expect(sent).toEqual(['259/1']);
        expect(outcomes).toEqual(['1 200']);
        outbox.push(text(2));
        expect(sent).toEqual(['259/1', '259/2']);
      },
    );

    it('waits for both before it counts as failed', { meta: { clause: 'RFC 3428 8' } }, async () => {
      const { clock, outbox, outcomes, answer } = hanging();
      outbox.push(text(1));
      await clock.run(2_000, 500);
      outbox.kick();
      await answer(1, silence);
      expect(outcomes).toEqual([]);
      await answer(0, taken);
      expect(outcomes).toEqual(['1 200']);
    });

    it(
      'lets a keep-alive go, so that texts do not wait for it',
      { meta: { clause: 'TS 103 698 6.2.5' } },
      async () => {
        const { clock, outbox, sent } = hanging();
        outbox.push(keepAlive);
        outbox.push(text(1));
        await clock.run(2_000, 500);
        expect(sent).toEqual(['260/-']);
        outbox.kick();
        await clock.run(10, 10);
        expect(sent).toEqual(['260/-', '259/1']);
      },
    );
  });

  it('knows what may pass', { meta: { clause: 'RFC 3261 21' } }, () => {
    const passing = [404, 408, 430, 480, 486, 500, 502, 503, 504];
    const final = [200, 202, 302, 400, 401, 403, 413, 415, 481, 513, 600, 603];
    for (const status of passing) expect(worthAnotherAttempt({ kind: 'answered', status })).toBe(true);
    for (const status of final) expect(worthAnotherAttempt({ kind: 'answered', status })).toBe(false);
    expect(worthAnotherAttempt(silence)).toBe(true);
  });
});
