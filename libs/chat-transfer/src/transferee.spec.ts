import { describe, expect, it } from 'vitest';
import {
  type Transferee,
  type TransfereeEffect,
  type TransfereeEvent,
  executedBy,
  isTransfereeActive,
  mayNegotiateAgain,
  newTransferee,
  transferee,
} from './transferee.js';

function run(...events: (Partial<TransfereeEvent> & { type: TransfereeEvent['type'] })[]) {
  let [state, effects] = newTransferee({ callId: 'c', from: 'sip:a@x', to: 'sip:b@x', peer: 'a' });
  const all = [effects];
  for (const [i, event] of events.entries()) {
    [state, effects] = transferee(
      JSON.parse(JSON.stringify(state)) as Transferee,
      {
        at: 1_000 * (i + 1),
        ...event,
      } as TransfereeEvent,
    );
    all.push(effects);
  }
  return { state, effects, all };
}

const types = (effects: readonly TransfereeEffect[]): string[] =>
  effects.map((e) => {
    if (e.type === 'set-timer') return `${e.timer} ${e.ms}`;
    return e.type === 'answer' || e.type === 'answer-negotiation' ? `${e.type} ${e.status}` : e.type;
  });

const yes = { type: 'decide', accept: true } as const;
const execute = { type: 'execute', messageId: 7, expiryTime: 15, history: true } as const;
const taken = { type: 'taken', status: 200 } as const;

it(
  'a chat that is taken',
  { meta: { clause: ['TS 103 698 6.3.2', 'TS 103 698 6.3.3', 'TS 103 698 6.2.6'] } },
  () => {
    const { all, state } = run(yes, execute, taken, execute);
    expect(all.map(types)).toEqual([
      ['persist', 'decide 30000', 'ask'],
      ['persist', 'cancel-timers', 'negotiation 60000', 'answer-negotiation 202'],
      ['persist', 'cancel-timers', 'merge', 'take'],
      ['persist', 'cancel-timers', 'answer 200'],
      ['merge', 'answer 200'],
    ]);
    expect(all[2]?.at(-1)).toEqual({ type: 'take', lastMessageId: 7 });
    expect(state.phase).toBe('owned');
  },
);

describe('a chat that is not taken', () => {
  it.each<[string, Parameters<typeof run>, string[], string]>([
    ['nobody wants it', [{ ...yes, accept: false }], ['answer-negotiation 406'], 'declined'],
    ['nobody decides', [{ type: 'timer', timer: 'decide' }], ['answer-negotiation 406'], 'declined'],
    [
      'asked again afterwards',
      [{ ...yes, accept: false }, { type: 'negotiate' }],
      ['answer-negotiation 406'],
      'declined',
    ],
    ['executed before it was decided', [execute], ['answer-negotiation 406', 'answer 503'], 'declined'],
    [
      'the consent expired',
      [yes, { type: 'timer', timer: 'negotiation' }, execute],
      ['answer 503'],
      'expired',
    ],
    ['executed after the consent expired', [yes, { ...execute, at: 61_000 }], ['answer 503'], 'expired'],
    ['no history', [yes, { ...execute, history: false }], ['answer 503'], 'declined'],
    [
      'a history that comes after a request without one',
      [yes, { ...execute, history: false }, execute],
      ['answer 503'],
      'declined',
    ],
    [
      'the APP refuses',
      [yes, execute, { type: 'taken', status: 403 }],
      ['decline', 'answer 503'],
      'declined',
    ],
    [
      'asked for again when the APP refused',
      [yes, execute, { type: 'taken', status: 403 }, execute],
      ['answer 503'],
      'declined',
    ],
    ['they changed their mind', [yes, { ...yes, accept: false }, execute], ['answer 503'], 'declined'],
    [
      'a restart before it was decided',
      [{ type: 'restored', sent: false }, execute],
      ['answer 503'],
      'declined',
    ],
    [
      'a restart after it expired',
      [yes, { type: 'restored', at: 61_000, sent: false }, execute],
      ['answer 503'],
      'expired',
    ],
  ])(
    '%s',
    { meta: { clause: ['TS 103 698 6.3.2', 'TS 103 698 6.3.3'] } },
    (_name, events, effects, phase) => {
      const end = run(...events);
      expect(types(end.effects).filter((e) => e !== 'persist' && e !== 'cancel-timers')).toEqual(effects);
      expect(end.state.phase).toBe(phase);
      expect(isTransfereeActive(end.state)).toBe(false);
    },
  );
});

it(
  'says nothing as long as its 265 may have reached the APP',
  { meta: { clause: 'TS 103 698 6.3.3' } },
  () => {
    const { all, state } = run(
      yes,
      execute,
      execute,
      { type: 'taken', status: 0 },
      { ...execute, history: false },
      { type: 'timer', timer: 'again' },
      { type: 'taken', status: 404, at: 60_000 },
    );
    expect(all.slice(3).map(types)).toEqual([['merge'], ['again 30000'], [], ['take'], ['again 30000']]);
    expect(state.phase).toBe('taking');
    // Long after the expiry the APP still decides.
    const late = { at: 600_000 };
    expect(run(yes, execute, { ...taken, ...late }).state.phase).toBe('owned');
    expect(run(yes, execute, { type: 'taken', status: 0, at: 3_700_000 }).state).toMatchObject({
      phase: 'declined',
      reason: 'app-unreachable',
    });
  },
);

