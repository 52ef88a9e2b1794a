/** What a message may grow to before it is refused. Every member is configurable; see docs/limits.md. */
export interface SipLimits {
  /** Octets of one message, header section and body. */
  readonly maxMessage: number;
  /** Octets of the start line and all header lines together. */
  readonly maxHeaderSection: number;
  /** Octets of one header line, its folded continuations included. */
  readonly maxHeaderLine: number;
  readonly maxHeaderLines: number;
  /** Via values over all Via lines (RFC 3261 16.3 advises 70 hops). */
  readonly maxVias: number;
  /** Octets of the Request-URI. */
  readonly maxUri: number;
}

export const defaultSipLimits: SipLimits = {
  maxMessage: 98_304,
  maxHeaderSection: 16_384,
  maxHeaderLine: 8_192,
  maxHeaderLines: 200,
  maxVias: 70,
  maxUri: 2_048,
};

/** For octets that were judged before. */
export const unlimited: SipLimits = {
  maxMessage: Infinity,
  maxHeaderSection: Infinity,
  maxHeaderLine: Infinity,
  maxHeaderLines: Infinity,
  maxVias: Infinity,
  maxUri: Infinity,
};

export function sipLimits(overrides?: Partial<SipLimits>): SipLimits {
  return overrides === undefined ? defaultSipLimits : { ...defaultSipLimits, ...overrides };
}
