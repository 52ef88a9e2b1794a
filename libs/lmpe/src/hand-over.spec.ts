import { describe, expect, it } from 'vitest';
import { type AppEvent, type AppSession, appSession, destinationOf, newAppSession } from './app-session.js';
import type { ReceivedMessage } from './arrivals.js';
import { type PsapEvent, type PsapSession, newPsapSession, psapSession } from './psap-session.js';
import { type SessionEffect, answerOf } from './session-effect.js';

const madrid = 'sip:madrid@esinet.lab';
const toledo = 'sip:toledo@esinet.lab';
const ana = 'sip:ana@provider.lab';
const callId = 'urn:emergency:uid:callid:0123456789a:app.lab';

/** `257/1 text` from one of the three. */
function from(sender: string, what: string, more: Partial<ReceivedMessage> = {}): ReceivedMessage {
  const [numbers = '', ...words] = what.split(' ');
  const [type, id] = numbers.split('/');
  return {
    type: 'received',
    sender,
    messageType: Number(type),
    reference: what,
    ...(id !== undefined && { messageId: Number(id) }),
    ...(words.length > 0 && { text: words.join(' ') }),
    ...(sender !== ana && { replyTo: sender }),
    ...more,
  };
}

function words(effects: readonly SessionEffect[]): string[] {
  return effects.flatMap((e) => {
    switch (e.type) {
      case 'send': {
        const extra = [e.replyTo, e.historyInfo, e.callBack].filter((x) => x !== undefined);
        return [['send', `${e.messageType}/${e.messageId ?? '-'}`, e.to, e.text, ...extra].join(' ')];
      }
      case 'show':
        return [['show', e.text, ...(e.mark === undefined ? [] : [e.mark])].join(' ')];
      case 'note':
        return [e.note];
      case 'answer':
        return [`answer ${e.status}`];
      case 'set-timer':
        return e.timer === 'gap' || e.timer === 'stall' ? [`${e.timer} ${e.ms}`] : [];
      default:
        return [];
    }
  });
}

function app(...events: AppEvent[]): {
  state: AppSession;
  last: string[];
  effects: readonly SessionEffect[];
} {
  let state = newAppSession({ callId, service: 'urn:service:sos', introduction: 'Ana' });
  let effects: readonly SessionEffect[] = [];
  for (const event of events) [state, effects] = appSession(state, event);
  return { state, last: words(effects), effects };
}

function psap(...events: PsapEvent[]): { state: PsapSession; last: string[] } {
  return continued(newPsapSession({ callId, caller: ana, greeting: 'hello' }), ...events);
}

function taking(...events: PsapEvent[]): { state: PsapSession; last: string[] } {
  return continued(newPsapSession({ callId, caller: ana, greeting: 'hello', taking: true }), ...events);
}

function continued(before: PsapSession, ...events: PsapEvent[]): { state: PsapSession; last: string[] } {
  let state = before;
  let effects: readonly SessionEffect[] = [];
  for (const event of events) [state, effects] = psapSession(state, event);
  return { state, last: words(effects) };
}

const opened: AppEvent[] = [{ type: 'start', text: 'help' }, from(madrid, '257/1 hello')];
const outcome = (messageType: number, messageId: number, status: number): PsapEvent => ({
  type: 'outcome',
  messageType,
  messageId,
  status,
});

