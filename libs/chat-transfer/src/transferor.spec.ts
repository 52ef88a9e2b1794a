import { describe, expect, it } from 'vitest';
import {
  type Transferor,
  type TransferorEffect,
  type TransferorEvent,
  type TransferorPhase,
  newTransferor,
} from './transferor-state.js';
import { isTransferorActive, transferor, wantsRestored } from './transferor.js';

/** Runs events one second apart and gives what came of them. */
function run(...events: (Partial<TransferorEvent> & { type: TransferorEvent['type'] })[]) {
  let [state, effects] = newTransferor({ callId: 'c', from: 'sip:a@x', to: 'sip:b@x', recorded: 4 });
  const all = [effects];
  for (const [i, event] of events.entries()) {
    [state, effects] = transferor(
      JSON.parse(JSON.stringify(state)) as Transferor,
      {
        at: 1_000 * (i + 1),
        ...event,
      } as TransferorEvent,
    );
    all.push(effects);
  }
  return { state, effects, all };
}

const types = (effects: readonly TransferorEffect[]): string[] =>
  effects.map((e) => (e.type === 'set-timer' ? `${e.timer} ${e.ms}` : e.type));

const accepted = { type: 'negotiated', status: 202, expiryTime: 60 } as const;
const begin = { type: 'begin' } as const;
const stalled = { type: 'stalled', status: 200, messageId: 7 } as const;
const toExecuting = [accepted, begin, stalled];
const taken = { type: 'executed', attempt: 1, upTo: 4, status: 200 } as const;
const unanswered = { type: 'executed', attempt: 1, upTo: 4 } as const;
const refused = { type: 'executed', attempt: 1, upTo: 4, status: 503 } as const;
const toReactivating = [...toExecuting, refused];

describe('a transfer that succeeds', () => {
  it(
    '266 first, then the execution, then nothing more',
    { meta: { clause: ['TS 103 698 6.2.6', 'TS 103 698 6.3.4'] } },
    () => {
      const { all, state } = run(...toExecuting, taken);
      expect(all.map(types)).toEqual([
        ['persist', 'negotiate'],
        ['persist', 'negotiation 60000'],
        ['persist', 'cancel-timers', 'stall 5000', 'stall'],
        ['persist', 'cancel-timers', 'expiry 15000', 'execute'],
        ['persist', 'cancel-timers', 'hand-over', 'again 1000'],
      ]);
      expect(all[3]?.at(-1)).toEqual({
        type: 'execute',
        messageId: 7,
        expiryTime: 15,
        history: true,
        attempt: 1,
        upTo: 4,
      });
      expect(state).toMatchObject({ phase: 'done', verdict: 'yes', passed: 4 });
    },
  );

  it('is over when the hand-over is certain and everything is with the transferee', () => {
    const done = run(...toExecuting, taken).state;
    expect(isTransferorActive(done)).toBe(true);
    const [confirmed] = transferor(done, { type: 'timer', at: 9_000, timer: 'again' });
    expect(isTransferorActive(confirmed)).toBe(false);
    expect(wantsRestored(confirmed)).toBe(true);
    const [late, effects] = transferor(confirmed, { type: 'recorded', at: 10_000, sequence: 6 });
    expect(isTransferorActive(late)).toBe(true);
    expect(effects).toEqual([
      { type: 'execute', messageId: 7, expiryTime: 10, history: true, attempt: 2, upTo: 6 },
    ]);
  });

  it('passes on what came while it was executed, and again until that is answered 200', () => {
    const { all, state } = run(
      ...toExecuting,
      { type: 'recorded', sequence: 5 },
      taken,
      { type: 'recorded', sequence: 6 },
      { type: 'executed', attempt: 2, upTo: 5 },
      { type: 'timer', timer: 'retry' },
      { type: 'executed', attempt: 3, upTo: 6 },
      { type: 'timer', timer: 'retry' },
      { type: 'executed', attempt: 4, upTo: 6, status: 503 },
      { type: 'timer', timer: 'retry' },
      { type: 'executed', attempt: 5, upTo: 6, status: 200 },
    );
    expect(all.slice(4).map(types)).toEqual([
      [],
      ['persist', 'cancel-timers', 'hand-over', 'again 1000', 'execute'],
      [],
      ['retry 1000'],
      ['execute'],
      ['retry 2000'],
      ['execute'],
      ['retry 4000'],
      ['execute'],
      ['persist'],
    ]);
    expect(state).toMatchObject({ passed: 6, recorded: 6 });
  });

  it('tells when it gives up passing on', () => {
    const { effects } = run(...toExecuting, { type: 'recorded', sequence: 5 }, taken, {
      type: 'executed',
      attempt: 2,
      upTo: 5,
      at: 86_400_000 + 10_000,
    });
    expect(types(effects)).toEqual(['lost']);
  });
});

