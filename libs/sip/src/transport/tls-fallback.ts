import type { Clock, Logger } from '@esinet/kernel';
import type { Destination } from './destination.js';
import { SipTransportError } from './error.js';
import { isVerification } from './tls-rule.js';

/** Destinations whose failure is remembered. */
const maxRemembered = 1_000;

/** Whether what happened to a TLS connection is a case for the fallback of its destination. */
export function mayFallBack({ fallback }: Destination, error: unknown): boolean {
  if (!fallback || fallback.to.length === 0 || !(error instanceof SipTransportError)) return false;
  if (error.reason === 'stopped' || error.reason === 'bad-destination') return false;
  const unproven = error.rule !== undefined && isVerification(error.rule);
  return !unproven || (fallback.onVerifyFailure ?? false);
}

/** Remembers for a while which destinations had no TLS, so that not every message waits to find out. */
export class TlsFallbacks {
  readonly #until = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly retryMs: number,
  ) {}

  /** `key` had no TLS just now, and what was found instead is used. Each time is logged. */
  took(key: string, from: Destination, to: Destination, reason: string): void {
    if (this.#until.size >= maxRemembered) this.#until.clear();
    if (!this.active(key)) this.#until.set(key, this.clock.now() + this.retryMs);
    const { address, port, serverName } = from;
    this.logger.warn('tls-fallback', {
      transport: to.transport,
      address,
      port,
      ...(serverName !== undefined && { peer: serverName }),
      reason,
    });
  }

  /** Whether TLS need not be tried there now. */
  active(key: string): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (this.clock.now() < until) return true;
    this.#until.delete(key);
    return false;
  }
}

/** The destinations that a fallback allows, in their order. */
export function fallbacksOf({ address, fallback }: Destination): Destination[] {
  return (fallback?.to ?? []).map(({ transport, port }) => ({ transport, address, port }));
}
