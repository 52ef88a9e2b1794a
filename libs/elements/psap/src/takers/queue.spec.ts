import { describe, expect, it } from 'vitest';
import {
  type ChatFacts,
  type QueueEvent,
  type QueueState,
  type Taker,
  heldBy,
  newQueue,
  queue,
  waiting,
} from './queue.js';

function facts(chat: string, o: Partial<ChatFacts> = {}): ChatFacts {
  return {
    chat,
    callId: `urn:emergency:uid:callid:${chat}:app.lab`,
    centre: 'madrid',
    phase: 'open',
    test: false,
    startedAt: 0,
    transferred: false,
    ...o,
  };
}

function taker(id: string, o: Partial<Taker> = {}): Taker {
  return { taker: id, name: id, seats: 3, signedOnAt: 0, ...o };
}

/** A queue that is told one thing after the other and remembers what it was answered. */
function told(assign: QueueState['assign'], ...events: QueueEvent[]) {
  let state = newQueue(assign);
  const assigned: string[] = [];
  const refused: string[] = [];
  const tell = (event: QueueEvent): void => {
    const [next, effects] = queue(state, event);
    state = next;
    for (const effect of effects) {
      if (effect.type === 'assign') assigned.push(`${effect.chat}>${effect.taker ?? '-'}`);
      if (effect.type === 'refuse') refused.push(effect.code);
    }
  };
  for (const event of events) tell(event);
  return {
    tell,
    assigned,
    refused,
    waiting: () => waiting(state).map((c) => c.chat),
    held: (id: string) => heldBy(state, id).map((c) => c.chat),
    state: () => state,
  };
}

const chat = (id: string, o: Partial<ChatFacts> = {}, at = 10): QueueEvent => ({
  type: 'chat',
  facts: facts(id, o),
  at,
});
const on = (id: string, o: Partial<Taker> = {}, at = 0): QueueEvent => ({
  type: 'sign-on',
  taker: taker(id, o),
  at,
});
const accept = (id: string, c?: string): QueueEvent => ({
  type: 'accept',
  taker: id,
  at: 20,
  ...(c !== undefined && { chat: c }),
});

