import { describe, expect, it } from 'vitest';
import type { Effect } from './effect.js';
import { inviteClient, type InviteClientEvent, type InviteClientState } from './invite-client.js';
import { inviteServer, type InviteServerEvent, type InviteServerState } from './invite-server.js';
import {
  nonInviteClient,
  type NonInviteClientEvent,
  type NonInviteClientState,
} from './non-invite-client.js';
import {
  nonInviteServer,
  type NonInviteServerEvent,
  type NonInviteServerState,
} from './non-invite-server.js';
import { type MachineContext, defaultTimers, sipTimers, timeUntilT2 } from './timers.js';

const udp: MachineContext = { reliable: false, timers: defaultTimers };
const tcp: MachineContext = { reliable: true, timers: defaultTimers };

function words(effects: readonly Effect[]): string {
  return effects
    .map((effect) => {
      if (effect.do === 'set') return `${effect.timer}=${effect.ms}`;
      if (effect.do === 'stop') return `-${effect.timer}`;
      return effect.do === 'fail' ? effect.reason : effect.do;
    })
    .join(' ');
}

type Machine<S, E> = (state: S, event: E, context: MachineContext) => readonly [S, readonly Effect[]];

/** Each state with each event: what the table does not name must change nothing and do nothing. */
function table<S extends { readonly name: string }, E extends string>(
  machine: Machine<S, E>,
  context: MachineContext,
  states: readonly S[],
  events: readonly E[],
  expected: Readonly<Record<string, readonly [next: string, effects: string]>>,
): void {
  const seen = new Set<string>();
  for (const state of states) {
    for (const event of events) {
      const row = `${state.name} + ${event}`;
      seen.add(row);
      const [next, effects] = machine(state, event, context);
      expect([row, next.name, words(effects)]).toEqual([row, ...(expected[row] ?? [state.name, ''])]);
    }
  }
  expect(Object.keys(expected).filter((row) => !seen.has(row))).toEqual([]);
}

describe('INVITE client', () => {
  const states: InviteClientState[] = [
    { name: 'initial' },
    { name: 'calling', interval: 500 },
    { name: 'proceeding' },
    { name: 'completed' },
    { name: 'accepted' },
    { name: 'terminated' },
  ];
  const events: InviteClientEvent[] = [
    'start',
    '1xx',
    '2xx',
    '300-699',
    'timer A',
    'timer B',
    'timer D',
    'timer M',
    'transport error',
  ];
  const clause = ['RFC 3261 17.1.1.2', 'RFC 6026 7.2'];
  it('over UDP', { meta: { clause } }, () => {
    table(inviteClient, udp, states, events, {
      'initial + start': ['calling', 'send B=32000 A=500'],
      'calling + 1xx': ['proceeding', '-A -B deliver'],
      'calling + 2xx': ['accepted', '-A -B M=32000 release deliver'],
      'calling + 300-699': ['completed', '-A -B D=32000 ack deliver'],
      'calling + timer A': ['calling', 'send A=1000'],
      'calling + timer B': ['terminated', '-A timeout end'],
      'calling + transport error': ['terminated', '-A -B transport end'],
      'proceeding + 1xx': ['proceeding', 'deliver'],
      'proceeding + 2xx': ['accepted', '-A -B M=32000 release deliver'],
      'proceeding + 300-699': ['completed', '-A -B D=32000 ack deliver'],
      'completed + 300-699': ['completed', 'ack'],
      'completed + timer D': ['terminated', 'end'],
      'completed + transport error': ['terminated', '-D transport end'],
      'accepted + 2xx': ['accepted', 'deliver'],
      'accepted + timer M': ['terminated', 'end'],
    });
  });
  it('over TCP: no Timer A, Timer D of zero', { meta: { clause } }, () => {
    table(inviteClient, tcp, states.slice(0, 3), events, {
      'initial + start': ['calling', 'send B=32000'],
      'calling + 1xx': ['proceeding', '-A -B deliver'],
      'calling + 2xx': ['accepted', '-A -B M=32000 release deliver'],
      'calling + 300-699': ['terminated', '-B ack deliver end'],
      'calling + timer A': ['calling', 'send A=1000'],
      'calling + timer B': ['terminated', '-A timeout end'],
      'calling + transport error': ['terminated', '-A -B transport end'],
      'proceeding + 1xx': ['proceeding', 'deliver'],
      'proceeding + 2xx': ['accepted', '-A -B M=32000 release deliver'],
      'proceeding + 300-699': ['terminated', '-B ack deliver end'],
    });
  });
  it('doubles Timer A without a bound', { meta: { clause: 'RFC 3261 17.1.1.2' } }, () => {
    let state: InviteClientState = { name: 'calling', interval: 500 };
    const sent: string[] = [];
    for (let i = 0; i < 6; i++) {
      const [next, effects] = inviteClient(state, 'timer A', udp);
      state = next;
      sent.push(words(effects));
    }
    expect(sent.at(-1)).toBe('send A=32000');
  });
});

