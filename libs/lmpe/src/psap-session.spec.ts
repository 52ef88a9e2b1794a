import { describe, expect, it } from 'vitest';
import type { ReceivedMessage } from './arrivals.js';
import { type PsapEvent, type PsapSession, newPsapSession, psapSession } from './psap-session.js';
import { type SessionEffect, heartbeatsIntoSilence } from './session-effect.js';

const ana = 'sip:ana@provider.lab';

function from(
  messageType: number | undefined,
  messageId: number | undefined,
  text?: string,
  more: Partial<ReceivedMessage> = {},
): ReceivedMessage {
  return {
    type: 'received',
    sender: ana,
    reference: 'r',
    ...(text !== undefined && { text }),
    ...(messageType !== undefined && { messageType }),
    ...(messageId !== undefined && { messageId }),
    ...more,
  };
}

function run(events: readonly PsapEvent[]): { state: PsapSession; effects: SessionEffect[] } {
  let state = newPsapSession({
    callId: 'urn:emergency:uid:callid:0123456789a:app.lab',
    caller: ana,
    greeting: 'hello',
  });
  const effects: SessionEffect[] = [];
  for (const event of events) {
    const [next, done] = psapSession(state, event);
    state = next;
    effects.push(...done);
  }
  return { state, effects };
}

const sent = (effects: readonly SessionEffect[]) =>
  effects.flatMap((e) =>
    e.type === 'send'
      ? [`${e.messageType}/${e.messageId ?? '-'}${e.text === undefined ? '' : ' ' + e.text}`]
      : [],
  );
const notes = (effects: readonly SessionEffect[]) =>
  effects.flatMap((e) => (e.type === 'note' ? [e.note] : []));
const recorded = (effects: readonly SessionEffect[]) =>
  effects.flatMap((e) =>
    e.type === 'record' ? [`${e.direction} ${e.messageType ?? '?'}/${e.messageId ?? '-'}`] : [],
  );

