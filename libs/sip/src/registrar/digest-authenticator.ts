import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock, IdSource } from '@esinet/kernel';
import type { SipMessage } from '../codec/sip-message.js';
import { sameUri } from '../codec/uri.js';
import { type DigestAlgorithm, digestAlgorithm, digestResponse, parseDigest, quoted } from './digest.js';

/** Bounds of the digest authentication. */
export interface DigestLimits {
  /** Milliseconds a nonce serves; then a right answer to it gets `stale=true` and a new one. */
  readonly nonceLifetimeMs: number;
  /** Nonces whose counts are kept; when there are more, the oldest become stale early. */
  readonly maxTrackedNonces: number;
}

export const defaultDigestLimits: DigestLimits = { nonceLifetimeMs: 300_000, maxTrackedNonces: 10_000 };

export interface DigestAuthenticatorOptions {
  readonly realm: string;
  /** The user's password; undefined for one unknown. */
  readonly credentials: (user: string) => string | undefined;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits?: Partial<DigestLimits>;
  /** Key of the nonces. The same on all instances behind one name, so that each takes the others' nonces. */
  readonly secret?: Buffer;
}

/** Octets of a nonce: its time (6) and what makes it differ from others of that time; then its keyed hash. */
const nonceBodyLength = 18;
const sealLength = 16;

export type DigestVerdict =
  | { readonly kind: 'authenticated'; readonly user: string }
  /** 401 (or 407) with these values, each a header line of its own. */
  | { readonly kind: 'challenge'; readonly challenges: readonly string[] }
  | { readonly kind: 'bad-request'; readonly reason: string };

/**
 * The strongest first, as RFC 8760 2.3 has it, and MD5 last: JsSIP 3.13 and sip.js 0.21, which most WebSocket phones
 * are built on, know MD5 only, give up at anything else, and of several challenges keep only the last they read.
 */
const offered: readonly DigestAlgorithm[] = ['SHA-256', 'MD5'];

/**
 * The server's side of Digest: RFC 3261 22, RFC 7616, RFC 8760. Nonces carry their time and a keyed hash, so nothing
 * is kept for a client that has not proved a password. An unknown user and a wrong password get the same answer by
 * the same way.
 */
export class DigestAuthenticator {
  readonly #secret: Buffer;
  readonly #limits: DigestLimits;
  /** Highest count seen of each nonce in use, the oldest first. */
  readonly #counts = new Map<string, number>();
  /** Nonces made before this are stale: their counts are forgotten. Wall milliseconds. */
  #forgottenBefore = 0;

  constructor(private readonly o: DigestAuthenticatorOptions) {
    this.#secret = o.secret ?? randomBytes(32);
    this.#limits = { ...defaultDigestLimits, ...o.limits };
  }

  /** The challenges for a request that has not shown who sends it. */
  challenges(stale = false): string[] {
    const nonce = this.#newNonce();
    return offered.map(
      (algorithm) =>
        `Digest realm=${quoted(this.o.realm)}, nonce="${nonce}", qop="auth", algorithm=${algorithm}${stale ? ', stale=true' : ''}`,
    );
  }