describe('non-INVITE client', () => {
  const states: NonInviteClientState[] = [
    { name: 'initial' },
    { name: 'trying', interval: 500 },
    { name: 'proceeding' },
    { name: 'completed' },
    { name: 'terminated' },
  ];
  const events: NonInviteClientEvent[] = [
    'start',
    '1xx',
    'final',
    'timer E',
    'timer F',
    'timer K',
    'transport error',
  ];
  it('over UDP', { meta: { clause: 'RFC 3261 17.1.2.2' } }, () => {
    table(nonInviteClient, udp, states, events, {
      'initial + start': ['trying', 'send F=32000 E=500'],
      'trying + 1xx': ['proceeding', 'deliver'],
      'trying + final': ['completed', '-E -F K=5000 release deliver'],
      'trying + timer E': ['trying', 'send E=1000'],
      'trying + timer F': ['terminated', '-E timeout end'],
      'trying + transport error': ['terminated', '-E -F transport end'],
      'proceeding + 1xx': ['proceeding', 'deliver'],
      'proceeding + final': ['completed', '-E -F K=5000 release deliver'],
      'proceeding + timer E': ['proceeding', 'send E=4000'],
      'proceeding + timer F': ['terminated', '-E timeout end'],
      'proceeding + transport error': ['terminated', '-E -F transport end'],
      'completed + timer K': ['terminated', 'end'],
    });
  });
  it('over TCP: no Timer E, Timer K of zero', { meta: { clause: 'RFC 3261 17.1.2.2' } }, () => {
    const [trying, effects] = nonInviteClient({ name: 'initial' }, 'start', tcp);
    expect(words(effects)).toBe('send F=32000');
    const [ended, final] = nonInviteClient(trying, 'final', tcp);
    expect([ended.name, words(final)]).toEqual(['terminated', '-F deliver end']);
  });
  it(
    'sends at 0.5, 1.5, 3.5, 7.5 s and every 4 s from there',
    { meta: { clause: 'RFC 3261 17.1.2.2' } },
    () => {
      let state: NonInviteClientState = { name: 'trying', interval: 500 };
      const intervals: string[] = [];
      for (let i = 0; i < 5; i++) {
        const [next, effects] = nonInviteClient(state, 'timer E', udp);
        state = next;
        intervals.push(words(effects));
      }
      expect(intervals).toEqual(['send E=1000', 'send E=2000', 'send E=4000', 'send E=4000', 'send E=4000']);
    },
  );
});

