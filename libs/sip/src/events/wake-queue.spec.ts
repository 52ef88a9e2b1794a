import { ManualClock } from '@esinet/kernel';
import { expect, it } from 'vitest';
import { type Sleeper, WakeQueue } from './wake-queue.js';

class Alarm implements Sleeper {
  wakeAt = Infinity;
  constructor(
    private readonly log: string[],
    readonly name: string,
    private readonly then: () => void = () => undefined,
  ) {}
  wake(): void {
    this.log.push(this.name);
    this.then();
  }
}

function queue(perTurn = 10) {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  return { clock, errors, queue: new WakeQueue(clock, perTurn, (error) => errors.push(error)) };
}

it('wakes in order of time; a later word counts, Infinity takes back', () => {
  const { clock, queue: q } = queue();
  const log: string[] = [];
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => new Alarm(log, name));
  q.set(a!, 300);
  q.set(b!, 100);
  q.set(c!, 200);
  q.set(d!, 50);
  q.set(a!, 150);
  q.set(d!, Infinity);
  expect(q.size).toBe(3);
  clock.advance(400);
  expect(log).toEqual(['b', 'a', 'c']);
  expect([q.size, clock.waiting]).toEqual([0, 0]);
});

it('wakes only so many in a turn, the others in the next ones', () => {
  const clock = new ManualClock();
  const turns: number[] = [];
  const log: string[] = [];
  // Each timer of the clock is a turn of the process.
  const counting = {
    now: () => clock.now(),
    wall: () => clock.wall(),
    after: (ms: number, fire: () => void) =>
      clock.after(ms, () => {
        const before = log.length;
        fire();
        turns.push(log.length - before);
      }),
  };
  const q = new WakeQueue(counting, 32, () => undefined);
  for (let i = 0; i < 10_000; i++) q.set(new Alarm(log, String(i)), 100);
  clock.advance(100);
  expect(log.length).toBe(10_000);
  expect(Math.max(...turns)).toBe(32);
  expect(turns.length).toBe(Math.ceil(10_000 / 32));
});

it('keeps no more entries than twice those that wait, however often they change their mind', () => {
  const { clock, queue: q } = queue();
  const log: string[] = [];
  const alarms = Array.from({ length: 10 }, (_, i) => new Alarm(log, String(i)));
  for (let i = 0; i < 100_000; i++) q.set(alarms[i % 10]!, 1_000_000 - i);
  expect(q.size).toBe(10);
  clock.advance(1_000_000);
  expect(log.length).toBe(10);
});

it('one that throws keeps nobody else asleep; a wait longer than a timer of the system is waited for in parts', () => {
  const { clock, queue: q, errors } = queue();
  const log: string[] = [];
  const boom = (): void => {
    throw new Error('boom');
  };
  q.set(new Alarm(log, 'a', boom), 10);
  q.set(new Alarm(log, 'b'), 10);
  q.set(new Alarm(log, 'c'), 5_000_000_000);
  clock.advance(4_999_999_999);
  expect([log, errors.length]).toEqual([['a', 'b'], 1]);
  clock.advance(1);
  expect(log).toEqual(['a', 'b', 'c']);
  q.stop();
  expect(clock.waiting).toBe(0);
});
