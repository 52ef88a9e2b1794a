import { describe, expect, it } from 'vitest';
import { type AppEvent, type AppSession, appSession, newAppSession } from './app-session.js';
import type { ReceivedMessage } from './arrivals.js';
import type { SessionEffect } from './session-effect.js';

const madrid = 'sip:madrid@esinet.lab';
const toledo = 'sip:toledo@esinet.lab';

function from(
  messageType: number | undefined,
  messageId: number | undefined,
  more: Partial<ReceivedMessage> = {},
): ReceivedMessage {
  return {
    type: 'received',
    sender: madrid,
    reference: 'r',
    ...(messageType !== undefined && { messageType }),
    ...(messageId !== undefined && { messageId }),
    ...more,
  };
}

function run(events: readonly AppEvent[]): { state: AppSession; effects: SessionEffect[] } {
  let state = newAppSession({
    callId: 'urn:emergency:uid:callid:0123456789a:app.lab',
    service: 'urn:service:sos',
    introduction: 'Ana',
  });
  const effects: SessionEffect[] = [];
  for (const event of events) {
    const [next, done] = appSession(state, event);
    state = next;
    effects.push(...done);
  }
  return { state, effects };
}

const sent = (effects: readonly SessionEffect[]) =>
  effects.flatMap((e) =>
    e.type === 'send'
      ? [`${e.messageType}/${e.messageId ?? '-'} ${e.to}${e.text === undefined ? '' : ' ' + e.text}`]
      : [],
  );
const notes = (effects: readonly SessionEffect[]) =>
  effects.flatMap((e) => (e.type === 'note' ? [e.note] : []));
const shown = (effects: readonly SessionEffect[]) =>
  effects.flatMap((e) => (e.type === 'show' ? [e.text] : []));

const opening: AppEvent[] = [
  { type: 'start', text: 'help' },
  from(257, 1, { replyTo: madrid, text: 'What happened?' }),
];

