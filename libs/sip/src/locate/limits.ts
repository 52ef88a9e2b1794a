/** Bounds of the server location. The whole time of one `locate` is an option of its own (`timeoutMs`). */
export interface LocateLimits {
  /** DNS answers kept. */
  readonly maxCachedAnswers: number;
  /** Longest time an answer is taken without asking again, whatever its TTL. */
  readonly maxTtlMs: number;
  /** For answers whose TTL node:dns does not tell (NAPTR, SRV), and for those that say "there is none". */
  readonly defaultTtlMs: number;
  /** After a failed question the last good answer serves for so long before the DNS is asked again. */
  readonly retryAfterMs: number;
  /** How old the last good answer may grow while the DNS fails. RFC 8767 5 names one to three days. */
  readonly maxStaleMs: number;
  /** Destinations returned for one URI. */
  readonly maxDestinations: number;
}

export const defaultLocateLimits: LocateLimits = {
  maxCachedAnswers: 4_096,
  maxTtlMs: 3_600_000,
  defaultTtlMs: 60_000,
  retryAfterMs: 5_000,
  maxStaleMs: 259_200_000,
  maxDestinations: 16,
};