describe('an APP between PSAPs', () => {
  it('takes one 265 after a 266 and refuses the next', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    const stalled: AppEvent[] = [...opened, from(madrid, '266/1 wait')];
    expect(app(...stalled).last).toEqual(['show wait', 'stall 60000']);
    const taken: AppEvent[] = [...stalled, from(toledo, '265/2 here')];
    expect(app(...taken).state).toMatchObject({ phase: 'open', target: toledo, with: toledo });
    const second = app(...taken, from(madrid, '265/2 back'));
    expect(second.last).toEqual(['refused-transfer', 'answer 403']);
    expect(answerOf(second.effects)).toBe(403);
    expect(second.state).toMatchObject({ phase: 'open', target: toledo });
    // The retransmitted copy of the accepted one is none of the next.
    const copy = app(...taken, from(toledo, '265/2 here'));
    expect(copy.last).toEqual(['duplicate']);
    expect(answerOf(copy.effects)).toBe(200);
  });

  it('tells the PSAP it is with that it is', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    const { last, effects } = app(...opened, from(madrid, '265/2 back'));
    expect(last).toEqual(['repeated-start', 'show back']);
    expect(answerOf(effects)).toBe(200);
  });

  it('takes the very 265 it refused before the 266 came', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    const early = from(toledo, '265/2 here');
    const { state } = app(...opened, early, from(madrid, '266/1'), early);
    expect(state).toMatchObject({ phase: 'open', with: toledo });
  });

  it('does not take a copy of an earlier refused 265', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    const { state, last } = app(
      ...opened,
      from(madrid, '266/1'),
      from(toledo, '265/2'),
      from(madrid, '265/2 back'), // refused
      from(toledo, '266/2'),
      from(madrid, '265/2 back'), // the same one, late
    );
    expect(last).toEqual(['refused-transfer', 'answer 403']);
    expect(state.phase).toBe('transferring');
  });

  it(
    'is not handed over by a stranger, nor by a message its PSAP has left behind',
    { meta: { clause: 'TS 103 698 6.2.6' } },
    () => {
      for (const late of [
        from(toledo, '266/7'),
        from(toledo, '274/7'),
        from(madrid, '266/1'),
        from(madrid, '274/1'),
      ]) {
        const { state, last } = app(...opened, from(madrid, '259/2 a'), late);
        expect(last).toEqual(['refused-transfer', 'answer 403']);
        expect(state).toMatchObject({ phase: 'open', target: madrid });
      }
    },
  );

  it(
    'takes a claim that was overtaken by what its PSAP said next',
    { meta: { clause: 'TS 103 698 6.2.6' } },
    () => {
      const { state } = app(
        ...opened,
        from(madrid, '266/1'),
        from(madrid, '259/3 there?'),
        from(madrid, '265/2 back'),
      );
      expect(state).toMatchObject({ phase: 'open', with: madrid });
    },
  );

  it('lets no text wait for ever', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    const waiting: AppEvent[] = [
      ...opened,
      from(madrid, '266/1'),
      { type: 'say', text: 'a' },
      { type: 'timer', timer: 'stall' },
    ];
    expect(app(...waiting).last).toEqual(['stalled-long', `send 259/2 ${madrid} a`]);
    const more = app(...waiting, { type: 'say', text: 'b' });
    expect(more.last).toEqual([`send 259/3 ${madrid} b`]);
    expect(more.state.phase).toBe('transferring');
    expect(app(...waiting, from(toledo, '265/2')).state).toMatchObject({ phase: 'open', target: toledo });
    expect(app(...waiting, from(madrid, '257/2')).state).toMatchObject({ phase: 'open', target: madrid });
  });

  it('starts anew where a redirect leads nowhere', { meta: { clause: 'TS 103 698 6.2.7' } }, () => {
    const redirected: AppEvent[] = [...opened, from(madrid, '274/1', { replyTo: toledo })];
    expect(app(...redirected).last).toEqual(['stall 60000', `send 273/2 ${toledo} Ana ${madrid}`]);
    const failed: AppEvent[] = [
      ...redirected,
      { type: 'say', text: 'a' },
      { type: 'outcome', messageType: 273, messageId: 2, delivered: false },
    ];
    expect(app(...failed).last).toEqual(['undelivered', 'redirect-failed', 'send 257/3 urn:service:sos Ana']);
    const again = app(...failed, from(madrid, '257/2'));
    expect(again.last).toEqual([`send 259/4 ${madrid} a`]);
    // The greeting of the PSAP that sent it away, late, opens nothing.
    const late = app(
      { type: 'start', text: 'help' },
      from(madrid, '259/2 a'),
      from(madrid, '274/2', { replyTo: toledo }),
      from(madrid, '257/1'),
    );
    expect(late.state.phase).toBe('redirecting');
  });

  it('misses no number that another PSAP used', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    const back: AppEvent[] = [...opened, from(madrid, '266/1'), from(toledo, '265/2'), from(toledo, '266/2')];
    expect(app(...back, from(madrid, '265/3 again')).last).toEqual(['show again']);
    expect(app(...back, from(madrid, '265/4 again')).last).toEqual(['gap', 'show again']);
  });

  it('has one PSAP where two greet it', { meta: { clause: 'TS 103 698 6.2.2' } }, () => {
    const { state, last } = app(...opened, from(toledo, '257/1 hello'));
    expect(last).toEqual(['refused-transfer', 'answer 403']);
    expect(state.target).toBe(madrid);
  });

  it('is called back', { meta: { clause: 'TS 103 698 6.1.2.5' } }, () => {
    const ended: AppEvent[] = [...opened, { type: 'stop' }];
    expect(app(...ended, from(madrid, '257/2 still there?')).last).toContain('call-back');
    expect(app(...ended, from(madrid, '257/2')).state.phase).toBe('open');
    // A greeting that crosses the stop is none, unless it is marked.
    const gaveUp: AppEvent[] = [{ type: 'start', text: 'help' }, { type: 'stop' }];
    expect(app(...gaveUp, from(madrid, '257/1')).last).toEqual(['after-stop']);
    expect(app(...gaveUp, from(madrid, '257/1', { callBack: true })).state.phase).toBe('open');
  });

  it('is with a PSAP again that its last text has opened', { meta: { clause: 'TS 103 698 6.2.4' } }, () => {
    const { state, last } = app(...opened, from(madrid, '258/2'), from(madrid, '259/3 yes?'));
    expect(last).toContain('reopened');
    expect(state.phase).toBe('open');
    expect(app(...opened, { type: 'stop' }, from(madrid, '259/2 yes?')).state.phase).toBe('stopped');
  });

  it('sends what waits to where the chat is now', { meta: { clause: 'TS 103 698 6.2.3' } }, () => {
    const { state } = app(...opened, from(madrid, '266/1'), from(toledo, '265/2'));
    expect(destinationOf(state, { to: madrid, messageType: 259 })).toBe(toledo);
    expect(destinationOf(state, { to: madrid, messageType: 258 })).toBe(toledo);
    expect(destinationOf(state, { to: madrid, messageType: 260 })).toBe(toledo);
    expect(destinationOf(state, { to: madrid, messageType: 273 })).toBe(madrid);
    expect(destinationOf(state, { to: 'urn:service:sos', messageType: 257 })).toBe('urn:service:sos');
  });
});

