import {
  deliver,
  type Effect,
  end,
  nothing,
  release,
  repeat,
  send,
  set,
  stop,
  timedOut,
  transportFailed,
  trying,
} from './effect.js';
import type { MachineContext } from './timers.js';

/** RFC 6026 figure 7. `interval` is Timer G's present value in milliseconds. */
export type InviteServerState =
  | { readonly name: 'initial' }
  | { readonly name: 'proceeding' }
  | { readonly name: 'completed'; readonly interval: number }
  | { readonly name: 'confirmed' }
  | { readonly name: 'accepted' }
  | { readonly name: 'terminated' };

export type InviteServerEvent =
  | 'start'
  | 'request'
  | 'ack'
  | 'send 1xx'
  | 'send 2xx'
  | 'send 300-699'
  | 'timer trying'
  | 'timer G'
  | 'timer H'
  | 'timer I'
  | 'timer L'
  | 'transport error';

type Step = readonly [InviteServerState, readonly Effect[]];

const proceeding: InviteServerState = { name: 'proceeding' };
const confirmed: InviteServerState = { name: 'confirmed' };
const accepted: InviteServerState = { name: 'accepted' };
const terminated: InviteServerState = { name: 'terminated' };

/** The INVITE server transaction. RFC 3261 17.2.1 as corrected by RFC 6026 7.1 */
export function inviteServer(
  state: InviteServerState,
  event: InviteServerEvent,
  { reliable, timers }: MachineContext,
): Step {
  // RFC 6026 7.1: a response that cannot be sent is told to the user and changes no state.
  if (event === 'transport error' && state.name !== 'initial' && state.name !== 'terminated') {
    return [state, [transportFailed]];
  }
  switch (state.name) {
    case 'initial':
      // 17.2.1: a 100 goes out unless the user is known to answer within 200 ms.
      if (event !== 'start') break;
      return [proceeding, [set('trying', timers.trying)]];
    case 'proceeding':
      switch (event) {
        case 'timer trying':
          return [state, [trying]];
        case 'request':
          // 17.2.1: a repetition gets the latest provisional response again.
          return [state, [repeat]];
        case 'send 1xx':
          return [state, [stop('trying'), send]];
        case 'send 2xx':
          // RFC 6026 7.1: a 2xx moves to Accepted and sets Timer L to 64*T1.
          return [accepted, [stop('trying'), set('L', timers.timeout), send, release]];
        case 'send 300-699': {
          // 17.2.1: the response is sent, Timer H is 64*T1, and over an unreliable transport Timer G is T1.
          const effects = [stop('trying'), set('H', timers.timeout), send];
          return [
            { name: 'completed', interval: timers.t1 },
            reliable ? effects : [...effects, set('G', timers.t1)],
          ];
        }
        default:
          return [state, nothing];
      }
    case 'completed':
      switch (event) {
        case 'timer G': {
          // 17.2.1: Timer G sends the response again and doubles up to T2.
          const interval = Math.min(2 * state.interval, timers.t2);
          return [{ name: 'completed', interval }, [repeat, set('G', interval)]];
        }
        case 'request':
          return [state, [repeat]];
        case 'ack':
          // 17.2.1: the ACK moves to Confirmed; Timer I is T4 over unreliable transports and zero over reliable ones.
          if (reliable) return [terminated, [stop('G'), stop('H'), end]];
          return [confirmed, [stop('G'), stop('H'), set('I', timers.t4), release]];
        case 'timer H':
          // 17.2.1: Timer H means that the ACK never came.
          return [terminated, [stop('G'), timedOut, end]];
        default:
          return [state, nothing];
      }
    case 'confirmed':
      // 17.2.1: Confirmed absorbs further ACKs until Timer I.
      if (event === 'timer I') return [terminated, [end]];
      break;
    case 'accepted':
      switch (event) {
        case 'ack':
          // RFC 6026 7.1: an ACK in Accepted belongs to the user.
          return [state, [deliver]];
        case 'send 2xx':
          // RFC 6026 7.1: a 2xx the user repeats is sent.
          return [state, [send]];
        case 'timer L':
          return [terminated, [end]];
        default:
          // RFC 6026 7.1: repetitions of the INVITE are absorbed.
          return [state, nothing];
      }
    case 'terminated':
      break;
  }
  return [state, nothing];
}