describe('INVITE server', () => {
  const states: InviteServerState[] = [
    { name: 'initial' },
    { name: 'proceeding' },
    { name: 'completed', interval: 500 },
    { name: 'confirmed' },
    { name: 'accepted' },
    { name: 'terminated' },
  ];
  const events: InviteServerEvent[] = [
    'start',
    'request',
    'ack',
    'send 1xx',
    'send 2xx',
    'send 300-699',
    'timer trying',
    'timer G',
    'timer H',
    'timer I',
    'timer L',
    'transport error',
  ];
  const clause = ['RFC 3261 17.2.1', 'RFC 6026 7.1'];
  it('over UDP', { meta: { clause } }, () => {
    table(inviteServer, udp, states, events, {
      'initial + start': ['proceeding', 'trying=200'],
      'proceeding + timer trying': ['proceeding', 'trying'],
      'proceeding + request': ['proceeding', 'repeat'],
      'proceeding + send 1xx': ['proceeding', '-trying send'],
      'proceeding + send 2xx': ['accepted', '-trying L=32000 send release'],
      'proceeding + send 300-699': ['completed', '-trying H=32000 send G=500'],
      'proceeding + transport error': ['proceeding', 'transport'],
      'completed + request': ['completed', 'repeat'],
      'completed + ack': ['confirmed', '-G -H I=5000 release'],
      'completed + timer G': ['completed', 'repeat G=1000'],
      'completed + timer H': ['terminated', '-G timeout end'],
      'completed + transport error': ['completed', 'transport'],
      'confirmed + timer I': ['terminated', 'end'],
      'confirmed + transport error': ['confirmed', 'transport'],
      'accepted + ack': ['accepted', 'deliver'],
      'accepted + send 2xx': ['accepted', 'send'],
      'accepted + timer L': ['terminated', 'end'],
      'accepted + transport error': ['accepted', 'transport'],
    });
  });
  it('over TCP: no Timer G, Timer I of zero', { meta: { clause } }, () => {
    const [completed, effects] = inviteServer({ name: 'proceeding' }, 'send 300-699', tcp);
    expect(words(effects)).toBe('-trying H=32000 send');
    const [ended, confirmed] = inviteServer(completed, 'ack', tcp);
    expect([ended.name, words(confirmed)]).toEqual(['terminated', '-G -H end']);
  });
});

describe('non-INVITE server', () => {
  const states: NonInviteServerState[] = [
    { name: 'initial' },
    { name: 'trying' },
    { name: 'proceeding' },
    { name: 'completed' },
    { name: 'terminated' },
  ];
  const events: NonInviteServerEvent[] = [
    'start',
    'request',
    'send 100',
    'send 101-199',
    'silence',
    'send final',
    'timer trying',
    'timer expiry',
    'timer J',
    'transport error',
  ];
  const clause = ['RFC 3261 17.2.2', 'RFC 4320 4.1', 'RFC 4320 4.2'];
  it('over UDP', { meta: { clause } }, () => {
    table(nonInviteServer, udp, states, events, {
      'initial + start': ['trying', 'trying=3500'],
      'trying + timer trying': ['proceeding', 'trying expiry=32000'],
      'trying + send final': ['completed', '-trying -expiry J=32000 send'],
      'trying + silence': ['completed', '-trying -expiry forget J=32000'],
      'trying + transport error': ['trying', 'transport'],
      'proceeding + request': ['proceeding', 'repeat'],
      'proceeding + send 100': ['proceeding', 'send'],
      'proceeding + send final': ['completed', '-trying -expiry J=32000 send'],
      'proceeding + silence': ['completed', '-trying -expiry forget J=32000'],
      'proceeding + timer expiry': ['terminated', 'end'],
      'proceeding + transport error': ['proceeding', 'transport'],
      'completed + request': ['completed', 'repeat'],
      'completed + timer J': ['terminated', 'end'],
      'completed + transport error': ['completed', 'transport'],
    });
  });
  it('over TCP: a 100 at any time, Timer J of T4', { meta: { clause } }, () => {
    const [proceeding, early] = nonInviteServer({ name: 'trying' }, 'send 100', tcp);
    expect([proceeding.name, words(early)]).toEqual(['proceeding', '-trying expiry=32000 send']);
    const [completed, final] = nonInviteServer(proceeding, 'send final', tcp);
    expect([completed.name, words(final)]).toEqual(['completed', '-trying -expiry J=5000 send']);
    expect(words(nonInviteServer(completed, 'request', tcp)[1])).toBe('repeat');
  });
});

it('derives every timer from T1, T2 and T4', { meta: { clause: 'RFC 3261 17.1.1.2' } }, () => {
  expect(defaultTimers).toEqual({
    t1: 500,
    t2: 4_000,
    t4: 5_000,
    timeout: 32_000,
    trying: 200,
    lateTrying: 3_500,
  });
  expect(sipTimers({ t1: 20 })).toMatchObject({
    t2: 160,
    t4: 200,
    timeout: 1_280,
    trying: 20,
    lateTrying: 140,
  });
  expect(timeUntilT2(500, 4_000)).toBe(3_500);
});