describe('a transferor', () => {
  const start = from(ana, '257/1 help');

  it('says nothing after its 266', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    const stalled = psap(start, { type: 'say', text: 'a' }, { type: 'transfer', text: 'wait' });
    expect(stalled.last).toEqual([`send 266/2 ${ana} wait`]);
    expect(stalled.state.phase).toBe('transferring');
    for (const event of [
      { type: 'say', text: 'b' },
      { type: 'stop' },
      { type: 'transfer' },
      { type: 'redirect', target: toledo },
      { type: 'call-back', text: 'c', incident: true },
    ] as const) {
      expect(continued(stalled.state, event).last).toEqual(['refused']);
    }
    expect(continued(stalled.state, { type: 'timer', timer: 'heartbeat' }).last).toEqual([]);
    expect(continued(stalled.state, from(ana, '259/2 x')).last).toEqual(['show x']);
  });

  it('learns from the APP whether it waits', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    expect(psap(start, { type: 'transfer' }, outcome(266, 1, 200)).last).toEqual(['stalled']);
    expect(psap(start, { type: 'transfer' }, outcome(266, 1, 0)).last).toEqual(['stall-failed']);
    expect(psap(start, { type: 'transfer' }, outcome(266, 9, 200)).last).toEqual([]);
  });

  it('claims the chat back under the next number', { meta: { clause: 'TS 103 698 6.3.3' } }, () => {
    const back = psap(start, { type: 'transfer' }, outcome(266, 1, 200), {
      type: 'reactivate',
      text: 'back',
    });
    expect(back.last).toEqual([`send 265/2 ${ana} back`]);
    expect(back.state.phase).toBe('open');
    expect(continued(back.state, { type: 'say', text: 'x' }).last).toEqual([`send 259/3 ${ana} x`]);
    // Not ours to give away before the APP has answered.
    expect(continued(back.state, { type: 'transfer' }).last).toEqual(['refused']);
    expect(continued(back.state, outcome(265, 2, 200), { type: 'transfer' }).last).toEqual([
      `send 266/2 ${ana} `,
    ]);
    const lost = continued(back.state, outcome(265, 2, 403));
    expect(lost.last).toEqual(['transfer-lost']);
    expect(lost.state.phase).toBe('handed-over');
  });

  it(
    'does not believe a refusal of an APP that never waited',
    { meta: { clause: 'TS 103 698 6.2.6' } },
    () => {
      const refused = psap(
        start,
        { type: 'transfer' },
        outcome(266, 1, 403),
        { type: 'reactivate' },
        outcome(265, 2, 403),
      );
      expect(refused.state).toMatchObject({ phase: 'open', claim: undefined });
      // If it is not known whether it waited, both are asked again.
      const unknown = psap(
        start,
        { type: 'transfer', text: 'w' },
        outcome(266, 1, 0),
        { type: 'reactivate', text: 'b' },
        outcome(265, 2, 403),
      );
      expect(unknown.state.phase).toBe('open');
      expect(continued(unknown.state, { type: 'timer', timer: 'heartbeat' }).last).toEqual([
        `send 266/1 ${ana} w`,
        `send 265/2 ${ana} b`,
      ]);
    },
  );

  it('claims until it is answered', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    const unanswered = psap(
      start,
      { type: 'transfer' },
      outcome(266, 1, 200),
      { type: 'reactivate' },
      outcome(265, 2, 0),
    );
    expect(unanswered.state.phase).toBe('open');
    const asked = continued(unanswered.state, from(ana, '260'));
    expect(asked.last).toEqual([`send 265/2 ${ana} `]);
    expect(continued(asked.state, from(ana, '260')).last).toEqual([]);
  });

  it(
    'believes the transferee, even after it has claimed the chat back',
    { meta: { clause: 'TS 103 698 6.3.3' } },
    () => {
      const stalled = psap(start, { type: 'transfer' }, outcome(266, 1, 200));
      expect(continued(stalled.state, { type: 'handed-over', messageId: 1 }).state.phase).toBe('handed-over');
      const late = continued(stalled.state, { type: 'reactivate' }, { type: 'handed-over', messageId: 1 });
      expect(late.state.phase).toBe('handed-over');
      const other = continued(stalled.state, { type: 'handed-over', messageId: 7 });
      expect(other.last).toEqual(['refused']);
    },
  );

  it('marks what comes later, and greets a new start', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    const gone = psap(start, { type: 'transfer' }, outcome(266, 1, 200), { type: 'handed-over' });
    expect(continued(gone.state, from(ana, '259/2 x')).last).toEqual(['after-hand-over', 'show x']);
    expect(continued(gone.state, from(ana, '258/2 bye'))).toMatchObject({
      state: { phase: 'handed-over' },
      last: ['after-hand-over', 'show bye'],
    });
    const again = continued(gone.state, from(ana, '273/2 Ana'));
    expect(again.last).toEqual(['repeated-start', 'show Ana', `send 257/2 ${ana} hello`]);
    expect(again.state.phase).toBe('open');
    // It may have found another PSAP by then.
    expect(continued(again.state, outcome(257, 2, 403)).state.phase).toBe('handed-over');
    expect(continued(again.state, outcome(257, 2, 200)).state.claim).toBeUndefined();
  });

  it('goes on after a restart', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    const restored = (messageType: number, messageId: number, status?: number): PsapEvent => ({
      type: 'restored',
      messageType,
      messageId,
      text: 't',
      ...(status !== undefined && { status }),
    });
    expect(psap(start, restored(257, 1), restored(266, 1)).state.phase).toBe('transferring');
    const back = psap(start, restored(257, 1), restored(266, 1, 200), restored(265, 2));
    expect(back.state).toMatchObject({ phase: 'open', claim: { by: 'reactivate', fate: 'sent' } });
    const lost = psap(start, restored(257, 1), restored(266, 1, 200), restored(265, 2, 403));
    expect(lost.state.phase).toBe('handed-over');
    const given = psap(start, restored(257, 1), restored(266, 1, 200), restored(265, 2, 0), {
      type: 'resumed',
    });
    expect(given.last).toEqual([`send 265/2 ${ana} t`]);
    // Its own 266, then a 265 that does not follow it: the chat came back from another PSAP.
    const came = psap(start, restored(257, 1), restored(266, 1, 200), restored(265, 5));
    expect(came.state).toMatchObject({ phase: 'taking', claim: { by: 'take' } });
    expect(psap(start, restored(257, 1), restored(266, 1, 200), restored(265, 5, 200)).state.phase).toBe(
      'open',
    );
  });

  it('redirects, again if the APP does not go', { meta: { clause: 'TS 103 698 6.2.7' } }, () => {
    const sent = psap(start, { type: 'redirect', target: toledo, text: 'go' });
    expect(sent.last).toEqual([`send 274/1 ${ana} go ${toledo}`]);
    expect(sent.state.phase).toBe('handed-over');
    expect(continued(sent.state, from(ana, '259/2 x')).last).toEqual(['after-hand-over', 'show x']);
    const again = continued(sent.state, outcome(274, 1, 0), from(ana, '259/2 x'));
    expect(again.last).toEqual(['after-hand-over', 'show x', `send 274/1 ${ana} go ${toledo}`]);
    // Whoever refuses to go is still here.
    expect(continued(sent.state, outcome(274, 1, 403)).state.phase).toBe('open');
  });

  it('calls back into a closed chat', { meta: { clause: 'TS 103 698 6.1.2.5' } }, () => {
    const closed = psap(start, from(ana, '258/2 bye'));
    const called = continued(closed.state, { type: 'call-back', text: 'better?', incident: true });
    expect(called.last).toEqual([`send 257/2 ${ana} better? incident`, 'call-back']);
    expect(called.state.phase).toBe('open');
    expect(continued(closed.state, { type: 'call-back', text: 'b', incident: false }).last[0]).toMatch(
      /plain$/,
    );
    expect(psap(start, { type: 'call-back', text: 'b', incident: false }).last).toEqual(['refused']);
    // What was sent before the stop does not open it.
    expect(continued(closed.state, from(ana, '259/1 slow')).state.phase).toBe('closed');
    expect(continued(closed.state, from(ana, '259/3 wait')).state.phase).toBe('open');
  });
});