describe('a transfer that fails before anything was asked of the transferee', () => {
  it.each<[string, Parameters<typeof run>, string, string[]]>([
    [
      'declined',
      [{ type: 'negotiated', status: 406, expiryTime: 10 }],
      'declined',
      ['persist', 'cancel-timers'],
    ],
    ['no answer', [{ type: 'negotiated' }], 'no-answer', ['persist', 'cancel-timers']],
    [
      'expired',
      [accepted, { type: 'timer', timer: 'negotiation' }],
      'negotiation-expired',
      ['persist', 'cancel-timers'],
    ],
    [
      'begun too late',
      [accepted, { ...begin, at: 61_000 }],
      'negotiation-expired',
      ['persist', 'cancel-timers'],
    ],
    ['cancelled', [accepted, { type: 'cancel' }], 'cancelled', ['persist', 'cancel-timers']],
    ['closed by the APP', [accepted, begin, { type: 'closed' }], 'closed', ['persist', 'cancel-timers']],
    [
      'restarted while negotiating',
      [{ type: 'restored', recorded: 4 }],
      'restarted',
      ['persist', 'cancel-timers'],
    ],
    [
      'restarted when agreed',
      [accepted, { type: 'restored', recorded: 4 }],
      'restarted',
      ['persist', 'cancel-timers'],
    ],
  ])(
    '%s: the chat was never touched',
    { meta: { clause: 'TS 103 698 6.3.2' } },
    (_name, events, reason, effects) => {
      const end = run(...events);
      expect(end.state).toMatchObject({ phase: 'failed', reason, verdict: 'none' });
      expect(types(end.effects)).toEqual(effects);
      expect(isTransferorActive(end.state) || wantsRestored(end.state)).toBe(false);
    },
  );

  it.each<[string, Parameters<typeof run>]>([
    ['the 266 is not answered in time', [accepted, begin, { type: 'timer', timer: 'stall' }]],
    ['the 266 is given up', [accepted, begin, { type: 'stalled', status: 0, messageId: 7 }]],
    ['the 266 is refused', [accepted, begin, { type: 'stalled', status: 481, messageId: 7 }]],
    ['the 266 is answered after the negotiation expired', [accepted, begin, { ...stalled, at: 61_000 }]],
    [
      'a restart after the negotiation expired',
      [accepted, begin, { type: 'restored', at: 61_000, recorded: 4 }],
    ],
  ])(
    '%s: re-activated, and a refused 265 means that the APP never waited',
    { meta: { clause: 'TS 103 698 6.2.6' } },
    (_name, events) => {
      const end = run(...events);
      expect(end.state).toMatchObject({ phase: 'reactivating', verdict: 'none' });
      expect(types(end.effects)).toEqual(['persist', 'cancel-timers', 'reactivate']);
      const kept = run(...events, { type: 'reactivated', status: 403 });
      expect(types(kept.effects)).toEqual(['persist', 'keep', 'again 1000']);
      const again = run(...events, { type: 'reactivated', status: 403 }, { type: 'restored', recorded: 4 });
      expect(types(again.effects)).toEqual(['persist', 'keep', 'again 1000']);
      const over = run(...events, { type: 'reactivated', status: 403 }, { type: 'timer', timer: 'again' });
      expect(over.state.phase).toBe('failed');
      expect(run(...events, { type: 'reactivated', status: 200 }).state.phase).toBe('failed');
    },
  );
});