it(
  'an APP that speaks to it has taken it, even after it gave up',
  { meta: { clause: 'TS 103 698 6.2.6' } },
  () => {
    expect(types(run(yes, execute, { type: 'heard' }).effects)).toEqual([
      'persist',
      'cancel-timers',
      'answer 200',
    ]);
    expect(run(yes, execute, { type: 'taken', status: 403 }, { type: 'heard' }, execute).state.phase).toBe(
      'owned',
    );
    expect(run(yes, execute, { type: 'taken', status: 403 }, taken).state.phase).toBe('owned');
    expect(run(yes, { type: 'heard' }).state.phase).toBe('accepted');
    expect(run({ ...yes, accept: false }, { type: 'heard' }).state.phase).toBe('declined');
  },
);

describe('a restart while it takes the chat', () => {
  it('goes on with the same 265 where one was recorded, even after the expiry', () => {
    const { effects } = run(yes, execute, { type: 'restored', at: 600_000, sent: true });
    expect(effects).toEqual([{ type: 'take', lastMessageId: 7 }]);
  });

  it(
    'waits for the request where none was: the history may be lost',
    { meta: { clause: 'TS 103 698 6.3.3' } },
    () => {
      const crashed = [yes, execute, { type: 'restored', sent: false }] as const;
      const { state, effects } = run(...crashed);
      expect(types(effects)).toEqual(['persist', 'negotiation 14000']);
      expect(state).toMatchObject({ phase: 'accepted', messageId: 7 });
      expect(types(run(...crashed, execute).effects)).toEqual(['persist', 'cancel-timers', 'merge', 'take']);
      expect(types(run(...crashed, { ...execute, messageId: 8 }).effects)).toEqual(['refuse']);
      expect(types(run(...crashed, { type: 'negotiate' }).effects)).toEqual(['answer-negotiation 406']);
      expect(run(...crashed, { type: 'timer', timer: 'negotiation' }, execute).state.phase).toBe('expired');
    },
  );

  it(
    'never offers the chat for the first time after the expiry',
    { meta: { clause: 'TS 103 698 6.3.3' } },
    () => {
      const { state, effects } = run(yes, execute, { type: 'restored', at: 17_000, sent: false });
      expect(state).toMatchObject({ phase: 'declined', reason: 'expired' });
      expect(types(effects)).toEqual(['persist', 'cancel-timers', 'decline', 'answer 503']);
    },
  );
});

it('a negotiation that is repeated gets the same answer, and new time', () => {
  expect(run({ type: 'negotiate' }).effects).toEqual([]);
  const again = run(yes, { type: 'negotiate', at: 50_000 });
  expect(again.state.negotiationExpiresAt).toBe(110_000);
  expect(types(again.effects)).toContain('answer-negotiation 202');
});

it('knows which transfer a request is about, and when not to begin another', () => {
  const known = [{ messageId: 3 }, { messageId: undefined }, { messageId: 5 }, {}];
  expect(executedBy(known, 3)).toBe(known[0]);
  expect(executedBy(known, 5)).toBe(known[2]);
  expect(executedBy(known, 9)).toBe(known[3]);
  expect(executedBy([{ messageId: 3 }], 9)).toBeUndefined();
  expect(mayNegotiateAgain(undefined)).toBe(true);
  expect(mayNegotiateAgain(run(yes).state)).toBe(true);
  expect(mayNegotiateAgain(run(yes, execute).state)).toBe(false);
  expect(mayNegotiateAgain(run(yes, execute, { type: 'restored', sent: false }).state)).toBe(false);
  expect(mayNegotiateAgain(run(yes, execute, taken).state)).toBe(true);
});

it('answers a request of another transfer alone', () => {
  for (const before of [
    [yes, execute],
    [yes, execute, taken],
  ] as const) {
    expect(types(run(...before, { ...execute, messageId: 8 }).effects)).toEqual(['refuse']);
  }
});

it('any event in any phase is a value, and 503 is never taken back by itself', () => {
  const events: TransfereeEvent[] = [
    { type: 'negotiate', at: 1 },
    { type: 'decide', at: 1, accept: true },
    { type: 'decide', at: 1, accept: false },
    { type: 'heard', at: 1 },
    ...[0, 200, 403, 500].map((status): TransfereeEvent => ({ type: 'taken', at: 1, status })),
    ...[true, false].flatMap((flag): TransfereeEvent[] => [
      { type: 'restored', at: 1, sent: flag },
      { type: 'execute', at: 1, messageId: 7, expiryTime: 15, history: flag },
      { type: 'execute', at: 1, messageId: 8, expiryTime: 15, history: flag },
    ]),
    ...(['decide', 'negotiation', 'again'] as const).map((timer): TransfereeEvent => ({
      type: 'timer',
      at: 1,
      timer,
    })),
  ];
  const [first] = newTransferee({ callId: 'c', from: 'a', to: 'b', peer: 'a' });
  const seen = new Map([[JSON.stringify(first), first]]);
  for (const state of seen.values()) {
    for (const event of events) {
      const [next, effects] = transferee(state, event);
      if (next.phase !== state.phase) expect(effects[0]?.type).toBe('persist');
      if (effects.some((e) => e.type === 'answer' && e.status === 503)) {
        expect(['declined', 'expired']).toContain(next.phase);
      }
      if (['declined', 'expired'].includes(state.phase) && event.type !== 'heard' && event.type !== 'taken') {
        expect(next.phase).toBe(state.phase);
      }
      seen.set(JSON.stringify(next), next);
    }
  }
  expect(new Set([...seen.values()].map(({ phase }) => phase)).size).toBe(6);
});
