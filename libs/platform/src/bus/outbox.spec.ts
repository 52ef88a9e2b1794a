import { ManualClock, silentLogger } from '@esinet/kernel';
import { describe, expect, it } from 'vitest';
import { Backlog } from './backlog.js';
import { busSchema } from './bus-config.js';
import { Outbox, type OutboxEvent, type OutboxSpool, type Sending } from './outbox.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const event = (lane: string, n: number): OutboxEvent => ({
  id: `${lane}-${n}`,
  subject: 'events.a.b',
  text: '{}',
  lane,
});

function open(o: { spool?: OutboxSpool; maxEvents?: number } = {}) {
  const clock = new ManualClock();
  const sent: string[] = [];
  const answers = new Map<string, (sending: Sending) => void>();
  const dropped: string[] = [];
  const outbox = new Outbox({
    send: ({ id }) => {
      sent.push(id);
      return new Promise((resolve) => answers.set(id, resolve));
    },
    spool: o.spool,
    limits: { maxEvents: o.maxEvents ?? 100, maxBytes: 10_000, maxInFlight: 3 },
    clock,
    logger: silentLogger,
    onDropped: (why) => void dropped.push(why),
    onSize: () => undefined,
  });
  const answer = async (id: string, sending: Sending = { result: 'kept' }): Promise<void> => {
    answers.get(id)?.(sending);
    await turn();
    await turn();
  };
  return { clock, sent, dropped, outbox, answer };
}

describe('the outbox', () => {
  it('one of each lane is under way, lanes side by side, and not more than allowed', async () => {
    const { outbox, sent, answer } = open();
    for (const lane of ['a', 'a', 'b', 'c', 'd']) outbox.add(event(lane, sent.length));
    await turn();
    expect(sent).toEqual([]);
    outbox.open();
    await turn();
    expect(sent).toEqual(['a-0', 'b-0', 'c-0']);
    await answer('b-0');
    expect(sent.slice(3)).toEqual(['d-0']);
    await answer('a-0');
    expect(sent.length).toBe(5);
  });

  it('what nobody acknowledged is sent again before what came after it', async () => {
    const { outbox, sent, answer, clock } = open();
    outbox.open();
    outbox.add(event('a', 1));
    outbox.add(event('a', 2));
    await turn();
    await answer('a-1', { result: 'again' });
    expect(sent).toEqual(['a-1']);
    clock.advance(250);
    await turn();
    expect(sent).toEqual(['a-1', 'a-1']);
    outbox.pause();
    await answer('a-1');
    expect(sent.length).toBe(2);
    outbox.open();
    await turn();
    expect(sent[2]).toBe('a-2');
  });

  it('one that is refused five times goes, and its lane goes on', async () => {
    const { outbox, sent, answer, clock, dropped } = open();
    outbox.open();
    outbox.add(event('a', 1));
    outbox.add(event('a', 2));
    await turn();
    for (let i = 0; i < 5; i++) {
      await answer('a-1', { result: 'refused', reason: 'too large' });
      clock.advance(250);
      await turn();
    }
    expect(sent).toEqual([...Array<string>(5).fill('a-1'), 'a-2']);
    expect(dropped).toEqual(['refused']);
  });

  it('when full the oldest goes, also when it is under way', async () => {
    const { outbox, sent, answer, dropped } = open({ maxEvents: 2 });
    outbox.open();
    outbox.add(event('a', 1));
    await turn();
    for (const n of [2, 3]) outbox.add(event('a', n));
    expect([outbox.size, outbox.dropped, dropped]).toEqual([2, 1, ['full']]);
    await answer('a-1');
    expect(sent).toEqual(['a-1', 'a-2']);
    await answer('a-2');
    await answer('a-3');
    expect(outbox.size).toBe(0);
  });

  it('only what waits touches the disk; what is gone leaves it; a broken disk loses nothing in memory', async () => {
    const disk = new Map<number, OutboxEvent>();
    let broken = false;
    const spool: OutboxSpool = {
      load: () => Promise.resolve([...disk]),
      write: (added, gone) => {
        if (broken) return Promise.reject(new Error('full'));
        for (const [number, each] of added) disk.set(number, each);
        for (const number of gone) disk.delete(number);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    const first = open({ spool });
    first.outbox.open();
    first.outbox.add(event('a', 1));
    await turn();
    await first.answer('a-1');
    first.outbox.add(event('a', 2));
    await turn();
    first.clock.advance(200);
    await turn();
    expect([...disk.values()].map(({ id }) => id)).toEqual(['a-2']);
    broken = true;
    first.outbox.add(event('a', 3));
    first.clock.advance(200);
    await turn();
    expect(first.outbox.size).toBe(2);
    broken = false;
    first.outbox.add(event('a', 4));
    await first.outbox.close();
    const second = open({ spool });
    await second.outbox.load();
    second.outbox.open();
    await turn();
    expect(second.sent[0]).toBe('a-2');
    await second.answer('a-2');
    second.clock.advance(200);
    await turn();
    expect([...disk.values()].some(({ id }) => id === 'a-2')).toBe(false);
  });
});

it('a backlog keeps its order and its bounds', () => {
  const backlog = new Backlog({ maxEvents: 3_000, maxBytes: 1_000_000 });
  let gone = 0;
  for (let n = 0; n < 5_000; n++) gone += backlog.add('a', String(n));
  expect([gone, backlog.size]).toEqual([2_000, 3_000]);
  for (let n = 2_000; n < 5_000; n++) {
    expect(backlog.peek()?.[1]).toBe(String(n));
    backlog.take();
  }
  expect([backlog.size, backlog.peek()]).toEqual([0, undefined]);
  const small = new Backlog({ maxEvents: 10, maxBytes: 10 });
  expect([small.add('a', 'x'.repeat(8)), small.add('a', 'y'.repeat(8)), small.size]).toEqual([0, 1, 1]);
});

describe('bus: nats in the configuration', () => {
  const problems = (more: object): string =>
    (busSchema.safeParse({ kind: 'nats', servers: ['nats://a:4222'], ...more }).error?.issues ?? [])
      .map(({ path, message }) => `${path.join('.')}: ${message}`)
      .join('\n');

  it('takes what works', () => {
    expect(problems({})).toBe('');
    expect(problems({ user: 'a', password: 'b', tls: { certificate: false, ca: 'x' } })).toBe('');
  });

  it('says what cannot work', () => {
    expect(problems({ servers: [] })).toContain('servers');
    expect(problems({ servers: ['http://a'] })).toContain('nats://nats-1:4222');
    expect(problems({ servers: ['nats://u:p@a'] })).toContain('without user and password');
    expect(problems({ user: 'a' })).toContain('user and password go together');
    expect(problems({ nkeySeed: 'SUnonsense' })).toContain('seed of a user NKEY');
    expect(problems({ durable: ['a..b'] })).toContain('durable');
    expect(problems({ deadAfter: '1 s', stalledAfter: '2 s' })).toContain('at least stalledAfter');
    expect(problems({ jetstream: { stream: 'a.b' } })).toContain('jetstream.stream');
    expect(problems({ jetstream: { maxAge: '1 min' } })).toContain('at least duplicateWindow');
    expect(problems({ user: 'a', password: 'b', credentials: 'x' })).toContain('not several');
  });
});
