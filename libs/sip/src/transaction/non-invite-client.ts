import {
  deliver,
  type Effect,
  end,
  nothing,
  release,
  send,
  set,
  stop,
  timedOut,
  transportFailed,
} from './effect.js';
import type { MachineContext } from './timers.js';

/** RFC 3261 figure 6. `interval` is Timer E's present value in milliseconds. */
export type NonInviteClientState =
  | { readonly name: 'initial' }
  | { readonly name: 'trying'; readonly interval: number }
  | { readonly name: 'proceeding' }
  | { readonly name: 'completed' }
  | { readonly name: 'terminated' };

export type NonInviteClientEvent =
  'start' | '1xx' | 'final' | 'timer E' | 'timer F' | 'timer K' | 'transport error';

type Step = readonly [NonInviteClientState, readonly Effect[]];

const proceeding: NonInviteClientState = { name: 'proceeding' };
const completed: NonInviteClientState = { name: 'completed' };
const terminated: NonInviteClientState = { name: 'terminated' };

/** The non-INVITE client transaction. RFC 3261 17.1.2.2 */
export function nonInviteClient(
  state: NonInviteClientState,
  event: NonInviteClientEvent,
  { reliable, timers }: MachineContext,
): Step {
  switch (state.name) {
    case 'initial':
      // 17.1.2.2: the request goes out on entering Trying, Timer F is set to 64*T1, and over an unreliable transport
      // Timer E to T1.
      if (event !== 'start') break;
      return [
        { name: 'trying', interval: timers.t1 },
        reliable ? [send, set('F', timers.timeout)] : [send, set('F', timers.timeout), set('E', timers.t1)],
      ];
    case 'trying':
      switch (event) {
        case 'timer E': {
          // 17.1.2.2: while in Trying, each firing sends again and doubles the interval up to T2.
          const interval = Math.min(2 * state.interval, timers.t2);
          return [{ name: 'trying', interval }, [send, set('E', interval)]];
        }
        case '1xx':
          // 17.1.2.2: a provisional response goes to the user and moves to Proceeding.
          return [proceeding, [deliver]];
        default:
          return pending(state, event, { reliable, timers });
      }
    case 'proceeding':
      switch (event) {
        case 'timer E':
          // 17.1.2.2: while in Proceeding, each firing sends again and the interval is T2.
          return [proceeding, [send, set('E', timers.t2)]];
        case '1xx':
          return [proceeding, [deliver]];
        default:
          return pending(state, event, { reliable, timers });
      }
    case 'completed':
      // 17.1.2.2: Completed absorbs further responses until Timer K.
      if (event === 'timer K') return [terminated, [end]];
      break;
    case 'terminated':
      break;
  }
  return [state, nothing];
}

/** What Trying and Proceeding have in common. */
function pending(
  state: NonInviteClientState,
  event: NonInviteClientEvent,
  { reliable, timers }: MachineContext,
): Step {
  switch (event) {
    case 'final':
      // 17.1.2.2: a final response goes to the user; Timer K is T4 over unreliable transports and zero over reliable.
      if (reliable) return [terminated, [stop('F'), deliver, end]];
      return [completed, [stop('E'), stop('F'), set('K', timers.t4), release, deliver]];
    case 'timer F':
      // 17.1.2.2: Timer F tells the user of a timeout and terminates.
      return [terminated, [stop('E'), timedOut, end]];
    case 'transport error':
      // 17.1.4: a transport error is told to the user and terminates.
      return [terminated, [stop('E'), stop('F'), transportFailed, end]];
    default:
      return [state, nothing];
  }
}
