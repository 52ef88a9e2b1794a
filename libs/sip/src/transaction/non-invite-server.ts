import {
  type Effect,
  end,
  forget,
  nothing,
  repeat,
  send,
  set,
  stop,
  transportFailed,
  trying,
} from './effect.js';
import type { MachineContext } from './timers.js';

/** RFC 3261 figure 8. */
export type NonInviteServerState =
  | { readonly name: 'initial' }
  | { readonly name: 'trying' }
  | { readonly name: 'proceeding' }
  | { readonly name: 'completed' }
  | { readonly name: 'terminated' };

export type NonInviteServerEvent =
  | 'start'
  | 'request'
  | 'send 100'
  | 'send 101-199'
  | 'silence'
  | 'send final'
  | 'timer trying'
  | 'timer expiry'
  | 'timer J'
  | 'transport error';

type Step = readonly [NonInviteServerState, readonly Effect[]];

const tryingState: NonInviteServerState = { name: 'trying' };
const proceeding: NonInviteServerState = { name: 'proceeding' };
const completed: NonInviteServerState = { name: 'completed' };
const terminated: NonInviteServerState = { name: 'terminated' };

/** The non-INVITE server transaction. RFC 3261 17.2.2 as restricted by RFC 4320 4 */
export function nonInviteServer(
  state: NonInviteServerState,
  event: NonInviteServerEvent,
  { reliable, timers }: MachineContext,
): Step {
  switch (state.name) {
    case 'initial':
      // RFC 4320 4.1: a 100 must go out if nothing else has by the time Timer E has reached T2. Over a reliable transport
      // it may go out at any time, and early it does: whoever waits learns soon that somebody is there.
      if (event !== 'start') break;
      return [tryingState, [set('trying', reliable ? timers.trying : timers.lateTrying)]];
    case 'trying':
      switch (event) {
        case 'timer trying':
          return [proceeding, [trying, set('expiry', timers.timeout)]];
        case 'send 100':
          // RFC 4320 4.1: over an unreliable transport no 100 before that time; over a reliable one at any time.
          if (!reliable) return [state, nothing];
          return [proceeding, [stop('trying'), set('expiry', timers.timeout), send]];
        default:
          // 17.2.2: repetitions of the request are discarded in Trying.
          return finalOf(state, event, { reliable, timers });
      }
    case 'proceeding':
      switch (event) {
        case 'request':
          // 17.2.2: a repetition gets the latest provisional response again.
          return [state, [repeat]];
        case 'send 100':
          return [state, [send]];
        case 'timer expiry':
          // RFC 4320 4.2: an element that cannot answer before the client's transaction is over does not answer at all.
          return [terminated, [end]];
        default:
          return finalOf(state, event, { reliable, timers });
      }
    case 'completed':
      switch (event) {
        case 'request':
          // 17.2.2: a repetition gets the final response again.
          return [state, [repeat]];
        case 'timer J':
          return [terminated, [end]];
        case 'transport error':
          return [state, [transportFailed]];
        default:
          // 17.2.2: any further final response of the user is discarded.
          return [state, nothing];
      }
    case 'terminated':
      break;
  }
  return [state, nothing];
}

function finalOf(
  state: NonInviteServerState,
  event: NonInviteServerEvent,
  { reliable, timers }: MachineContext,
): Step {
  // 17.2.2: Timer J is 64*T1 over unreliable transports and zero over reliable ones. Here it is T4 over reliable ones: a
  // client whose connection broke sends the same request over a new one, and is to get the same answer.
  const j = set('J', reliable ? timers.t4 : timers.timeout);
  switch (event) {
    case 'send final':
      return [completed, [stop('trying'), stop('expiry'), j, send]];
    case 'silence':
      // RFC 4320 4.2: a 408 is never sent to a non-INVITE request; repetitions are absorbed all the same.
      return [completed, [stop('trying'), stop('expiry'), forget, j]];
    case 'transport error':
      // Figure 8 terminates here. RFC 6026 7.1 gave that up for INVITE, since the next repetition would count as a new
      // request; a MESSAGE delivered twice is no better, so the state is kept here too.
      return [state, [transportFailed]];
    default:
      // RFC 4320 4.1: no provisional response but 100.
      return [state, nothing];
  }
}
