/** The WebSocket to the provider and the registration over it, as one thing that is there or not. */
export type ConnectionPhase = 'connecting' | 'registering' | 'ready' | 'waiting' | 'closed';

export interface Connection {
  readonly phase: ConnectionPhase;
  /** It was ready once: from then on it is opened again, for as long as the page lives. */
  readonly established: boolean;
  /** Attempts in a row that came to nothing. */
  readonly failures: number;
}

export type ConnectionTimer = 'retry' | 'refresh' | 'answer';

export type ConnectionEvent =
  | { readonly type: 'open' }
  /** The socket is there. */
  | { readonly type: 'opened' }
  /** The socket closed, or could not be had. */
  | { readonly type: 'lost' }
  | { readonly type: 'registered'; readonly seconds: number }
  /** A registration was refused; 0: there was no answer. */
  | { readonly type: 'refused'; readonly status: number }
  /** A request waits for its answer for long, and nothing else was heard. */
  | { readonly type: 'unheard' }
  /** The browser says that the network came back or is another one. */
  | { readonly type: 'online' }
  | { readonly type: 'timer'; readonly timer: ConnectionTimer }
  | { readonly type: 'close' };

export type ConnectionEffect =
  | { readonly type: 'connect' }
  /** Lets go of the socket, and of all that waits for an answer over it. */
  | { readonly type: 'disconnect' }
  | { readonly type: 'register' }
  | { readonly type: 'unregister' }
  /** Messages may go out; `again`: after the connection was lost. */
  | { readonly type: 'ready'; readonly again: boolean }
  /** The first attempt failed: the page is told, nothing is tried again. */
  | { readonly type: 'failed'; readonly status: number }
  /** `spread`: any time up to `ms`, so that not all callers come back at one moment. */
  | {
      readonly type: 'set-timer';
      readonly timer: ConnectionTimer;
      readonly ms: number;
      readonly spread?: true;
    }
  | { readonly type: 'cancel-timer'; readonly timer: ConnectionTimer };

/** Seconds a registration is asked for; it is renewed after half of what was granted. */
export const registrationSeconds = 600;

/** An open WebSocket with its registration has to be there within this time; likewise the answer to a renewal. */
export const connectWithinMs = 8_000;

/** A lost connection is opened again within this time, doubled from one failure to the next. */
export const reconnectWithinMs = 1_000;
export const longestReconnectMs = 30_000;

type Step = readonly [Connection, readonly ConnectionEffect[]];

export const unconnected: Connection = { phase: 'waiting', established: false, failures: 0 };

/** RFC 3261 10, RFC 5626 4.4 and 4.5, RFC 7118: what to do about the connection. Any event may come at any time. */
export function connection(state: Connection, event: ConnectionEvent): Step {
  if (state.phase === 'closed') return [state, []];
  switch (event.type) {
    case 'open':
      return state.phase === 'waiting' ? connect(state) : [state, []];
    case 'opened':
      return state.phase === 'connecting'
        ? [{ ...state, phase: 'registering' }, [{ type: 'register' }]]
        : [state, []];
    case 'registered':
      return registered(state, event.seconds);
    case 'refused':
      return lost(state, event.status);
    case 'lost':
    case 'unheard':
      return lost(state, 0);
    case 'online':
      if (state.phase === 'waiting' && state.established) return connect(state);
      // The socket may lead through a network that is gone: a renewal shows it.
      return state.phase === 'ready' ? renew(state) : [state, []];
    case 'timer':
      return timer(state, event.timer);
    case 'close':
      return [
        { ...state, phase: 'closed' },
        [
          ...cancelled,
          ...(state.phase === 'ready' ? [{ type: 'unregister' } as const] : []),
          { type: 'disconnect' },
        ],
      ];
  }
}

function connect(state: Connection): Step {
  return [
    { ...state, phase: 'connecting' },
    [
      { type: 'cancel-timer', timer: 'retry' },
      { type: 'connect' },
      { type: 'set-timer', timer: 'answer', ms: connectWithinMs },
    ],
  ];
}

function registered(state: Connection, seconds: number): Step {
  if (state.phase !== 'registering' && state.phase !== 'ready') return [state, []];
  const effects: ConnectionEffect[] = [
    { type: 'cancel-timer', timer: 'answer' },
    { type: 'set-timer', timer: 'refresh', ms: Math.max(1, seconds / 2) * 1_000 },
  ];
  if (state.phase === 'registering') effects.push({ type: 'ready', again: state.established });
  return [{ phase: 'ready', established: true, failures: 0 }, effects];
}

function renew(state: Connection): Step {
  return [state, [{ type: 'register' }, { type: 'set-timer', timer: 'answer', ms: connectWithinMs }]];
}

function timer(state: Connection, name: ConnectionTimer): Step {
  if (name === 'retry') return state.phase === 'waiting' ? connect(state) : [state, []];
  if (name === 'refresh') return state.phase === 'ready' ? renew(state) : [state, []];
  return lost(state, 0);
}

function lost(state: Connection, status: number): Step {
  if (state.phase === 'waiting') return [state, []];
  if (!state.established) {
    return [
      { ...state, phase: 'closed' },
      [...cancelled, { type: 'disconnect' }, { type: 'failed', status }],
    ];
  }
  const ms = Math.min(reconnectWithinMs * 2 ** Math.min(state.failures, 10), longestReconnectMs);
  return [
    { ...state, phase: 'waiting', failures: state.failures + 1 },
    [...cancelled, { type: 'disconnect' }, { type: 'set-timer', timer: 'retry', ms, spread: true }],
  ];
}

const cancelled: readonly ConnectionEffect[] = (['retry', 'refresh', 'answer'] as const).map((timer) => ({
  type: 'cancel-timer',
  timer,
}));
