/** What one HTTP client may take of an element. Times in milliseconds. */
export interface HttpLimits {
  /** Bytes of body on a fast route. LoST and HELD documents are far smaller. */
  readonly maxBodyBytes: number;
  /** Bytes of all header lines together. */
  readonly maxHeaderBytes: number;
  /** From the first byte of a request to the end of its header. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the end of its body: a drip ends here. */
  readonly requestTimeoutMs: number;
  /** How often the two above are looked at. */
  readonly checkingIntervalMs: number;
  /** How long a connection may stay open between two requests. */
  readonly keepAliveTimeoutMs: number;
  /** Longest time without a byte in either direction, streams of events included. */
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
  /** How long requests under way may take when the element shuts down. */
  readonly closeTimeoutMs: number;
}

export const defaultHttpLimits: HttpLimits = {
  maxBodyBytes: 65_536,
  maxHeaderBytes: 16_384,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  checkingIntervalMs: 1_000,
  keepAliveTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
  maxConnections: 10_000,
  closeTimeoutMs: 5_000,
};
