import { describe, expect, it } from 'vitest';
import {
  type Connection,
  type ConnectionEffect,
  type ConnectionEvent,
  connectWithinMs,
  connection,
  longestReconnectMs,
  reconnectWithinMs,
  unconnected,
} from './connection.js';

const after = (...events: ConnectionEvent[]): { state: Connection; effects: readonly ConnectionEffect[] } => {
  let state = unconnected;
  let effects: readonly ConnectionEffect[] = [];
  for (const event of events) [state, effects] = connection(state, event);
  return { state, effects };
};

const open = { type: 'open' } as const;
const opened = { type: 'opened' } as const;
const registered = { type: 'registered', seconds: 600 } as const;
const lost = { type: 'lost' } as const;
const retry = { type: 'timer', timer: 'retry' } as const;
const up = [open, opened, registered] as const;
const kinds = (effects: readonly ConnectionEffect[]): string[] =>
  effects.map((e) => ('timer' in e ? `${e.type} ${e.timer}` : e.type));

describe('the connection of a browser', () => {
  it(
    'registers as soon as the socket is there, and again after half of what was granted',
    { meta: { clause: ['RFC 3261 10.2.4', 'RFC 7118 6'] } },
    () => {
      expect(kinds(after(open).effects)).toEqual(['cancel-timer retry', 'connect', 'set-timer answer']);
      expect(after(open, opened).effects).toEqual([{ type: 'register' }]);
      const { state, effects } = after(...up);
      expect(state).toEqual({ phase: 'ready', established: true, failures: 0 });
      expect(effects).toContainEqual({ type: 'set-timer', timer: 'refresh', ms: 300_000 });
      expect(effects).toContainEqual({ type: 'ready', again: false });
      const renewal = after(...up, { type: 'timer', timer: 'refresh' });
      expect(renewal.effects).toEqual([
        { type: 'register' },
        { type: 'set-timer', timer: 'answer', ms: connectWithinMs },
      ]);
      expect(kinds(after(...up, { type: 'timer', timer: 'refresh' }, registered).effects)).toEqual([
        'cancel-timer answer',
        'set-timer refresh',
      ]);
    },
  );

  it('gives up a first attempt that fails, and says with what', () => {
    for (const [event, status] of [
      [lost, 0],
      [{ type: 'timer', timer: 'answer' }, 0],
    ] as const) {
      expect(after(open, event).effects).toContainEqual({ type: 'failed', status });
    }
    const refused = after(open, opened, { type: 'refused', status: 403 });
    expect(refused.state.phase).toBe('closed');
    expect(refused.effects).toContainEqual({ type: 'failed', status: 403 });
  });

  it(
    'opens a lost connection again, later from one failure to the next, and each caller at another moment',
    { meta: { clause: 'RFC 5626 4.5' } },
    () => {
      const pauses: number[] = [];
      let events: ConnectionEvent[] = [...up, lost];
      for (let i = 0; i < 8; i++) {
        const timer = after(...events).effects.find((e) => e.type === 'set-timer');
        expect(timer).toMatchObject({ timer: 'retry', spread: true });
        pauses.push(timer?.type === 'set-timer' ? timer.ms : 0);
        events = [...events, retry, lost];
      }
      expect(pauses.slice(0, 4)).toEqual([1, 2, 4, 8].map((n) => n * reconnectWithinMs));
      expect(pauses.at(-1)).toBe(longestReconnectMs);
      const again = after(...events, retry, opened, registered);
      expect(again.state.failures).toBe(0);
      expect(again.effects).toContainEqual({ type: 'ready', again: true });
    },
  );

  it('does not wait for the pause to end once the browser says there is a network', () => {
    expect(kinds(after(...up, lost, { type: 'online' }).effects)).toContain('connect');
    // The socket may still lead through the old one: a renewal shows whether it does.
    expect(kinds(after(...up, { type: 'online' }).effects)).toEqual(['register', 'set-timer answer']);
    expect(after(open, { type: 'online' }).effects).toEqual([]);
  });

  it('takes silence for a dead socket: a request or renewal without an answer, and nothing else heard', () => {
    for (const event of [{ type: 'unheard' }, { type: 'timer', timer: 'answer' }] as const) {
      const { state, effects } = after(...up, event);
      expect(state.phase).toBe('waiting');
      expect(kinds(effects)).toContain('disconnect');
      expect(kinds(effects)).toContain('set-timer retry');
    }
  });

  it('is tried again when a renewal is refused: a person in need does not lose the chat over it', () => {
    const { state, effects } = after(...up, { type: 'refused', status: 503 });
    expect(state.phase).toBe('waiting');
    expect(kinds(effects)).toContain('set-timer retry');
  });

  it(
    'takes its registration back at the end, and heeds nothing afterwards',
    { meta: { clause: 'RFC 3261 10.2.2' } },
    () => {
      expect(kinds(after(...up, { type: 'close' }).effects)).toEqual([
        'cancel-timer retry',
        'cancel-timer refresh',
        'cancel-timer answer',
        'unregister',
        'disconnect',
      ]);
      expect(kinds(after(...up, lost, { type: 'close' }).effects)).not.toContain('unregister');
      expect(after(...up, { type: 'close' }, lost, retry, open).effects).toEqual([]);
    },
  );
});