describe('error charts', () => {
  it('declined: 503, the chat comes back', { meta: { clause: 'TS 103 698 6.3.3' } }, () => {
    const { all, state } = run(...toReactivating, { type: 'reactivated', status: 200 });
    expect(all.slice(-2).map(types)).toEqual([
      ['persist', 'cancel-timers', 'reactivate'],
      ['persist', 'cancel-timers'],
    ]);
    expect(state).toMatchObject({ phase: 'failed', reason: 'execution-declined', verdict: 'no' });
  });

  it('503, and the APP refuses our 265: it is ours all the same', () => {
    expect(types(run(...toReactivating, { type: 'reactivated', status: 403 }).effects)).toContain('keep');
  });

  it(
    'timeout: asked once more without a history, then re-activated',
    { meta: { clause: 'TS 103 698 6.3.3' } },
    () => {
      const { all, state } = run(
        ...toExecuting,
        { type: 'timer', timer: 'expiry' },
        { type: 'timer', timer: 'ask' },
        { type: 'reactivated', status: 200 },
      );
      expect(all.slice(-3).map(types)).toEqual([
        ['persist', 'cancel-timers', 'ask 3000', 'execute'],
        ['persist', 'cancel-timers', 'reactivate'],
        ['persist', 'cancel-timers'],
      ]);
      expect(all.at(-3)?.at(-1)).toMatchObject({ history: false, upTo: 0, expiryTime: 10 });
      expect(state).toMatchObject({ phase: 'failed', reason: 'execution-expired' });
    },
  );

  it('dead transferee: tried again until the expiry', () => {
    const { all } = run(
      ...toExecuting,
      unanswered,
      { type: 'timer', timer: 'retry' },
      { type: 'executed', attempt: 2, upTo: 4 },
      { type: 'timer', timer: 'expiry' },
      { type: 'executed', attempt: 1, upTo: 4 },
      { type: 'executed', attempt: 3, upTo: 0 },
    );
    expect(all.slice(4).map(types)).toEqual([
      ['retry 1000'],
      ['execute'],
      ['retry 1000'],
      ['persist', 'cancel-timers', 'ask 3000', 'execute'],
      [],
      ['persist', 'cancel-timers', 'reactivate'],
    ]);
  });

  it('a transferee that refuses us is not asked again', () => {
    const { state } = run(...toExecuting, { ...unanswered, final: true });
    expect(state).toMatchObject({ phase: 'reactivating', reason: 'no-answer', verdict: 'no' });
    // An earlier request may have been read.
    const retry = [unanswered, { type: 'timer', timer: 'retry' }] as const;
    expect(run(...toExecuting, ...retry, { ...unanswered, attempt: 2, final: true }).state).toMatchObject({
      phase: 'reactivating',
      verdict: 'unknown',
    });
  });

  const silent = [
    ...toExecuting,
    { type: 'timer', timer: 'expiry' },
    { type: 'timer', timer: 'ask' },
  ] as const;

  it(
    'answer after expiry: 200 before the APP answered our 265',
    { meta: { clause: 'TS 103 698 6.3.3' } },
    () => {
      const { state, effects } = run(...silent, taken);
      expect(state).toMatchObject({ phase: 'done', verdict: 'yes', passed: 4 });
      expect(types(effects)).toEqual(['persist', 'cancel-timers', 'hand-over', 'again 1000']);
      expect(run(...silent, taken, { type: 'reactivated', status: 403 }).effects).toEqual([]);
    },
  );

  it('answer after expiry: the APP took our 265, whatever comes later', () => {
    const { state, effects } = run(...silent, { type: 'reactivated', status: 200 }, taken);
    expect(state.phase).toBe('failed');
    expect(effects).toEqual([]);
  });

  it('the APP refuses our 265 and the transferee is silent: it has the chat, and gets what it lacks', () => {
    const refusedByApp = [...silent, { type: 'reactivated', status: 403 }] as const;
    const { effects, state } = run(...refusedByApp);
    expect(types(effects)).toEqual(['persist', 'cancel-timers', 'hand-over', 'again 1000', 'execute']);
    expect(effects.at(-1)).toMatchObject({ history: true, upTo: 4 });
    expect(state).toMatchObject({ phase: 'done', verdict: 'unknown', passed: 0 });
    // It says 200: so it is. It says 503: then the APP never left us.
    const yes = run(...refusedByApp, { type: 'executed', attempt: 3, upTo: 4, status: 200 });
    expect(yes.state).toMatchObject({ phase: 'done', verdict: 'yes', passed: 4 });
    const no = run(...refusedByApp, { type: 'executed', attempt: 3, upTo: 4, status: 503 });
    expect(types(no.effects)).toEqual(['persist', 'cancel-timers', 'reactivate']);
    const kept = run(
      ...refusedByApp,
      { type: 'executed', attempt: 3, upTo: 4, status: 503 },
      { type: 'reactivated', status: 403 },
    );
    expect(types(kept.effects)).toEqual(['persist', 'keep', 'again 1000']);
  });

  it('503 while our 265 is on its way settles what a 403 means', () => {
    expect(types(run(...silent, refused, { type: 'reactivated', status: 403 }).effects)).toContain('keep');
  });

  it('a 265 without an answer goes out again, at once when the APP is heard, but not for ever', () => {
    const out = { type: 'reactivated', status: 0 } as const;
    const { all } = run(
      ...toReactivating,
      out,
      { type: 'timer', timer: 'again' },
      { ...out, status: 404 },
      { type: 'recorded', sequence: 9 },
      { type: 'recorded', sequence: 10 },
    );
    expect(all.slice(-5).map(types)).toEqual([
      ['again 30000'],
      ['reactivate'],
      ['again 30000'],
      ['cancel-timers', 'reactivate'],
      [],
    ]);
    const late = run(...toReactivating, { ...out, at: 3_700_000 });
    expect(late.state).toMatchObject({ phase: 'failed', reason: 'app-unreachable' });
  });

  it('an APP that ended the chat gets no 265', () => {
    expect(run(...toExecuting, { type: 'closed' }, refused).state).toMatchObject({
      phase: 'failed',
      reason: 'closed',
    });
    expect(run(...toExecuting, { type: 'closed' }, taken).state.phase).toBe('done');
    expect(run(...toReactivating, { type: 'closed' }).state.phase).toBe('failed');
  });
});

