/** What is known of one next hop that has failed lately. */
export interface Circuit {
  /** Answers 408 or 503 in a row. */
  readonly failures: number;
  /** It is left alone. */
  readonly open: boolean;
  /** How often it was left alone since it last took a call. */
  readonly strikes: number;
  /** Since when it is as it is, monotonic milliseconds. */
  readonly since: number;
}

export type CircuitEvent =
  /** It took or refused a call with an answer of its own. */
  | 'answered'
  /** 408 or 503. */
  | 'failed'
  /** Silent, or no connection. */
  | 'unanswered'
  /** It answered OPTIONS. */
  | 'alive';

export interface CircuitLimits {
  readonly failures: number;
  readonly probeEvery: number;
  readonly longestPause: number;
}

export const wellCircuit: Circuit = { failures: 0, open: false, strikes: 0, since: 0 };

/** A next hop is left alone after some failures in a row, at once when it says nothing, until it says something. */
export function circuit(state: Circuit, event: CircuitEvent, now: number, limits: CircuitLimits): Circuit {
  switch (event) {
    case 'answered':
      return wellCircuit;
    case 'alive':
      // The strikes stay until a call was answered: it may live and yet take no calls.
      return state.open ? { ...state, open: false, failures: 0, since: now } : state;
    case 'failed':
    case 'unanswered': {
      if (state.open) return state;
      const failures = state.failures + 1;
      if (event === 'failed' && failures < limits.failures) return { ...state, failures };
      return { failures, open: true, strikes: state.strikes + 1, since: now };
    }
  }
}

/** Milliseconds from being left alone to the first OPTIONS: none the first time, as it may have been one bad call. */
export function firstProbeAfter({ strikes }: Circuit, limits: CircuitLimits): number {
  if (strikes <= 1) return 0;
  return Math.min(limits.longestPause, limits.probeEvery * 2 ** Math.min(strikes - 2, 20));
}
