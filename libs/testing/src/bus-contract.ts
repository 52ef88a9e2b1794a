import { type Bus, BusError } from '@esinet/platform';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** What every bus must do, whatever carries it. `make` gives a bus of its own each time it is called. */
export function busContract(
  name: string,
  make: () => Promise<{
    readonly bus: Bus;
    /** A second member of the same bus: another connection where there are connections. */
    readonly other: Bus;
    /** Resolves when subscriptions made so far are in force everywhere. */
    readonly settled?: () => Promise<void>;
    readonly close: () => Promise<void>;
  }>,
): void {
  describe(`${name} as a Bus`, () => {
    let bus: Bus;
    let other: Bus;
    let settled: () => Promise<void>;
    let close: () => Promise<void>;
    beforeEach(async () => {
      const made = await make();
      ({ bus, other, close } = made);
      settled = made.settled ?? (() => Promise.resolve());
    });
    afterEach(() => close());

    it('delivers after the call that published has returned', async () => {
      const seen: unknown[] = [];
      const arrived = new Promise<void>((resolve) => {
        bus.subscribe('a.b', (payload) => {
          seen.push(payload);
          resolve();
        });
      });
      await settled();
      bus.publish('a.b', { n: 1 });
      expect(seen).toEqual([]);
      await arrived;
      expect(seen).toEqual([{ n: 1 }]);
    });

    it('carries values as JSON does, sharing nothing with the sender', async () => {
      const sent = {
        at: new Date(0),
        gone: undefined,
        nan: NaN,
        bytes: Buffer.from('x'),
        list: [undefined, 1],
        deep: { n: 1 },
        text: 'Señal 🚑',
      };
      const arrived = new Promise<unknown>((resolve) => bus.subscribe('json', resolve));
      await settled();
      other.publish('json', sent);
      sent.deep.n = 2;
      const got = await arrived;
      expect(got).toEqual({
        at: '1970-01-01T00:00:00.000Z',
        nan: null,
        bytes: { type: 'Buffer', data: [120] },
        list: [null, 1],
        deep: { n: 1 },
        text: 'Señal 🚑',
      });
      expect(got).not.toHaveProperty('gone');
    });

    it('two subscribers do not share the payload either', async () => {
      const first = new Promise<void>((resolve) => {
        bus.subscribe('shared', (payload) => {
          (payload as { n: number }).n = 99;
          resolve();
        });
      });
      const second = new Promise<unknown>((resolve) => bus.subscribe('shared', resolve));
      await settled();
      other.publish('shared', { n: 1 });
      await first;
      expect(await second).toEqual({ n: 1 });
    });

    it('a payload of undefined arrives as null', async () => {
      const arrived = new Promise<unknown>((resolve) => bus.subscribe('nothing', resolve));
      await settled();
      other.publish('nothing', undefined);
      expect(await arrived).toBeNull();
    });

    it('keeps the order of one publisher, also for a slow subscriber', async () => {
      const seen: unknown[] = [];
      const done = new Promise<void>((resolve) => {
        bus.subscribe('order', async (payload) => {
          if (payload === 0) await new Promise((wake) => setTimeout(wake, 20));
          seen.push(payload);
          if (seen.length === 200) resolve();
        });
      });
      await settled();
      for (let i = 0; i < 200; i++) other.publish('order', i);
      await done;
      expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => i));
    });

    describe('wildcards', () => {
      const cases: [pattern: string, subject: string, matches: boolean][] = [
        ['events.bcf.police', 'events.bcf.police', true],
        ['events.*.police', 'events.bcf.police', true],
        ['events.*', 'events.bcf.police', false],
        ['*.*.*', 'events.bcf.police', true],
        ['events.>', 'events.bcf.police', true],
        ['events.>', 'events', false],
        ['>', 'events', true],
        ['events.*.>', 'events.bcf', false],
        ['events.bcf', 'events.BCF', false],
        ['events.bc', 'events.bcf', false],
      ];
      for (const [pattern, subject, wanted] of cases) {
        it(`${pattern} ${wanted ? 'takes' : 'leaves'} ${subject}`, async () => {
          const seen: string[] = [];
          bus.subscribe(pattern, (_, actual) => void seen.push(actual));
          const end = new Promise<void>((resolve) => bus.subscribe('the.end.of.it', () => resolve()));
          await settled();
          other.publish(subject, 1);
          other.publish('the.end.of.it', 1);
          await end;
          await new Promise((resolve) => setTimeout(resolve, 5));
          expect(seen.filter((actual) => actual === subject)).toEqual(wanted ? [subject] : []);
        });
      }
    });

    it('refuses subjects that are none, and wildcards to publish on', () => {
      for (const subject of ['', '.', 'a.', '.a', 'a..b', 'a b', 'a\tb', 'a\r\nPUB x', 'a.*', '>', 'a.>']) {
        expect(() => bus.publish(subject, 1), JSON.stringify(subject)).toThrow(BusError);
      }
      for (const pattern of ['', 'a..b', 'a.>.b', '>.a', 'a b', 'a\n']) {
        expect(() => bus.subscribe(pattern, () => undefined), JSON.stringify(pattern)).toThrow(BusError);
      }
      expect(() => bus.subscribe('a', () => undefined, { queue: 'two words' })).toThrow(BusError);
    });

    it('refuses what JSON cannot carry', () => {
      // A bus need not look at what nobody reads.
      bus.subscribe('a', () => undefined);
      const circle: Record<string, unknown> = {};
      circle['self'] = circle;
      expect(() => bus.publish('a', circle)).toThrow(BusError);
      expect(() => bus.publish('a', 1n)).toThrow(BusError);
      expect(() => bus.publish('a', 'x'.repeat(1_048_577))).toThrow(BusError);
    });

    it('gives a message to one member of each queue group, and all members get some', async () => {
      const counts = { a1: 0, a2: 0, a3: 0, b: 0, plain: 0 };
      let total = 0;
      const done = new Promise<void>((resolve) => {
        const count = (who: keyof typeof counts) => (): void => {
          counts[who]++;
          if (++total === 900) resolve();
        };
        bus.subscribe('work.*', count('a1'), { queue: 'a' });
        other.subscribe('work.*', count('a2'), { queue: 'a' });
        bus.subscribe('work.>', count('a3'), { queue: 'a' });
        other.subscribe('work.*', count('b'), { queue: 'b' });
        bus.subscribe('work.item', count('plain'));
      });
      await settled();
      for (let i = 0; i < 300; i++) bus.publish('work.item', i);
      await done;
      expect(counts.b).toBe(300);
      expect(counts.plain).toBe(300);
      expect(counts.a1 + counts.a2 + counts.a3).toBe(300);
      for (const member of [counts.a1, counts.a2, counts.a3]) expect(member).toBeGreaterThan(20);
    });

    it('a member that leaves its queue group leaves the work to the others', async () => {
      const seen: number[] = [];
      const leaving = bus.subscribe('job', () => undefined, { queue: 'q' });
      const done = new Promise<void>((resolve) => {
        bus.subscribe(
          'job',
          (payload) => {
            if (seen.push(Number(payload)) === 20) resolve();
          },
          { queue: 'q' },
        );
      });
      leaving.unsubscribe();
      await settled();
      for (let i = 0; i < 20; i++) other.publish('job', i);
      await done;
      expect(seen).toHaveLength(20);
    });

    it('answers requests, many at a time', async () => {
      bus.reply('sum', async (payload) => {
        const { a, b } = payload as { a: number; b: number };
        await new Promise((resolve) => setTimeout(resolve, 20 - a));
        return { sum: a + b };
      });
      await settled();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, a) => other.request('sum', { a, b: 1 })),
      );
      expect(answers).toEqual(Array.from({ length: 20 }, (_, a) => ({ sum: a + 1 })));
    });

    it('says at once that nobody answers', async () => {
      const error = await bus.request('nobody', 1, { timeoutMs: 10_000 }).catch((e: unknown) => e);
      expect(error).toMatchObject({ name: 'BusError', code: 'no-responders' });
    });

    it('gives up on an answer that does not come', async () => {
      bus.reply('silent', () => new Promise(() => undefined));
      await settled();
      const error = await other.request('silent', 1, { timeoutMs: 30 }).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'timeout' });
    });

    it('tells the asker what went wrong, and goes on answering', async () => {
      let calls = 0;
      bus.reply('flaky', () => {
        if (++calls === 1) throw new Error('no boundary loaded');
        return Promise.resolve('fine');
      });
      await settled();
      const error = await other.request('flaky', 1).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'remote', message: 'no boundary loaded' });
      expect(await other.request('flaky', 1)).toBe('fine');
    });

    it('an answer that JSON cannot carry is an error of the remote side', async () => {
      bus.reply('big', () => Promise.resolve(1n));
      await settled();
      expect(await other.request('big', 1).catch((e: unknown) => e)).toMatchObject({ code: 'remote' });
    });

    it('a handler that throws or rejects neither ends the process nor the subscription', async () => {
      let calls = 0;
      const third = new Promise<void>((resolve) => {
        bus.subscribe('bad', () => {
          calls++;
          if (calls === 1) throw new Error('thrown');
          if (calls === 2) return Promise.reject(new Error('rejected'));
          resolve();
          return undefined;
        });
      });
      await settled();
      for (let i = 0; i < 3; i++) other.publish('bad', i);
      await third;
    });

    it('a subscriber may publish, subscribe and unsubscribe from inside its handler', async () => {
      const seen: string[] = [];
      await new Promise<void>((resolve) => {
        const subscription = bus.subscribe('in.*', (_, subject) => {
          seen.push(subject);
          if (subject === 'in.a') bus.publish('in.b', 1);
          if (subject !== 'in.b') return;
          subscription.unsubscribe();
          bus.publish('in.c', 1);
          bus.subscribe('out', () => resolve());
          void settled().then(() => bus.publish('out', 1));
        });
        void settled().then(() => bus.publish('in.a', 1));
      });
      expect(seen).toEqual(['in.a', 'in.b']);
    });

    it('after closing: publishing is in vain, everything else is refused, waiting requests end', async () => {
      bus.reply('wait', () => new Promise(() => undefined));
      await settled();
      const waiting = bus.request('wait', 1, { timeoutMs: 10_000 }).catch((e: unknown) => e);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await bus.close();
      expect(await waiting).toMatchObject({ code: 'closed' });
      expect(() => bus.publish('a', 1)).not.toThrow();
      expect(() => bus.subscribe('a', () => undefined)).toThrow(BusError);
      expect(await bus.request('a', 1).catch((e: unknown) => e)).toMatchObject({ code: 'closed' });
      await bus.close();
    });
  });
}