describe('a restart', () => {
  it.each<[string, Parameters<typeof run>, string[], TransferorPhase]>([
    ['stalling', [accepted, begin, { type: 'restored', recorded: 9 }], ['stall 5000', 'stall'], 'stalling'],
    [
      'executing',
      [...toExecuting, { type: 'restored', recorded: 9 }],
      ['expiry 14000', 'execute'],
      'executing',
    ],
    [
      'executing, expired meanwhile',
      [...toExecuting, { type: 'restored', at: 30_000, recorded: 9 }],
      ['persist', 'cancel-timers', 'ask 3000', 'execute'],
      'asking',
    ],
    [
      'executing, with a clock that went back',
      [...toExecuting, { type: 'restored', at: -1_000_000, recorded: 9 }],
      ['expiry 15000', 'execute'],
      'executing',
    ],
    [
      'asking',
      [...toExecuting, { type: 'timer', timer: 'expiry' }, { type: 'restored', recorded: 9 }],
      ['persist', 'cancel-timers', 'ask 3000', 'execute'],
      'asking',
    ],
    ['reactivating', [...toReactivating, { type: 'restored', recorded: 9 }], ['reactivate'], 'reactivating'],
    [
      'done, not confirmed',
      [...toExecuting, taken, { type: 'restored', recorded: 4 }],
      ['hand-over', 'again 1000'],
      'done',
    ],
    [
      'done, with a message that was recorded and no more',
      [...toExecuting, taken, { type: 'timer', timer: 'again' }, { type: 'restored', recorded: 5 }],
      ['execute'],
      'done',
    ],
    [
      'done',
      [...toExecuting, taken, { type: 'timer', timer: 'again' }, { type: 'restored', recorded: 4 }],
      [],
      'done',
    ],
  ])('%s: goes on where it was', (_name, events, effects, phase) => {
    const end = run(...events);
    expect(types(end.effects)).toEqual(effects);
    expect(end.state.phase).toBe(phase);
  });
});

it('any event in any phase is a value, and what is over stays over', () => {
  const events: TransferorEvent[] = [
    { type: 'negotiated', at: 1, status: 202, expiryTime: 60 },
    { type: 'negotiated', at: 1 },
    { type: 'begin', at: 1 },
    { type: 'cancel', at: 1 },
    { type: 'closed', at: 1 },
    { type: 'recorded', at: 1, sequence: 8 },
    ...[0, 200, 403, 500].flatMap((status): TransferorEvent[] => [
      { type: 'stalled', at: 1, status, messageId: 7 },
      { type: 'reactivated', at: 1, status },
    ]),
    ...([200, 503, undefined] as const).flatMap((status): TransferorEvent[] =>
      [1, 2, 3].map((attempt) => ({
        type: 'executed',
        at: 1,
        attempt,
        upTo: 4,
        ...(status && { status }),
      })),
    ),
    ...(['negotiation', 'stall', 'expiry', 'ask', 'retry', 'again'] as const).map(
      (timer): TransferorEvent => ({ type: 'timer', at: 1, timer }),
    ),
    { type: 'restored', at: 1, recorded: 4 },
  ];
  const [first] = newTransferor({ callId: 'c', from: 'a', to: 'b', recorded: 1 });
  const seen = new Map([[keyOf(first), first]]);
  for (const state of seen.values()) {
    for (const event of events) {
      const [next, effects] = transferor(state, event);
      if (state.phase === 'failed') expect([next.phase, effects]).toEqual(['failed', []]);
      // Outward acts never come before what they follow from is durable.
      if (next.phase !== state.phase) expect(effects[0]?.type).toBe('persist');
      if (seen.size < 3_000) seen.set(keyOf(next), next);
    }
  }
  expect(new Set([...seen.values()].map(({ phase }) => phase)).size).toBe(8);
});

function keyOf({ attempt: _attempt, failures: _failures, timing: _timing, ...state }: Transferor): string {
  return JSON.stringify(state);
}