describe('a transferee', () => {
  const history = [from(ana, '257/1 help', { imported: true }), from(ana, '259/2 fire', { imported: true })];

  it('offers itself under the number after the last', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    const offered = taking(...history, { type: 'take', lastMessageId: 4, text: 'new here' });
    expect(offered.last).toEqual([`send 265/5 ${ana} new here`]);
    expect(offered.state.phase).toBe('taking');
    expect(continued(offered.state, { type: 'take', lastMessageId: 4, text: 'new here' }).last).toEqual([]);
    expect(continued(offered.state, outcome(265, 5, 200)).state.phase).toBe('open');
    expect(continued(offered.state, outcome(265, 5, 403))).toMatchObject({
      state: { phase: 'declined' },
      last: ['transfer-lost'],
    });
    expect(continued(offered.state, outcome(265, 5, 0)).state.phase).toBe('taking');
    // Too late to withdraw: the APP may have agreed.
    expect(continued(offered.state, { type: 'decline' }).last).toEqual(['refused']);
    expect(taking({ type: 'decline' }).state.phase).toBe('declined');
  });

  it('has the chat as soon as the APP writes to it', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    const offered = taking(...history, { type: 'take', lastMessageId: 4 }, outcome(265, 5, 0));
    expect(continued(offered.state, from(ana, '259/3 you?')).state.phase).toBe('open');
    // A keep-alive may be from another time: the APP is asked.
    expect(continued(offered.state, from(ana, '260')).last).toEqual([`send 265/5 ${ana} `]);
    const refused = continued(offered.state, outcome(265, 5, 403));
    expect(continued(refused.state, from(ana, '259/3 you?')).state.phase).toBe('open');
    expect(continued(refused.state, from(ana, '259/2 fire')).state.phase).toBe('declined');
  });

  it(
    'a PSAP that had the chat before goes by what the APP says to its 265: a text may be from that time',
    { meta: { clause: 'TS 103 698 6.2.6' } },
    () => {
      const back: PsapEvent[] = [
        from(ana, '257/1 help'),
        { type: 'transfer' },
        outcome(266, 1, 200),
        { type: 'handed-over' },
        { type: 'take', lastMessageId: 4 },
      ];
      const late = from(ana, '259/2 written before');
      expect(psap(...back, late).state.phase).toBe('taking');
      const refused = psap(...back, outcome(265, 5, 403), late);
      expect(refused).toMatchObject({ state: { phase: 'declined' } });
      expect(refused.last.some((text) => text.startsWith('send 265/5'))).toBe(true);
      expect(continued(refused.state, outcome(265, 5, 200)).state.phase).toBe('open');
    },
  );

  it('shows what the transferor passes on, once', { meta: { clause: 'TS 103 698 6.3.3' } }, () => {
    const offered = taking(...history, { type: 'take', lastMessageId: 4 });
    const passed = from(ana, '259/3 late', { imported: true });
    expect(continued(offered.state, passed)).toMatchObject({
      state: { phase: 'taking' },
      last: ['show late'],
    });
    expect(continued(offered.state, passed, from(ana, '259/3 late')).last).toEqual(['duplicate']);
  });
});

