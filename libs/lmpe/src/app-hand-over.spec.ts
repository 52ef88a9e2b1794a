import { describe, expect, it } from 'vitest';
import { type AppEvent, destinationOf } from './app-session.js';
import { app, from, madrid, opened, toledo } from './model/one-session.js';
import { answerOf } from './session-effect.js';

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
