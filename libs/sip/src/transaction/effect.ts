/**
 * The timers of RFC 3261 section 17 and RFC 6026; `trying` is the wait before a 100 of our own,
 * `expiry` the time after which a request that nobody answered is given up.
 */
export type TimerName =
  'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M' | 'trying' | 'expiry';

/** What a transaction asks its surroundings to do; a machine does nothing itself. */
export type Effect =
  /** Client: the request goes out (again). Server: the response of this event goes out and is kept for repetition. */
  | { readonly do: 'send' }
  /** Server: the response kept last goes out again. */
  | { readonly do: 'repeat' }
  /** Server: a 100 of our own goes out and is kept for repetition. */
  | { readonly do: 'trying' }
  /** Client: an ACK for the response of this event. RFC 3261 17.1.1.3 */
  | { readonly do: 'ack' }
  /** The message of this event is handed to the transaction user. */
  | { readonly do: 'deliver' }
  | { readonly do: 'fail'; readonly reason: 'timeout' | 'transport' }
  | { readonly do: 'set'; readonly timer: TimerName; readonly ms: number }
  | { readonly do: 'stop'; readonly timer: TimerName }
  /** The final answer is known: what was kept for sending the request again may go. */
  | { readonly do: 'release' }
  /** Server: the response kept for repetition is dropped: repetitions get nothing. */
  | { readonly do: 'forget' }
  | { readonly do: 'end' };

export const send: Effect = { do: 'send' };
export const repeat: Effect = { do: 'repeat' };
export const trying: Effect = { do: 'trying' };
export const ack: Effect = { do: 'ack' };
export const deliver: Effect = { do: 'deliver' };
export const timedOut: Effect = { do: 'fail', reason: 'timeout' };
export const transportFailed: Effect = { do: 'fail', reason: 'transport' };
export const release: Effect = { do: 'release' };
export const forget: Effect = { do: 'forget' };
export const end: Effect = { do: 'end' };

export function set(timer: TimerName, ms: number): Effect {
  return { do: 'set', timer, ms };
}

export function stop(timer: TimerName): Effect {
  return { do: 'stop', timer };
}

export const nothing: readonly Effect[] = [];
