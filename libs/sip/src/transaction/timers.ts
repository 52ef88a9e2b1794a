/** The base values of RFC 3261's timers, in milliseconds; every other timer follows from them. RFC 3261 table 4. */
export interface SipTimers {
  /** Estimate of the round-trip time. RFC 3261 17.1.1.1 */
  readonly t1: number;
  /** Longest interval between retransmissions of a non-INVITE request and of an INVITE response. */
  readonly t2: number;
  /** Longest time a message stays in the network. RFC 3261 17.1.2.2 */
  readonly t4: number;
  /** Timers B, F, H, J, L and M, and D on an unreliable transport: 64 times T1. RFC 3261 17, RFC 6026 7 */
  readonly timeout: number;
  /**
   * How long an INVITE, or any request over a reliable transport, may go without an answer of the core before a 100 is
   * sent. RFC 3261 17.2.1, RFC 4320 4.1
   */
  readonly trying: number;
  /** When a non-INVITE request over UDP still unanswered gets its 100: as soon as Timer E has reached T2. RFC 4320 4.1 */
  readonly lateTrying: number;
}

export const defaultTimers: SipTimers = sipTimers();

/** The timers that follow from a changed T1, T2 or T4. */
export function sipTimers(o: Partial<SipTimers> = {}): SipTimers {
  const t1 = o.t1 ?? 500;
  const t2 = o.t2 ?? 8 * t1;
  return {
    t1,
    t2,
    t4: o.t4 ?? 10 * t1,
    timeout: o.timeout ?? 64 * t1,
    trying: o.trying ?? Math.min(200, t1),
    lateTrying: o.lateTrying ?? timeUntilT2(t1, t2),
  };
}

/** Time from the first sending until Timer E is reset to T2: the sum of the intervals before it. RFC 4320 4.1 */
export function timeUntilT2(t1: number, t2: number): number {
  let elapsed = 0;
  for (let interval = t1; interval < t2; interval *= 2) elapsed += interval;
  return elapsed;
}

/** What a machine needs to know of its surroundings. */
export interface MachineContext {
  readonly reliable: boolean;
  readonly timers: SipTimers;
}
