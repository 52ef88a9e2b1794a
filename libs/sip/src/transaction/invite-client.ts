import {
  ack,
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

/** RFC 6026 figure 5. `interval` is Timer A's present value in milliseconds. */
export type InviteClientState =
  | { readonly name: 'initial' }
  | { readonly name: 'calling'; readonly interval: number }
  | { readonly name: 'proceeding' }
  | { readonly name: 'completed' }
  | { readonly name: 'accepted' }
  | { readonly name: 'terminated' };

export type InviteClientEvent =
  'start' | '1xx' | '2xx' | '300-699' | 'timer A' | 'timer B' | 'timer D' | 'timer M' | 'transport error';

type Step = readonly [InviteClientState, readonly Effect[]];

const proceeding: InviteClientState = { name: 'proceeding' };
const completed: InviteClientState = { name: 'completed' };
const accepted: InviteClientState = { name: 'accepted' };
const terminated: InviteClientState = { name: 'terminated' };

/** The INVITE client transaction. RFC 3261 17.1.1.2 as corrected by RFC 6026 7.2 */
export function inviteClient(
  state: InviteClientState,
  event: InviteClientEvent,
  context: MachineContext,
): Step {
  const { reliable, timers } = context;
  switch (state.name) {
    case 'initial':
      // 17.1.1.2: the INVITE goes out, Timer B is 64*T1, and over an unreliable transport Timer A is T1.
      if (event !== 'start') break;
      return [
        { name: 'calling', interval: timers.t1 },
        reliable ? [send, set('B', timers.timeout)] : [send, set('B', timers.timeout), set('A', timers.t1)],
      ];
    case 'calling':
      switch (event) {
        case 'timer A': {
          // 17.1.1.2: Timer A sends again and doubles, only while Calling.
          const interval = 2 * state.interval;
          return [{ name: 'calling', interval }, [send, set('A', interval)]];
        }
        case 'timer B':
          // 17.1.1.2: Timer B while Calling is a timeout for the user.
          return [terminated, [stop('A'), timedOut, end]];
        case 'transport error':
          // 17.1.4: a transport error is told to the user and terminates.
          return [terminated, [stop('A'), stop('B'), transportFailed, end]];
        default:
          return answered(state, event, context);
      }
    case 'proceeding':
      return answered(state, event, context);
    case 'completed':
      switch (event) {
        case '300-699':
          // 17.1.1.2: each repetition of the final response is acknowledged again and not handed up.
          return [completed, [ack]];
        case 'timer D':
          return [terminated, [end]];
        case 'transport error':
          // 17.1.1.2: an ACK that cannot be sent is told to the user and terminates.
          return [terminated, [stop('D'), transportFailed, end]];
        default:
          return [state, nothing];
      }
    case 'accepted':
      switch (event) {
        case '2xx':
          // RFC 6026 7.2: each 2xx, repeated or from another fork, goes to the user, who owns the ACK.
          return [accepted, [deliver]];
        case 'timer M':
          return [terminated, [end]];
        default:
          return [state, nothing];
      }
    case 'terminated':
      break;
  }
  return [state, nothing];
}

/** What a response does in Calling and in Proceeding alike. */
function answered(
  state: InviteClientState,
  event: InviteClientEvent,
  { reliable, timers }: MachineContext,
): Step {
  switch (event) {
    case '1xx':
      // 17.1.1.2: a provisional response goes to the user; the INVITE is no longer sent again.
      return [proceeding, state.name === 'calling' ? [stop('A'), stop('B'), deliver] : [deliver]];
    case '2xx':
      // RFC 6026 7.2: a 2xx moves to Accepted, goes to the user and sets Timer M to 64*T1.
      return [accepted, [stop('A'), stop('B'), set('M', timers.timeout), release, deliver]];
    case '300-699':
      // 17.1.1.2: the response is acknowledged and handed up; Timer D is at least 32 s, zero over reliable transports.
      if (reliable) return [terminated, [stop('B'), ack, deliver, end]];
      return [completed, [stop('A'), stop('B'), set('D', timers.timeout), ack, deliver]];
    default:
      return [state, nothing];
  }
}
