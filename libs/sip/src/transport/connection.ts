import type { Clock } from '@esinet/kernel';
import type { Parsed } from '../codec/parsed.js';
import type { SipMessage } from '../codec/sip-message.js';
import type { TransportName } from './destination.js';
import { ErrorCallbacks, type Flow, type TlsPeer } from './flow.js';
import type { TransportLimits } from './limits.js';

/** What a connection writes to: a stream socket or a WebSocket. */
export interface Wire {
  /** `flushed` is called when the kernel has taken the bytes. */
  write(bytes: Buffer, flushed: () => void): void;
  /** Asks the peer for a sign of life: CRLF CRLF, or a WebSocket ping. */
  ping(flushed: () => void): void;
  /** Bytes the kernel has not taken yet. */
  readonly queued: number;
  /** Says good-bye after what is queued; the peer closes, or `destroy` does. */
  end(): void;
  /** Closes now. */
  destroy(): void;
}

/** What is told of a connection. */
export interface ConnectionEvents {
  message(message: SipMessage, connection: Connection): void;
  invalid(problem: Extract<Parsed, { kind: 'invalid' }>, connection: Connection): void;
  closed(connection: Connection, reason: string): void;
  /** A callback threw. */
  failed(error: unknown): void;
}

export interface ConnectionDescription {
  readonly id: string;
  readonly transport: TransportName;
  readonly listener: string;
  /** We opened it. */
  readonly client: boolean;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly tlsPeer?: TlsPeer;
}

/** What the deadlines of a connection hang on: monotonic milliseconds, undefined where nothing is awaited. */
export interface ConnectionTimes {
  readonly client: boolean;
  readonly openedAt: number;
  readonly receivedAt: number;
  readonly sentAt: number;
  readonly hadMessage: boolean;
  readonly partialSince: number | undefined;
  readonly queuedSince: number | undefined;
  readonly pingedAt: number | undefined;
  /** When the first request went out that no byte has followed. */
  readonly unansweredSince: number | undefined;
  /** The peer answers pings: it did once, or must by the protocol (WebSocket). */
  readonly pongs: boolean;
  /** Pings go out from our side. */
  readonly pings: boolean;
}

export type ConnectionDue = { readonly close: string } | 'ping' | undefined;

/**
 * What time asks of a connection. A missed pong closes it only when the peer is known to answer pings: one that
 * does not follow RFC 5626 ignores empty lines (RFC 3261 7.5) and is no worse a peer for it.
 */
export function connectionDue(times: ConnectionTimes, now: number, limits: TransportLimits): ConnectionDue {
  const past = (since: number | undefined, ms: number) => since !== undefined && now - since >= ms;
  if (past(times.queuedSince, limits.drainTimeoutMs)) return { close: 'slow-peer' };
  if (!times.client && !times.hadMessage && past(times.openedAt, limits.firstMessageTimeoutMs)) {
    return { close: 'no-message' };
  }
  if (past(times.partialSince, limits.firstMessageTimeoutMs)) return { close: 'half-message' };
  if (times.pongs && past(times.pingedAt, limits.pongTimeoutMs)) return { close: 'no-pong' };
  // A host that vanished acknowledges nothing, and TCP would take a quarter of an hour to say so.
  if (past(times.unansweredSince, limits.unansweredTimeoutMs)) return { close: 'unanswered' };
  if (past(Math.max(times.receivedAt, times.sentAt), limits.idleTimeoutMs)) return { close: 'idle' };
  if (times.pings && limits.keepAliveMs > 0) {
    if (past(Math.max(times.receivedAt, times.pingedAt ?? 0), limits.keepAliveMs)) return 'ping';
    if (times.pingedAt === undefined && past(times.unansweredSince, limits.unansweredPingMs)) return 'ping';
  }
  return undefined;
}

/** A request but ACK: neither that nor a response is answered. */
function wantsAnswer(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 4);
  return start !== 'SIP/' && start !== 'ACK ';
}

/** A flow over a connection: TCP, TLS, WS or WSS. */
export class Connection implements Flow {
  readonly id: string;
  readonly transport: TransportName;
  readonly listener: string;
  readonly client: boolean;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  declare readonly tlsPeer?: TlsPeer;
  readonly reliable = true;

