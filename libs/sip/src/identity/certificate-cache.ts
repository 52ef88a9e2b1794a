import { X509Certificate } from 'node:crypto';
import type { Clock, Result } from '@esinet/kernel';
import { certificatesIn } from '../transport/certificate-path.js';
import { type SigningCertificate, signingCertificate } from './certificate-chain.js';

/** What is known now of the certificate behind a URL. */
export type KnownCertificate =
  | { readonly kind: 'certificate'; readonly certificate: SigningCertificate }
  /** It is being fetched, or could not be. */
  | { readonly kind: 'unknown'; readonly why: 'not-fetched' | 'unreachable' | 'not-trusted' | 'busy' }
  /** No such URL is ever asked, or what is there is no certificate for calls. */
  | { readonly kind: 'refused'; readonly why: 'x5u' | 'not-allowed' | 'key' };

export interface CertificateCacheOptions {
  readonly clock: Clock;
  /** Hosts that may be asked, as `host` or `host:port`, lower case. None: nobody. */
  readonly allowedHosts: ReadonlySet<string>;
  readonly trust: readonly X509Certificate[];
  /** Gets what is behind an allowed URL; redirects are not followed. Never rejects. */
  readonly fetch: (url: string) => Promise<Result<Buffer, unknown>>;
  readonly keepMs: number;
  /** How long a failure is remembered. */
  readonly retryMs: number;
  readonly max: number;
  /** Fetches at once. */
  readonly maxFetches: number;
}

/** Characters of a URL. RFC 8225 4.3 */
const longestUrl = 1_024;

interface Kept {
  readonly known: KnownCertificate;
  readonly until: number;
}

/**
 * Certificates that sign calls, by their URL. `get` answers at once with what is there and has the rest fetched beside:
 * no call waits for somebody's web server.
 */
export class CertificateCache {
  readonly #kept = new Map<string, Kept>();
  readonly #fetching = new Map<string, Promise<void>>();

  constructor(private readonly o: CertificateCacheOptions) {}

  get size(): number {
    return this.#kept.size;
  }

  get(x5u: string): KnownCertificate {
    const url = this.#allowed(x5u);
    if (typeof url !== 'string') return url;
    const kept = this.#kept.get(url);
    if (kept && kept.until > this.o.clock.now()) return kept.known;
    if (this.#fetching.has(url)) return { kind: 'unknown', why: 'not-fetched' };
    if (this.#fetching.size >= this.o.maxFetches) return { kind: 'unknown', why: 'busy' };
    this.#fetching.set(url, this.#fetch(url));
    return { kind: 'unknown', why: 'not-fetched' };
  }

  /** Resolves when nothing is being fetched. */
  async idle(): Promise<void> {
    while (this.#fetching.size > 0) await Promise.all(this.#fetching.values());
  }

  #allowed(x5u: string): string | KnownCertificate {
    const url = x5u.length <= longestUrl && URL.canParse(x5u) ? new URL(x5u) : undefined;
    // RFC 8225 4.3: over something that keeps it whole.
    if (!url || url.protocol !== 'https:' || url.username !== '' || url.password !== '') {
      return { kind: 'refused', why: 'x5u' };
    }
    const { host, hostname } = url;
    if (!this.o.allowedHosts.has(host) && !this.o.allowedHosts.has(`${hostname}:${url.port || '443'}`)) {
      return { kind: 'refused', why: 'not-allowed' };
    }
    url.hash = '';
    return url.href;
  }

  async #fetch(url: string): Promise<void> {
    const known = await this.#look(url);
    this.#fetching.delete(url);
    const { clock, keepMs, retryMs, max } = this.o;
    this.#kept.delete(url);
    this.#kept.set(url, { known, until: clock.now() + (known.kind === 'certificate' ? keepMs : retryMs) });
    if (this.#kept.size <= max) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }

  async #look(url: string): Promise<KnownCertificate> {
    try {
      const fetched = await this.o.fetch(url);
      if (!fetched.ok) return { kind: 'unknown', why: 'unreachable' };
      const found = signingCertificate(certificatesOf(fetched.value), this.o.trust);
      if (found === 'key' || found === 'none') return { kind: 'refused', why: 'key' };
      return found === 'not-trusted'
        ? { kind: 'unknown', why: 'not-trusted' }
        : { kind: 'certificate', certificate: found };
    } catch {
      return { kind: 'unknown', why: 'unreachable' };
    }
  }
}

/** PEM, one or more; or one in DER. RFC 8226, RFC 7515 4.1.5 */
function certificatesOf(bytes: Buffer): X509Certificate[] {
  const text = bytes.toString('latin1');
  if (text.includes('-----BEGIN')) return certificatesIn(text);
  try {
    return [new X509Certificate(bytes)];
  } catch {
    return [];
  }
}
