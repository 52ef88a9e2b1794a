import type { TransportName } from './destination.js';

/** What the peer's certificate says. RFC 5922 7.1 */
export interface TlsPeer {
  /** Its chain ends at one of our authorities and it is valid now. */
  readonly authorized: boolean;
  readonly subject?: string;
  /** The SIP URIs of the subjectAltName, as written: `sip:provider.lab`. */
  readonly sanUris: readonly string[];
  readonly sanDns: readonly string[];
  readonly fingerprint256?: string;
}

/** A way to one peer: an open connection, or a UDP socket of ours with the peer's address and port. */
export interface Flow {
  readonly id: string;
  readonly transport: TransportName;
  /** The listener it came in on, or on whose behalf it was opened; `out` where it was opened for none. */
  readonly listener: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly tlsPeer?: TlsPeer;
  readonly reliable: boolean;
  readonly open: boolean;
  /** Never throws: a failure, now or later, goes to the `onError` callbacks. */
  send(bytes: Buffer): void;
  /** `callback` is called once at most; the returned function takes it back. */
  onError(callback: (reason: string) => void): () => void;
}

/** Callbacks that are each called once at most. */
export class ErrorCallbacks {
  #callbacks: Set<(reason: string) => void> | undefined;

  add(callback: (reason: string) => void): () => void {
    // A wrapper, so that one function registered twice counts twice.
    const entry = (reason: string) => callback(reason);
    const callbacks = (this.#callbacks ??= new Set());
    callbacks.add(entry);
    return () => void callbacks.delete(entry);
  }

  /**
   * Calls and forgets all, after the code that runs now: whoever sends must not be called back in the middle of it.
   * What a callback throws is given to `onThrow`.
   */
  fire(reason: string, onThrow: (error: unknown) => void): void {
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    if (!callbacks) return;
    queueMicrotask(() => {
      for (const callback of callbacks) {
        // Deleted first: one taken back by another on the way is not called any more.
        if (!callbacks.delete(callback)) continue;
        try {
          callback(reason);
        } catch (error) {
          onThrow(error);
        }
      }
    });
  }
}
