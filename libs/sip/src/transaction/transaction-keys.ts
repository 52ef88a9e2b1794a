import type { SipMessage } from '../codec/sip-message.js';
import type { Via } from '../codec/via.js';
import { halfSipHash, type HashKey, hex64 } from './half-sip-hash.js';

/** RFC 3261 8.1.1.7 */
export const magicCookie = 'z9hG4bK';

/** Largest key kept; what is longer is cut, which the hash of the whole makes up for. */
const longestKey = 1_024;

/** What tells one request from another: its key, and a keyed hash of it in 16 hexadecimal digits and as two words. */
export interface RequestKey {
  readonly key: string;
  readonly hash: string;
  readonly high: number;
  readonly low: number;
}

/** The keys by which a request finds its server transaction, RFC 3261 17.2.3, and from which our branches are made. */
export class TransactionKeys {
  readonly #scratch = Buffer.alloc(longestKey);

  constructor(private readonly secret: HashKey) {}

  /**
   * The key of `request`, as if its method were `method`: ACK and CANCEL look for the INVITE they belong to.
   * `via` is its top Via.
   *
   * RFC 3261 17.2.3 compares branch, sent-by and method. Call-ID and CSeq number are the same in all requests of a
   * transaction; they stand here as well because of clients that use one branch for everything: their second message
   * would pass for a repetition of the first, and be answered 200 unread.
   */
  of(request: SipMessage, via: Via, method: string): RequestKey {
    const branch = via.branch;
    const text =
      branch !== undefined && branch.startsWith(magicCookie) && branch.length > magicCookie.length
        ? `${branch}\n${via.host}:${via.port ?? ''}\n${method} ${request.cseq?.number ?? ''} ${request.callId ?? ''}`
        : earlierKey(request, via, method);
    if (text.length > longestKey) {
      const [high, low] = this.#wordsOf(text);
      const hash = hex64(high, low);
      return { key: hash + text.slice(0, 64), hash, high, low };
    }
    const length = this.#scratch.write(text, 0, 'latin1');
    const [high, low] = halfSipHash(this.#scratch, length, this.secret);
    // Read back rather than taken over: the text is made of slices that would keep the whole message alive.
    return { key: this.#scratch.toString('latin1', 0, length), hash: hex64(high, low), high, low };
  }

  hashOf(text: string): string {
    const [high, low] = this.#wordsOf(text);
    return hex64(high, low);
  }

  #wordsOf(text: string): readonly [high: number, low: number] {
    const bytes = text.length > longestKey ? Buffer.from(text, 'latin1') : this.#scratch;
    const length = bytes === this.#scratch ? bytes.write(text, 0, 'latin1') : bytes.length;
    return halfSipHash(bytes, length, this.secret);
  }

  /** 32 bits, where that is enough: the part of a branch that tells a loop from a spiral. RFC 5393 4.2.4 */
  shortHashOf(text: string): string {
    return this.hashOf(text).slice(0, 8);
  }
}

/**
 * RFC 3261 17.2.3, a branch without the cookie: Request-URI, tags, Call-ID, CSeq number and top Via. The To tag is left
 * out for INVITE, whose ACK carries that of the response.
 */
function earlierKey(request: SipMessage, via: Via, method: string): string {
  const toTag = method === 'INVITE' ? '' : (request.to?.tag ?? '');
  return [
    request.requestUri,
    toTag,
    request.from?.tag ?? '',
    request.callId ?? '',
    String(request.cseq?.number ?? ''),
    via.text,
    method,
  ].join('\n');
}