describe('the queue of new chats', () => {
  it('gives out what came from another centre first, then the oldest', () => {
    const q = told(
      'pull',
      on('t1', { seats: 9 }),
      chat('young', { startedAt: 30 }),
      chat('old', { startedAt: 10 }),
      chat('handed', { startedAt: 20, transferred: true }),
    );
    expect(q.waiting()).toEqual(['handed', 'old', 'young']);
    for (let i = 0; i < 4; i++) q.tell(accept('t1'));
    expect(q.assigned).toEqual(['handed>t1', 'old>t1', 'young>t1']);
    expect(q.refused).toEqual(['queue-empty']);
  });

  it('has only open chats of people: tests and what is on its way in or out do not wait', () => {
    const q = told(
      'pull',
      chat('test', { test: true }),
      chat('greeting', { phase: 'waiting' }),
      chat('taking', { phase: 'taking' }),
      chat('leaving', { phase: 'transferring' }),
      chat('closed', { phase: 'closed' }),
    );
    expect(q.waiting()).toEqual([]);
    q.tell(chat('taking', { phase: 'open', transferred: true }));
    q.tell(chat('leaving', { phase: 'open' }));
    expect(q.waiting()).toEqual(['taking', 'leaving']);
  });

  it('lets nobody have more chats than seats', () => {
    const q = told(
      'pull',
      on('t1', { seats: 1 }),
      chat('a'),
      chat('b'),
      accept('t1', 'b'),
      accept('t1', 'a'),
    );
    expect(q.refused).toEqual(['no-seat']);
    q.tell(accept('t1', 'b'));
    expect(q.refused).toEqual(['no-seat']);
    q.tell(chat('b', { phase: 'transferring', taker: 't1' }));
    q.tell(accept('t1', 'a'));
    expect(q.refused).toEqual(['no-seat', 'no-seat']);
    q.tell(chat('b', { phase: 'handed-over', taker: 't1' }));
    q.tell(accept('t1', 'a'));
    expect(q.held('t1')).toEqual(['a']);
    q.tell(chat('a', { phase: 'closed' }));
    expect(q.held('t1')).toEqual([]);
  });

  it('refuses what somebody else has, what is elsewhere, and who is not there', () => {
    const q = told(
      'pull',
      on('t1', { centres: ['toledo'] }),
      on('t2'),
      chat('a'),
      accept('t1', 'a'),
      accept('t1'),
      accept('t2', 'a'),
      on('t1'),
      accept('t1', 'a'),
      accept('t3', 'a'),
      accept('t1', 'z'),
      { type: 'release', taker: 't1', chat: 'a', at: 30 },
      { type: 'release', taker: 't1', chat: 'z', at: 30 },
      { type: 'sign-off', taker: 't3', at: 30 },
    );
    expect(q.refused).toEqual([
      'other-centre',
      'queue-empty',
      'taken',
      'not-signed-on',
      'not-in-queue',
      'not-yours',
      'not-in-queue',
      'not-signed-on',
    ]);
    expect(q.held('t2')).toEqual(['a']);
  });

  it('takes back what was released and what a signed off one had, in the turn of its age', () => {
    const q = told(
      'pull',
      on('t1'),
      chat('a', { startedAt: 1 }),
      chat('b', { startedAt: 2 }),
      chat('c', { startedAt: 3 }),
      accept('t1', 'a'),
      accept('t1', 'b'),
    );
    q.tell({ type: 'release', taker: 't1', chat: 'a', at: 40 });
    expect(q.waiting()).toEqual(['a', 'c']);
    expect(q.state().chats.get('a')?.waitingSince).toBe(40);
    q.tell({ type: 'sign-off', taker: 't1', at: 50 });
    expect(q.waiting()).toEqual(['a', 'b', 'c']);
    expect(q.assigned).toEqual(['a>t1', 'b>t1', 'a>-', 'b>-']);
  });

  it('goes on after a restart with what the records say, where its call taker is still there', () => {
    const q = told('pull', on('t1', { seats: 1 }));
    q.tell(chat('a', { taker: 't1' }));
    q.tell(chat('b', { taker: 't1' }));
    q.tell(chat('c', { taker: 'gone' }));
    expect(q.held('t1')).toEqual(['a']);
    expect(q.waiting()).toEqual(['b', 'c']);
    expect(q.assigned).toEqual(['b>-', 'c>-']);
    // What the records said before the acceptance was in them changes nothing.
    q.tell(chat('a'));
    expect(q.held('t1')).toEqual(['a']);
  });

  it('does not offer a chat on its way elsewhere, unless it stays', () => {
    const q = told('pull', on('t1'), on('t2'), chat('a'), accept('t1', 'a'));
    q.tell(chat('a', { phase: 'transferring' }));
    q.tell({ type: 'sign-off', taker: 't1', at: 30 });
    expect(q.waiting()).toEqual([]);
    q.tell(accept('t2', 'a'));
    q.tell(accept('t2'));
    expect(q.refused).toEqual(['not-in-queue', 'queue-empty']);
    q.tell(chat('a'));
    expect(q.waiting()).toEqual(['a']);
    q.tell(accept('t2'));
    expect(q.assigned.at(-1)).toBe('a>t2');
  });

  it('undoes what could not be recorded, once', () => {
    const q = told('pull', on('t1'), chat('a'), accept('t1', 'a'));
    q.tell({ type: 'not-assigned', taker: 't1', chat: 'a', at: 30 });
    expect(q.waiting()).toEqual(['a']);
    q.tell({ type: 'not-assigned', taker: 't1', chat: 'a', at: 30 });
    q.tell({ type: 'not-assigned', taker: 't2', chat: 'z', at: 30 });
    expect(q.assigned).toEqual(['a>t1']);
  });

  it('told to push, gives each chat to whoever has most seats free', () => {
    const q = told(
      'push',
      on('t1', { signedOnAt: 1 }),
      on('t2', { seats: 2, centres: ['toledo'] }),
      chat('a'),
    );
    q.tell(chat('b', { centre: 'toledo' }));
    q.tell(chat('c', { centre: 'toledo' }));
    expect(q.assigned).toEqual(['a>t1', 'b>t2', 'c>t1']);
    for (const id of ['d', 'e', 'f']) q.tell(chat(id, { startedAt: Number.parseInt(id, 16) }));
    expect(q.held('t1')).toEqual(['a', 'c', 'd']);
    expect(q.waiting()).toEqual(['e', 'f']);
    q.tell(chat('a', { phase: 'closed' }));
    expect(q.held('t1')).toEqual(['c', 'd', 'e']);
    q.tell(on('t3', { seats: 1 }));
    expect(q.held('t3')).toEqual(['f']);
    q.tell({ type: 'release', taker: 't3', chat: 'f', at: 60 });
    expect(q.waiting()).toEqual(['f']);
  });
});

describe('chats of other processes', () => {
  const there = (id: string, o: Partial<ChatFacts> = {}): QueueEvent =>
    chat(id, { remote: true, sure: true, ...o });

  it('wait as all others, and belong to whom they were given there', () => {
    const q = told('pull', on('t1'), there('x'), there('y', { taker: 't1' }));
    expect(q.waiting()).toEqual(['x']);
    expect(q.held('t1')).toEqual(['y']);
    q.tell(there('x', { taker: 't1' }));
    q.tell(there('y'));
    expect(q.held('t1')).toEqual(['x']);
    expect(q.waiting()).toEqual(['y']);
    q.tell(there('y', { phase: 'closed' }));
    expect(q.waiting()).toEqual([]);
    expect(q.assigned).toEqual([]);
  });

  it('are pushed by the process that has them, and by this one once it has them', () => {
    const q = told('push', on('t1'), there('x'), chat('y'));
    expect(q.assigned).toEqual(['y>t1']);
    q.tell(chat('x'));
    expect(q.assigned).toEqual(['y>t1', 'x>t1']);
  });

  it('wait again when their call taker signs off at another process, which records it', () => {
    const q = told('pull', on('t1'), there('x', { taker: 't1' }), chat('y'), accept('t1', 'y'));
    q.tell({ type: 'sign-off', taker: 't1', elsewhere: true, at: 30 });
    expect(q.waiting()).toEqual(['x', 'y']);
    expect(q.assigned).toEqual(['y>t1']);
  });
});