  /** Judges the request by its `Authorization` (or the header named). */
  verify(
    request: SipMessage,
    header: 'Authorization' | 'Proxy-Authorization' = 'Authorization',
  ): DigestVerdict {
    const params = this.#credentialsIn(request, header);
    if (!params) return { kind: 'challenge', challenges: this.challenges() };

    const user = params.get('username');
    const nonce = params.get('nonce');
    const uri = params.get('uri');
    const response = params.get('response');
    const algorithm = digestAlgorithm(params.get('algorithm'));
    const qop = params.get('qop')?.toLowerCase();
    if (user === undefined || nonce === undefined || uri === undefined || response === undefined) {
      return { kind: 'bad-request', reason: 'Incomplete Credentials' };
    }
    if (!algorithm || (qop !== undefined && qop !== 'auth'))
      return { kind: 'challenge', challenges: this.challenges() };
    const nc = params.get('nc') ?? '';
    const cnonce = params.get('cnonce') ?? '';
    const count = qop === undefined ? 1 : readCount(nc);
    if (count === undefined || (qop !== undefined && cnonce === '')) {
      return { kind: 'bad-request', reason: 'Incomplete Credentials' };
    }
    if (uri !== request.requestUri && !sameUri(uri, request.requestUri)) {
      return { kind: 'bad-request', reason: 'Digest URI Is Not The Request-URI' };
    }

    const known = this.o.credentials(user);
    // For an unknown user the same work is done with a password nobody has.
    const nobodys = createHmac('sha256', this.#secret).update(user).digest('base64');
    const password = known ?? nobodys;
    const realm = this.o.realm;
    const input = { algorithm, user, realm, password, method: request.method, uri, nonce, nc, cnonce };
    const expected = digestResponse({ ...input, qop: qop === undefined ? undefined : 'auth' });
    const right = sameText(expected, response.toLowerCase());
    const madeAt = this.#nonceTime(nonce);
    if (!right || known === undefined || madeAt === undefined) {
      return { kind: 'challenge', challenges: this.challenges() };
    }
    if (!this.#fresh(madeAt) || !this.#count(nonce, madeAt, count)) {
      return { kind: 'challenge', challenges: this.challenges(true) };
    }
    return { kind: 'authenticated', user };
  }

  #credentialsIn(request: SipMessage, header: string): ReadonlyMap<string, string> | undefined {
    for (const line of request.headerLines(header)) {
      const params = parseDigest(line);
      if (params?.get('realm') === this.o.realm) return params;
    }
    return undefined;
  }

  #newNonce(): string {
    const body = Buffer.alloc(nonceBodyLength);
    body.writeUIntBE(Math.floor(this.o.clock.wall()), 0, 6);
    body.write(this.o.ids.token(nonceBodyLength - 6), 6, 'latin1');
    return Buffer.concat([body, this.#seal(body)]).toString('base64url');
  }

  #seal(body: Buffer): Buffer {
    return createHmac('sha256', this.#secret)
      .update(this.o.realm)
      .update('\0')
      .update(body)
      .digest()
      .subarray(0, sealLength);
  }

  /** When a nonce of ours was made; undefined for one that is not. */
  #nonceTime(nonce: string): number | undefined {
    const bytes = Buffer.from(nonce, 'base64url');
    // Read back exactly: a second spelling of one nonce would have a count of its own.
    if (bytes.length !== nonceBodyLength + sealLength || bytes.toString('base64url') !== nonce)
      return undefined;
    const body = bytes.subarray(0, nonceBodyLength);
    return timingSafeEqual(this.#seal(body), bytes.subarray(nonceBodyLength))
      ? body.readUIntBE(0, 6)
      : undefined;
  }

  #fresh(madeAt: number): boolean {
    const age = this.o.clock.wall() - madeAt;
    return age < this.#limits.nonceLifetimeMs && madeAt >= this.#forgottenBefore;
  }

  /** RFC 7616 3.4: the count of a nonce only grows; one seen before is a replay. */
  #count(nonce: string, madeAt: number, count: number): boolean {
    const seen = this.#counts.get(nonce) ?? 0;
    if (count <= seen) return false;
    this.#counts.delete(nonce);
    this.#counts.set(nonce, count);
    this.#forget();
    return madeAt >= this.#forgottenBefore;
  }

  #forget(): void {
    const tooOld = this.o.clock.wall() - this.#limits.nonceLifetimeMs;
    for (const nonce of this.#counts.keys()) {
      const madeAt = this.#nonceTime(nonce) ?? 0;
      if (madeAt < tooOld) {
        this.#counts.delete(nonce);
      } else if (this.#counts.size > this.#limits.maxTrackedNonces) {
        this.#counts.delete(nonce);
        this.#forgottenBefore = Math.max(this.#forgottenBefore, madeAt + 1);
      } else {
        break;
      }
    }
  }
}

function readCount(nc: string): number | undefined {
  return /^[0-9a-fA-F]{8}$/.test(nc) && nc !== '00000000' ? Number.parseInt(nc, 16) : undefined;
}

/** Compares in a time that does not tell where the texts differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