describe('the PSAP', () => {
  const rows: [
    string,
    string,
    PsapEvent[],
    { sent: string[]; phase: string; notes?: string[]; recorded?: string[] },
  ][] = [
    [
      'answers a start with its own',
      'TS 103 698 6.2.2',
      [from(257, 1, 'help'), { type: 'say', text: 'where?' }, { type: 'stop', text: 'bye' }],
      {
        sent: ['257/1 hello', '259/2 where?', '258/3 bye'],
        phase: 'closed',
        recorded: ['in 257/1', 'out 257/1', 'out 259/2', 'out 258/3'],
      },
    ],
    [
      'neither records nor greets twice',
      'TS 103 698 6.2.2',
      [from(257, 1, 'help'), from(257, 1, 'help')],
      { sent: ['257/1 hello'], phase: 'open', notes: ['duplicate'], recorded: ['in 257/1', 'out 257/1'] },
    ],
    [
      'greets whoever did not begin with a start',
      'TS 103 698 6.2.3',
      [from(259, 4, 'help'), from(257, 3, 'first')],
      {
        sent: ['257/1 hello', '257/2 hello'],
        phase: 'open',
        notes: ['held', 'no-start', 'released', 'repeated-start'],
      },
    ],
    [
      'takes any type as text',
      'TS 103 698 6.1.2.7',
      [from(undefined, undefined, 'help'), from(999, undefined, 'more'), from(999, undefined, 'more')],
      {
        sent: ['257/1 hello'],
        phase: 'open',
        notes: ['no-start', 'unknown-type', 'unknown-type', 'duplicate'],
      },
    ],
    [
      'lets a stop end it, and a later text open it again',
      'TS 103 698 6.2.4',
      [
        from(257, 1, 'help'),
        from(258, 2, 'bye'),
        { type: 'say', text: 'x' },
        from(259, 3, 'wait'),
        { type: 'say', text: 'yes?' },
      ],
      { sent: ['257/1 hello', '259/2 yes?'], phase: 'open', notes: ['refused', 'reopened'] },
    ],
    [
      'does not greet a stop',
      'TS 103 698 6.2.4',
      [from(258, 2, 'bye')],
      { sent: [], phase: 'closed', notes: ['gap'], recorded: ['in 258/2'] },
    ],
    [
      'greets a keep-alive of a chat it does not know',
      'TS 103 698 6.2.5',
      [from(260, undefined)],
      { sent: ['257/1 hello'], phase: 'open', notes: ['no-start'] },
    ],
    [
      'notes the background and silence',
      'TS 103 698 6.2.5',
      [
        from(257, 1, 'a'),
        from(388, undefined),
        { type: 'timer', timer: 'silence' },
        from(260, undefined),
        { type: 'timer', timer: 'heartbeat' },
      ],
      {
        sent: ['257/1 hello', '260/-'],
        phase: 'open',
        notes: ['inactive', 'silent', 'heard-again', 'active'],
      },
    ],
    [
      'takes keep-alives with a Message Identifier',
      'TS 103 698 6.2.5',
      [from(257, 1, 'a'), from(260, 2), from(259, 3, 'b')],
      { sent: ['257/1 hello'], phase: 'open' },
    ],
    [
      'goes on where the records end',
      'TS 103 698 6.2.3',
      [
        from(257, 1, 'a'),
        { type: 'restored', messageType: 257, messageId: 1 },
        { type: 'restored', messageType: 259, messageId: 2 },
        { type: 'say', text: 'again' },
      ],
      { sent: ['257/1 hello', '259/3 again'], phase: 'open' },
    ],
    [
      'stays silent after it handed the chat over',
      'TS 103 698 6.2.6',
      [
        from(257, 1, 'a'),
        { type: 'restored', messageType: 266, messageId: 1 },
        { type: 'handed-over' },
        from(259, 2, 'b'),
        { type: 'say', text: 'x' },
      ],
      { sent: ['257/1 hello'], phase: 'handed-over', notes: ['after-hand-over', 'refused'] },
    ],
  ];
  for (const [title, clause, events, want] of rows) {
    it(title, { meta: { clause } }, () => {
      const { state, effects } = run(events);
      expect(sent(effects)).toEqual(want.sent);
      expect(state.phase).toBe(want.phase);
      expect(notes(effects)).toEqual(want.notes ?? []);
      if (want.recorded) expect(recorded(effects)).toEqual(want.recorded);
    });
  }

  it(
    'answers a test call by ending it',
    { meta: { clause: 'TS 103 698 6.1.2.10', shall: '6.1.2.10-11' } },
    () => {
      const state = newPsapSession({ callId: 'urn:x', caller: ana, greeting: 'hello', testAnswer: 'Madrid' });
      const [next, effects] = psapSession(state, from(257, 1, 'test'));
      expect(sent(effects)).toEqual(['258/1 Madrid']);
      expect(next.phase).toBe('closed');
      expect(notes(psapSession(next, from(257, 1, 'test'))[1])).toEqual(['duplicate']);
    },
  );

  it(
    'rests from keep-alives in a long silence, never closing',
    { meta: { clause: 'TS 103 698 6.2.5' } },
    () => {
      const tick: PsapEvent = { type: 'timer', timer: 'heartbeat' };
      const { state, effects } = run([
        from(257, 1, 'a'),
        ...Array.from({ length: heartbeatsIntoSilence + 1 }, () => tick),
      ]);
      expect(state.phase).toBe('open');
      expect(notes(effects)).toEqual(['heartbeat-paused']);
      const [, again] = psapSession(state, from(260, undefined));
      expect(again).toContainEqual({ type: 'set-timer', timer: 'heartbeat', ms: state.timing.heartbeatMs });
    },
  );

  it(
    'counts by one and records every text before it is sent, in any order of events',
    { meta: { clause: 'TS 103 698 6.2', shall: ['6.1.2.7-12', '6.1.2.7-13'] } },
    () => {
      let seed = 99;
      const random = (n: number): number => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return Math.floor((seed / 4294967296) * n);
      };
      const types = [undefined, 0, 256, 257, 258, 259, 260, 265, 266, 273, 274, 388, 65535];
      const any = (): PsapEvent => {
        const text = ['a', 'b', ''][random(3)] ?? '';
        switch (random(8)) {
          case 0:
            return { type: 'say', text };
          case 1:
            return random(10) ? { type: 'say', text } : { type: 'stop' };
          case 2:
            return { type: 'timer', timer: random(2) ? 'heartbeat' : 'silence' };
          case 3:
            return { type: 'resumed' };
          default:
            return from(types[random(13)], random(4) ? random(9) : undefined, text);
        }
      };
      for (let round = 0; round < 400; round++) {
        const events = Array.from({ length: 40 }, any);
        const { effects } = run(events);
        const ids = effects.flatMap((e) =>
          e.type === 'send' && e.messageId !== undefined ? [e.messageId] : [],
        );
        expect(ids).toEqual(ids.map((_, i) => i + 1));
        effects.forEach((e, i) => {
          if (e.type === 'send' && e.messageId !== undefined) {
            expect(effects[i - 1]).toMatchObject({
              type: 'record',
              direction: 'out',
              messageId: e.messageId,
            });
          }
        });
        // Whatever was received and is no duplicate was recorded; nothing that carried a text stayed unseen.
        const duplicates = effects.filter((e) => e.type === 'note' && e.note === 'duplicate').length;
        const ins = effects.filter((e) => e.type === 'record' && e.direction === 'in').length;
        expect(ins + duplicates).toBe(events.filter((e) => e.type === 'received').length);
      }
    },
  );
});
