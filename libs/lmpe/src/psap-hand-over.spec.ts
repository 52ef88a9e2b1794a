import { describe, expect, it } from 'vitest';
import { ana, continued, from, outcome, psap, taking, toledo } from './model/one-session.js';
import type { PsapEvent } from './psap-session.js';

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

  it('asks nobody while records are taken in', { meta: { clause: 'TS 103 698 6.2.6' } }, () => {
    const given: PsapEvent = { type: 'restored', messageType: 265, messageId: 5, text: 't', status: 0 };
    const known = from(ana, '259/1 old', { imported: true });
    const replayed = taking(known, given, from(ana, '260'));
    expect(replayed.last).toEqual([]);
    expect(continued(replayed.state, { type: 'resumed' }).last).toEqual([`send 265/5 ${ana} t`]);
  });

  it('gives nothing away that the APP has not agreed to', { meta: { clause: 'TS 103 698 6.2.7' } }, () => {
    const greeted = psap(from(ana, '273/4 Ana'));
    for (const event of [{ type: 'transfer' }, { type: 'redirect', target: toledo }] as const) {
      expect(continued(greeted.state, event).last).toEqual(['refused']);
      expect(continued(greeted.state, outcome(257, 1, 200), event).last).not.toEqual(['refused']);
    }
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