describe('the APP', () => {
  const rows: [
    string,
    string,
    AppEvent[],
    { sent: string[]; phase: string; notes?: string[]; shown?: string[] },
  ][] = [
    [
      'opens, talks to the Reply-To and stops',
      'TS 103 698 6.2.2, 6.2.3, 6.2.4',
      [...opening, { type: 'say', text: 'fire' }, { type: 'stop', text: 'bye' }],
      {
        sent: ['257/1 urn:service:sos help', `259/2 ${madrid} fire`, `258/3 ${madrid} bye`],
        phase: 'stopped',
        shown: ['What happened?'],
      },
    ],
    [
      'keeps texts until the PSAP starts',
      'TS 103 698 6.2.3',
      [
        { type: 'start', text: 'help' },
        { type: 'say', text: 'a' },
        { type: 'say', text: 'b' },
        from(257, 1, { replyTo: madrid }),
      ],
      {
        sent: ['257/1 urn:service:sos help', `259/2 ${madrid} a`, `259/3 ${madrid} b`],
        phase: 'open',
        notes: ['queued', 'queued'],
      },
    ],
    [
      'does not keep them for long',
      'TS 103 698 6.2.3',
      [
        { type: 'start', text: 'help' },
        { type: 'say', text: 'a' },
        { type: 'timer', timer: 'early' },
        { type: 'say', text: 'b' },
      ],
      {
        sent: ['257/1 urn:service:sos help', '259/2 urn:service:sos a', '259/3 urn:service:sos b'],
        phase: 'starting',
        notes: ['queued'],
      },
    ],
    [
      'takes the Reply-To of an early in-chat message',
      'TS 103 698 6.2.2',
      [
        { type: 'start', text: 'help' },
        from(259, 2, { replyTo: madrid, text: 'early' }),
        from(257, 1, { replyTo: madrid, text: 'hello' }),
        { type: 'say', text: 'a' },
      ],
      {
        sent: ['257/1 urn:service:sos help', `259/2 ${madrid} a`],
        phase: 'open',
        notes: ['held', 'no-start', 'released', 'repeated-start'],
        shown: ['hello', 'early'],
      },
    ],
    [
      'sends keep-alives without a Message Identifier',
      'TS 103 698 6.2.5',
      [
        ...opening,
        { type: 'timer', timer: 'heartbeat' },
        { type: 'inactive' },
        { type: 'timer', timer: 'heartbeat' },
        { type: 'active' },
        { type: 'say', text: 'x' },
      ],
      {
        sent: [
          '257/1 urn:service:sos help',
          `260/- ${madrid}`,
          `388/- ${madrid}`,
          `388/- ${madrid}`,
          `260/- ${madrid}`,
          `259/2 ${madrid} x`,
        ],
        phase: 'open',
      },
    ],
    [
      'sends its location when it moved',
      'TS 103 698 6.2.5',
      [...opening, { type: 'moved' }],
      { sent: ['257/1 urn:service:sos help', `260/- ${madrid}`], phase: 'open' },
    ],
    [
      'stalls between 266 and 265, and refuses another 265',
      'TS 103 698 6.2.6',
      [
        ...opening,
        from(266, 1, { replyTo: madrid, text: 'wait' }),
        { type: 'say', text: 'held' },
        from(265, 2, { sender: toledo, replyTo: toledo, text: 'new here' }),
        from(265, 3, { sender: 'sip:x@y', replyTo: 'sip:x@y' }),
        { type: 'say', text: 'c' },
      ],
      {
        sent: ['257/1 urn:service:sos help', `259/2 ${toledo} held`, `259/3 ${toledo} c`],
        phase: 'open',
        notes: ['queued', 'refused-transfer'],
        shown: ['What happened?', 'wait', 'new here'],
      },
    ],
    [
      'follows a redirect by itself',
      'TS 103 698 6.2.7',
      [
        ...opening,
        from(274, 1, { replyTo: toledo, text: 'moving you' }),
        { type: 'say', text: 'held' },
        from(257, 1, { sender: toledo, replyTo: toledo }),
      ],
      {
        sent: ['257/1 urn:service:sos help', `273/2 ${toledo} Ana`, `259/3 ${toledo} held`],
        phase: 'open',
        notes: ['queued'],
      },
    ],
    [
      'ends by the PSAP, and says nothing after',
      'TS 103 698 6.2.4',
      [
        ...opening,
        from(258, 2, { text: 'closed' }),
        { type: 'say', text: 'late' },
        { type: 'timer', timer: 'heartbeat' },
      ],
      {
        sent: ['257/1 urn:service:sos help'],
        phase: 'stopped',
        notes: ['refused'],
        shown: ['What happened?', 'closed'],
      },
    ],
    [
      'knows a duplicate by sender, identifier and type',
      'TS 103 698 6.2.6',
      [
        ...opening,
        from(257, 1, { replyTo: madrid, text: 'What happened?' }),
        from(259, 2, { text: 'x' }),
        from(259, 2, { text: 'x' }),
        from(259, 2, { text: 'y' }),
      ],
      {
        sent: ['257/1 urn:service:sos help'],
        phase: 'open',
        notes: ['duplicate', 'duplicate', 'reused-id'],
        shown: ['What happened?', 'x', 'y'],
      },
    ],
    [
      'shows what it does not know',
      'TS 103 698 6.1.2.7',
      [...opening, from(999, undefined, { text: 'odd' })],
      {
        sent: ['257/1 urn:service:sos help'],
        phase: 'open',
        notes: ['unknown-type'],
        shown: ['What happened?', 'odd'],
      },
    ],
    [
      'notes silence and stays',
      'TS 103 698 6.2.5',
      [
        ...opening,
        { type: 'timer', timer: 'silence' },
        { type: 'timer', timer: 'silence' },
        from(260, undefined),
      ],
      { sent: ['257/1 urn:service:sos help'], phase: 'open', notes: ['silent', 'heard-again'] },
    ],
    [
      'may start again when the start was not delivered',
      'TS 103 698 6.2.2',
      [
        { type: 'start', text: 'help' },
        { type: 'outcome', messageType: 257, messageId: 1, delivered: false },
        { type: 'start', text: 'help' },
        { type: 'start', text: 'no' },
      ],
      {
        sent: ['257/1 urn:service:sos help', '257/2 urn:service:sos help'],
        phase: 'starting',
        notes: ['undelivered', 'refused'],
      },
    ],
  ];
  for (const [title, clause, events, want] of rows) {
    it(title, { meta: { clause } }, () => {
      const { state, effects } = run(events);
      expect(sent(effects)).toEqual(want.sent);
      expect(state.phase).toBe(want.phase);
      expect(notes(effects)).toEqual(want.notes ?? []);
      if (want.shown) expect(shown(effects)).toEqual(want.shown);
    });
  }

  it(
    'starts once and counts by one, whatever comes in whatever order',
    { meta: { clause: 'TS 103 698 6.2', shall: ['6.1.2.7-12', '6.1.2.7-13'] } },
    () => {
      let seed = 1;
      const random = (n: number): number => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return Math.floor((seed / 4294967296) * n);
      };
      const types = [undefined, 0, 256, 257, 258, 259, 260, 265, 266, 273, 274, 388, 65535];
      const any = (): AppEvent => {
        const texts = ['a', 'b', ''];
        const text = texts[random(3)] ?? '';
        switch (random(9)) {
          case 0:
            return { type: 'start', text };
          case 1:
            return { type: 'say', text };
          case 2:
            return random(20) === 0 ? { type: 'stop' } : { type: 'moved' };
          case 3:
            return {
              type: 'timer',
              timer: (['heartbeat', 'silence', 'early'] as const)[random(3)] ?? 'early',
            };
          case 4:
            return random(2) ? { type: 'inactive' } : { type: 'active' };
          case 5:
            return {
              type: 'outcome',
              messageType: types[random(13)] ?? 257,
              messageId: random(5),
              delivered: random(2) === 0,
            };
          default:
            return from(types[random(13)], random(4) ? random(9) : undefined, {
              text,
              ...(random(2) && { replyTo: toledo }),
            });
        }
      };
      for (let round = 0; round < 400; round++) {
        const { effects } = run(Array.from({ length: 40 }, any));
        const ids = effects.flatMap((e) =>
          e.type === 'send' && e.messageId !== undefined ? [e.messageId] : [],
        );
        expect(ids).toEqual(ids.map((_, i) => i + 1));
        const failures = effects.filter((e) => e.type === 'phase' && e.phase === 'failed').length;
        const starts = effects.filter((e) => e.type === 'send' && e.messageType === 257).length;
        const again = notes(effects).filter((n) => n === 'redirect-failed').length;
        expect(starts).toBeLessThanOrEqual(1 + failures + again);
        const outs = effects.filter((e) => e.type === 'record' && e.direction === 'out').length;
        expect(outs).toBe(ids.length);
      }
    },
  );
});
