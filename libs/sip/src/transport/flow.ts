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
  /** SHA-256 fingerprint of the one of our authorities that it goes back to. */
  readonly authority?: string;
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

interface ErrorCallback {
  call: ((reason: string) => void) | undefined;
}

/** Callbacks that are each called once at most. */
export class ErrorCallbacks {
  /** Nearly always there is one. */
  #first: ErrorCallback | undefined;
  #others: Set<ErrorCallback> | undefined;

  add(callback: (reason: string) => void): () => void {
    // An entry of its own, so that one function registered twice counts twice.
    const entry: ErrorCallback = { call: callback };
    if (this.#first) (this.#others ??= new Set()).add(entry);
    else this.#first = entry;
    return () => {
      entry.call = undefined;
      if (this.#first === entry) this.#first = undefined;
      else this.#others?.delete(entry);
    };
  }

  /**
   * Calls and forgets all, after the code that runs now: whoever sends must not be called back in the middle of it.
   * What a callback throws is given to `onThrow`.
   */
  fire(reason: string, onThrow: (error: unknown) => void): void {
    const entries = [...(this.#first ? [this.#first] : []), ...(this.#others ?? [])];
    this.#first = undefined;
    this.#others = undefined;
    if (entries.length === 0) return;
    queueMicrotask(() => {
      for (const entry of entries) {
        // One taken back by another on the way is not called any more.
        const { call } = entry;
        entry.call = undefined;
        try {
          call?.(reason);
        } catch (error) {
          onThrow(error);
        }
      }
    });
  }
}