describe('a hole in the numbers', () => {
  const start = from(ana, '257/1 help');

  it('holds back what follows, until it is filled', { meta: { clause: 'TS 103 698 6.1.2.7' } }, () => {
    const held = psap(start, from(ana, '259/3 c'));
    expect(held.last).toEqual(['held', 'gap 2000']);
    const two = continued(held.state, from(ana, '259/4 d'));
    expect(two.last).toEqual(['held']);
    expect(continued(two.state, from(ana, '259/2 b')).last).toEqual([
      'released',
      'show b',
      'show c',
      'show d',
    ]);
  });

  it('holds it back for two seconds and no longer', { meta: { clause: 'TS 103 698 6.1.2.7' } }, () => {
    const shown = psap(start, from(ana, '259/3 c'), { type: 'timer', timer: 'gap' });
    expect(shown.last).toEqual(['gap', 'released', 'show c gap']);
    expect(continued(shown.state, from(ana, '259/2 b')).last).toEqual(['late', 'show b late']);
    const app3 = app(...opened, from(madrid, '259/3 c'), { type: 'timer', timer: 'gap' });
    expect(app3.last).toEqual(['gap', 'released', 'show c gap']);
  });

  it('holds nothing that does something', { meta: { clause: 'TS 103 698 6.1.2.7' } }, () => {
    const held: AppEvent[] = [...opened, from(madrid, '259/3 c')];
    const stalled = app(...held, from(madrid, '266/4 wait'));
    expect(stalled.last).toEqual(['gap', 'released', 'show c gap', 'show wait', 'stall 60000']);
    const stopped = psap(start, from(ana, '259/3 c'), from(ana, '258/4 bye'));
    expect(stopped.last).toEqual(['gap', 'released', 'show c gap', 'show bye']);
    const resumed = psap(start, from(ana, '259/3 c'), { type: 'resumed' });
    expect(resumed.last).toEqual(['gap', 'released', 'show c gap']);
    expect(app(...held, { type: 'stop' }).last).toContain('show c gap');
  });

  it(
    'is not made by keep-alives, nor by a chat begun elsewhere',
    { meta: { clause: 'TS 103 698 6.2.5' } },
    () => {
      expect(psap(start, from(ana, '260'), from(ana, '259/2 b')).last).toEqual(['show b']);
      expect(psap(start, from(ana, '260/2'), from(ana, '259/3 b')).last).toEqual(['show b']);
      expect(psap(from(ana, '273/9 Ana')).last).toEqual(['show Ana', `send 257/1 ${ana} hello`]);
      expect(psap(from(ana, '260/9'), from(ana, '259/10 x')).last).toEqual(['show x']);
      // A lost numbered keep-alive holds the next text back, for as long as anything else would.
      expect(psap(start, from(ana, '259/3 b')).last).toEqual(['held', 'gap 2000']);
    },
  );

  it('does not fill memory', { meta: { clause: 'TS 103 698 6.1.2.7' } }, () => {
    let { state } = psap(start);
    for (let n = 3; n < 1_000; n++) [state] = psapSession(state, from(ana, `259/${n} x`));
    expect(state.arrivals.held.length).toBeLessThanOrEqual(64);
    [state] = psapSession(state, from(ana, `259/${Number.MAX_SAFE_INTEGER} x`));
    expect(JSON.stringify(state).length).toBeLessThan(100_000);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  });
});
