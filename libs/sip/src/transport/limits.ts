/** Every bound of the transports. All may be set by configuration; the defaults are `defaultTransportLimits`. */
export interface TransportLimits {
  /**
   * Open connections over all listeners and transports. A further one takes the place of the accepted one that has
   * been silent for longest; where every one has sent a message it is closed at once.
   */
  readonly maxConnections: number;
  /** Sockets of one listener whose TLS or WebSocket handshake is not done. */
  readonly maxHandshakes: number;
  /** Milliseconds until a connection of ours (with its TLS and WebSocket handshakes) must stand. */
  readonly connectTimeoutMs: number;
  /** Milliseconds a peer that had no TLS is reached by its fallback without another try. */
  readonly tlsRetryMs: number;
  /** Milliseconds a peer has for its TLS or WebSocket handshake with us. */
  readonly handshakeTimeoutMs: number;
  /** Milliseconds without a byte either way until a connection is closed. TS 103 698 6.1.1 wants 3 minutes at least. */
  readonly idleTimeoutMs: number;
  /** Milliseconds for the first whole message of an accepted connection, and for the rest of a message begun. */
  readonly firstMessageTimeoutMs: number;
  /** Milliseconds without a byte received until a keep-alive ping goes out. RFC 5626 4.4.1 and 7118 6; 0 = never. */
  readonly keepAliveMs: number;
  /** Milliseconds a request of ours is without any byte in return until a ping asks whether the peer is there. */
  readonly unansweredPingMs: number;
  /** Milliseconds a request of ours is without any byte in return until its connection counts as dead: Timer F. */
  readonly unansweredTimeoutMs: number;
  /** Milliseconds of silence after which the kernel probes the peer (TCP keep-alive). */
  readonly tcpKeepAliveMs: number;
  /** Milliseconds for the pong. RFC 5626 4.4.1 */
  readonly pongTimeoutMs: number;
  /** Bytes waiting for one peer's socket; a connection with more is dropped. */
  readonly maxWriteBufferBytes: number;
  /** Milliseconds one peer may take nothing of what waits for it; then its connection is dropped. */
  readonly drainTimeoutMs: number;
  /** Bytes of a message not yet whole on a connection; also the largest WebSocket message. */
  readonly maxReadBufferBytes: number;
  /** Largest datagram sent. RFC 768 over IPv4. */
  readonly maxDatagramBytes: number;
  /** Bytes waiting in one UDP socket of ours; further datagrams fail. */
  readonly maxDatagramQueueBytes: number;
  /** Receive buffer asked of the kernel for a UDP socket (it may give less). */
  readonly udpReceiveBufferBytes: number;
  /** Milliseconds connections have at `stop` to get out what is queued. */
  readonly stopGraceMs: number;
  /** Milliseconds between two looks at the deadlines of the connections. */
  readonly sweepMs: number;
}

export const defaultTransportLimits: TransportLimits = {
  maxConnections: 10_000,
  maxHandshakes: 1_000,
  connectTimeoutMs: 3_000,
  tlsRetryMs: 30_000,
  handshakeTimeoutMs: 5_000,
  idleTimeoutMs: 600_000,
  firstMessageTimeoutMs: 30_000,
  keepAliveMs: 25_000,
  unansweredPingMs: 5_000,
  unansweredTimeoutMs: 32_000,
  tcpKeepAliveMs: 30_000,
  pongTimeoutMs: 10_000,
  maxWriteBufferBytes: 1_048_576,
  drainTimeoutMs: 5_000,
  maxReadBufferBytes: 131_072,
  maxDatagramBytes: 65_507,
  maxDatagramQueueBytes: 16_777_216,
  udpReceiveBufferBytes: 4_194_304,
  stopGraceMs: 1_000,
  sweepMs: 1_000,
};