  #open = true;
  readonly #errors = new ErrorCallbacks();
  readonly #openedAt: number;
  #receivedAt: number;
  #sentAt: number;
  #hadMessage = false;
  #partialSince: number | undefined;
  #queuedSince: number | undefined;
  #pingedAt: number | undefined;
  #unansweredSince: number | undefined;
  #pongs: boolean;
  readonly #pings: boolean;
  readonly #flushed = (): void => {
    this.#queuedSince = this.wire.queued > 0 ? this.clock.now() : undefined;
  };

  constructor(
    description: ConnectionDescription,
    private readonly wire: Wire,
    private readonly clock: Clock,
    private readonly limits: TransportLimits,
    private readonly events: ConnectionEvents,
  ) {
    this.id = description.id;
    this.transport = description.transport;
    this.listener = description.listener;
    this.client = description.client;
    this.localAddress = description.localAddress;
    this.localPort = description.localPort;
    this.remoteAddress = description.remoteAddress;
    this.remotePort = description.remotePort;
    if (description.tlsPeer) this.tlsPeer = description.tlsPeer;
    const webSocket = description.transport === 'ws' || description.transport === 'wss';
    this.#pongs = webSocket;
    this.#pings = webSocket || description.client;
    this.#openedAt = this.#receivedAt = this.#sentAt = clock.now();
  }

  get open(): boolean {
    return this.#open;
  }

  /** A whole message has come in. */
  get hadMessage(): boolean {
    return this.#hadMessage;
  }

  /** When the last byte came or went, in monotonic milliseconds. */
  get lastUsedAt(): number {
    return Math.max(this.#receivedAt, this.#sentAt);
  }

  send(bytes: Buffer): void {
    if (!this.#open) {
      this.#fireErrors('closed');
      return;
    }
    this.#sentAt = this.clock.now();
    this.#queuedSince ??= this.#sentAt;
    if (wantsAnswer(bytes)) this.#unansweredSince ??= this.#sentAt;
    try {
      this.wire.write(bytes, this.#flushed);
    } catch (error) {
      this.events.failed(error);
      this.close('write');
      return;
    }
    if (this.wire.queued > this.limits.maxWriteBufferBytes) this.close('slow-peer');
  }

  onError(callback: (reason: string) => void): () => void {
    const off = this.#errors.add(callback);
    if (!this.#open) this.#fireErrors('closed');
    return off;
  }

  /** What the framing made of the bytes just read; `broken` when the rest of the stream has no meaning. */
  received(parsed: readonly Parsed[], broken: boolean): void {
    if (!this.#open) return;
    this.touched();
    this.#partialSince = undefined;
    for (const item of parsed) {
      if (item.kind === 'message') {
        this.#hadMessage = true;
        this.events.message(item.message, this);
      } else if (item.kind === 'invalid') {
        this.events.invalid(item, this);
      } else if (item.reply) {
        this.#write(item.reply);
      } else {
        this.ponged();
      }
      // Whoever was told may have closed us: what follows in the chunk has no reader left.
      if (!this.#open) return;
    }
    if (broken) this.end('framing');
  }

  /** Reading what came threw: nothing that follows on this connection could be trusted. */
  unreadable(error: unknown): void {
    this.events.failed(error);
    this.close('framing');
  }

  /** Bytes came that complete nothing: line ends between messages (a pong is one, RFC 5626 4.4.1), or a part of one. */
  receivedPart(lineEnds: boolean): void {
    if (lineEnds && this.#partialSince === undefined) return this.ponged();
    this.touched();
    this.#partialSince ??= this.#receivedAt;
  }

  /** The peer answered a ping. */
  ponged(): void {
    this.touched();
    if (this.#pingedAt !== undefined) this.#pongs = true;
    this.#pingedAt = undefined;
  }

  /** The peer gave a sign of life. */
  touched(): void {
    this.#receivedAt = this.clock.now();
    this.#unansweredSince = undefined;
  }

  /** Looks at the deadlines. */
  sweep(now: number): void {
    if (!this.#open) return;
    const due = connectionDue(this.#times(), now, this.limits);
    if (due === undefined) return;
    if (due !== 'ping') return this.close(due.close);
    this.#pingedAt = now;
    this.#queuedSince ??= now;
    try {
      this.wire.ping(this.#flushed);
    } catch (error) {
      this.events.failed(error);
      this.close('write');
    }
  }

  /** Closes at once and tells everybody, each once. */
  close(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.wire.destroy();
    this.events.closed(this, reason);
    this.#fireErrors(reason);
  }

  /** Closes after what is queued went out; the peer has the grace time to close its half. */
  end(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.wire.end();
    this.clock.after(this.limits.stopGraceMs, () => this.abandon());
    this.events.closed(this, reason);
    this.#fireErrors(reason);
  }

  /** Gives up on what `end` has not got out yet. */
  abandon(): void {
    this.wire.destroy();
  }

  #write(bytes: Buffer): void {
    this.#queuedSince ??= this.clock.now();
    this.wire.write(bytes, this.#flushed);
    if (this.wire.queued > this.limits.maxWriteBufferBytes) this.close('slow-peer');
  }

  #fireErrors(reason: string): void {
    this.#errors.fire(reason, (error) => this.events.failed(error));
  }

  #times(): ConnectionTimes {
    return {
      client: this.client,
      openedAt: this.#openedAt,
      receivedAt: this.#receivedAt,
      sentAt: this.#sentAt,
      hadMessage: this.#hadMessage,
      partialSince: this.#partialSince,
      queuedSince: this.#queuedSince,
      pingedAt: this.#pingedAt,
      unansweredSince: this.#unansweredSince,
      pongs: this.#pongs,
      pings: this.#pings,
    };
  }
}
