import { Agent } from 'node:https';
import { type Clock, httpExchange } from '@esinet/kernel';
import { guardedLookup, isInnerAddress } from '@esinet/lost';
import type { Metrics } from '@esinet/platform';
import {
  CertificateCache,
  type CertificateCacheOptions,
  type IdentityLabel,
  type SipMessage,
  certificatesIn,
  verifyIdentity,
} from '@esinet/sip';
import type { AbuseConfig } from './config.js';

/** Octets of a certificate chain. */
const maxChainBytes = 65_536;
/** Fetches at once. */
const maxFetches = 4;

/** What the Identity header fields of requests say (RFC 8224): a label that travels with the call, never a block. */
export class IdentityCheck {
  readonly #certificates: CertificateCache;
  readonly #count: (label: IdentityLabel) => void;

  constructor(
    private readonly config: AbuseConfig['passports'],
    private readonly o: {
      readonly clock: Clock;
      readonly metrics: Metrics;
      /** Default: HTTPS to public addresses. */
      readonly fetch?: CertificateCacheOptions['fetch'];
    },
  ) {
    this.#certificates = new CertificateCache({
      clock: o.clock,
      allowedHosts: new Set(config.allowedHosts.map((host) => host.toLowerCase())),
      trust: certificatesIn(config.trust ?? ''),
      fetch: o.fetch ?? certificateFetch(config),
      keepMs: config.keep,
      retryMs: config.retry,
      max: config.certificates,
      maxFetches,
    });
    const counter = o.metrics.counter(
      'esinet_bcf_identity_total',
      'Requests with an Identity header, by what it was worth',
      ['outcome', 'reason'],
    );
    this.#count = ({ outcome, reason }) => counter.inc({ outcome, reason: reason ?? 'none' });
  }

  /** Undefined where nothing was signed. Does not wait: a certificate that is not there yet is fetched beside. */
  label(request: SipMessage): IdentityLabel | undefined {
    if (!this.config.enabled) return undefined;
    const label = verifyIdentity(request, {
      now: this.o.clock.wall(),
      freshMs: this.config.fresh,
      certificate: (x5u) => this.#certificates.get(x5u),
    });
    if (label) this.#count(label);
    return label;
  }
}

/** HTTPS with bounds in time and size, to no address of this machine or of a network behind it; no redirects. */
export function certificateFetch(
  o: Pick<AbuseConfig['passports'], 'timeout' | 'insideAddresses'>,
): CertificateCacheOptions['fetch'] {
  const agent = new Agent({
    keepAlive: false,
    minVersion: 'TLSv1.2',
    lookup: guardedLookup({ timeoutMs: o.timeout, isInnerAllowed: o.insideAddresses }),
  });
  return async (url) => {
    const { hostname } = new URL(url);
    // An address needs no name server, and so would not be looked at there.
    if (!o.insideAddresses && isInnerAddress(hostname.replace(/^\[(.*)\]$/, '$1'))) {
      return { ok: false, error: 'inside' };
    }
    const answer = await httpExchange({
      method: 'GET',
      url,
      headers: { Accept: 'application/pem-certificate-chain, application/pkix-cert, */*;q=0.5' },
      timeoutMs: o.timeout,
      maxBytes: maxChainBytes,
      agent,
    });
    if (!answer.ok) return { ok: false, error: answer.error.code };
    const { status, body } = answer.value;
    return status === 200 ? { ok: true, value: body } : { ok: false, error: status };
  };
}
