import { expect, it } from 'vitest';
import {
  type QueueEffect,
  type QueueEvent,
  type QueueLimits,
  type QueueMachineState,
  type WaitingCall,
  emptyQueue,
  queueMachine,
} from './queue-machine.js';

const one: QueueLimits = { maxInService: 1, maxWaiting: 3 };

/** Plays events against one queue; each is a time and an event. */
function play(limits: QueueLimits, ...events: readonly (readonly [number, QueueEvent])[]) {
  let state: QueueMachineState = emptyQueue(0, limits);
  const effects: QueueEffect[] = [];
  for (const [now, event] of events) {
    const [after, caused] = queueMachine(state, event, now, limits);
    state = after;
    effects.push(...caused);
  }
  const told = effects.flatMap((effect) =>
    effect.do === 'wake'
      ? []
      : [`${effect.do} ${effect.id}${effect.do === 'pass' && effect.preempted ? ' pre-empted' : ''}`],
  );
  return { state, effects, told };
}

const arrive = (id: number, o: Partial<WaitingCall> = {}): QueueEvent => ({
  type: 'arrive',
  call: { id, running: false, priority: 1, since: 0, until: 2_000, ...o },
});
const released: QueueEvent = { type: 'released' };
const timer: QueueEvent = { type: 'timer' };

it('lets calls in up to the limit and the first one that waits when one is answered', () => {
  const { told, state } = play(one, [0, arrive(1)], [1, arrive(2)], [2, arrive(3)], [3, released]);
  expect(told).toEqual(['admit 1', 'admit 2']);
  expect([state.inService, state.waiting.map(({ id }) => id)]).toEqual([1, [3]]);
});

it(
  'has them leave by priority, the same priority as they came, running chats before all',
  { meta: { clause: ['RFC 4412 4.5.2', 'RFC 7135 3.2'] } },
  () => {
    const limits = { ...one, maxWaiting: 10 };
    const { told } = play(
      limits,
      [0, arrive(1)],
      [1, arrive(2, { priority: 1 })],
      [2, arrive(3, { priority: 4 })],
      [3, arrive(4, { priority: 1 })],
      [4, arrive(5, { priority: 0, running: true })],
      [5, arrive(6, { priority: 4 })],
      [6, arrive(7, { priority: -1 })],
      ...Array.from({ length: 6 }, (_, i) => [10 + i, released] as const),
    );
    expect(told).toEqual(['admit 1', 'admit 5', 'admit 3', 'admit 6', 'admit 2', 'admit 4', 'admit 7']);
  },
);

it(
  'gives the place of the lowest to a higher one when it is full, and never to an equal one',
  { meta: { clause: 'RFC 4412 4.5.2' } },
  () => {
    const { told, state } = play(
      one,
      [0, arrive(1)],
      [1, arrive(2)],
      [2, arrive(3)],
      [3, arrive(4)],
      [4, arrive(5)],
      [5, arrive(6, { priority: 2 })],
    );
    expect(told).toEqual(['admit 1', 'pass 5', 'pass 4 pre-empted']);
    expect(state.waiting.map(({ id }) => id)).toEqual([6, 2, 3]);
  },
);

it(
  'sends on who has waited long enough, whatever the priority',
  { meta: { clause: 'RFC 4412 4.5.2' } },
  () => {
    const { told, effects } = play(
      one,
      [0, arrive(1)],
      [0, arrive(2, { until: 2_000 })],
      [500, arrive(3, { until: 2_500, priority: 4 })],
      [2_000, timer],
      [2_500, timer],
    );
    expect(told).toEqual(['admit 1', 'pass 2', 'pass 3']);
    expect(effects).toContainEqual({ do: 'wake', at: 2_500 });
  },
);

it('keeps to a rate, and says when the next may go', () => {
  const limits: QueueLimits = { maxInService: Infinity, ratePerSecond: 2, maxWaiting: 5 };
  const { told, effects } = play(
    limits,
    [0, arrive(1)],
    [0, arrive(2)],
    [0, arrive(3)],
    [400, timer],
    [500, timer],
  );
  expect(told).toEqual(['admit 1', 'admit 2', 'admit 3']);
  expect(effects).toContainEqual({ do: 'wake', at: 500 });
});

it('sends all on when the next hop is gone, and keeps count of those in service', () => {
  const { told, state } = play(
    one,
    [0, arrive(1)],
    [1, arrive(2)],
    [2, arrive(3)],
    [3, { type: 'closed', why: 'Unreachable' }],
    [4, { type: 'forced' }],
    [5, released],
    [6, released],
    [7, released],
  );
  expect(told).toEqual(['admit 1', 'pass 2', 'pass 3']);
  expect(state).toMatchObject({ inService: 0, waiting: [] });
});

it('loses nobody: each call that arrived is in service, waits, or was told of, once', () => {
  const limits: QueueLimits = { maxInService: 3, maxWaiting: 20 };
  let state = emptyQueue(0, limits);
  const seen = new Map<number, number>();
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (let i = 0; i < 5_000; i++) {
    const events: QueueEvent[] = [
      arrive(i, { priority: random(5), running: random(4) === 0, until: i + random(60) }),
      ...(random(3) === 0 ? [released] : []),
      ...(random(10) === 0 ? [timer] : []),
    ];
    for (const event of events) {
      const [after, effects] = queueMachine(state, event, i, limits);
      state = after;
      for (const effect of effects) {
        if (effect.do !== 'wake') seen.set(effect.id, (seen.get(effect.id) ?? 0) + 1);
      }
    }
    expect(state.waiting.length).toBeLessThanOrEqual(20);
    expect(state.inService).toBeLessThanOrEqual(3);
  }
  const waiting = state.waiting.map(({ id }) => id);
  expect([...seen.values()].every((times) => times === 1)).toBe(true);
  expect(seen.size + waiting.length).toBe(5_000);
  expect(waiting.some((id) => seen.has(id))).toBe(false);
});
