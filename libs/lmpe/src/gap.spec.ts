import { describe, expect, it } from 'vitest';
import type { AppEvent } from './app-session.js';
import { ana, app, continued, from, madrid, opened, psap } from './model/one-session.js';
import { psapSession } from './psap-session.js';

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
