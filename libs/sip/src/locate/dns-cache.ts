import type { Clock } from '@esinet/kernel';
import type { AddressRecord, DnsPort, NaptrRecord, SrvRecord } from './dns.js';
import type { LocateLimits } from './limits.js';

interface Answer {
  readonly records: readonly unknown[];
  /** Monotonic milliseconds. */
  readonly goodAt: number;
  freshUntil: number;
  /** The last question failed: nobody waits for the next one. */
  failing?: boolean;
}

const none: readonly never[] = [];

/**
 * Answers of the DNS, kept for their TTL, and beyond it while the DNS cannot be asked: a dead name server must not
 * make a call fail that went through a minute ago. Questions never reject and never take longer than `timeoutMs`.
 */
export class DnsCache {
  readonly #answers = new Map<string, Answer>();
  readonly #asking = new Map<string, Promise<readonly unknown[]>>();

  constructor(
    private readonly dns: DnsPort,
    private readonly clock: Clock,
    private readonly timeoutMs: number,
    private readonly limits: LocateLimits,
  ) {}

  naptr(name: string): Promise<readonly NaptrRecord[]> {
    return this.#ask('naptr', name, () => this.dns.resolveNaptr(name));
  }

  srv(name: string): Promise<readonly SrvRecord[]> {
    return this.#ask('srv', name, () => this.dns.resolveSrv(name));
  }

  /** IPv4 first, then IPv6. */
  async addresses(name: string): Promise<string[]> {
    const [v4, v6] = await Promise.all([
      this.#ask('a', name, () => this.dns.resolve4(name), shortestTtl),
      this.#ask('aaaa', name, () => this.dns.resolve6(name), shortestTtl),
    ]);
    return [...v4, ...v6].map((record) => record.address);
  }

  async #ask<T>(
    type: string,
    name: string,
    question: () => Promise<readonly T[]>,
    ttlOf: (records: readonly T[]) => number | undefined = () => undefined,
  ): Promise<readonly T[]> {
    const key = `${type} ${name.toLowerCase()}`;
    const known = this.#answers.get(key);
    if (known && this.clock.now() < known.freshUntil) return known.records as readonly T[];
    let asking = this.#asking.get(key) as Promise<readonly T[]> | undefined;
    if (!asking) {
      asking = this.#refresh(key, question, ttlOf).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    // RFC 8767 5: one asker has waited in vain; the others have the last good answer at once, until the DNS is back.
    if (known?.failing && this.#isUsable(known)) return known.records as readonly T[];
    return asking;
  }

  #isUsable({ goodAt }: Answer): boolean {
    return this.clock.now() - goodAt <= this.limits.maxStaleMs;
  }

  async #refresh<T>(
    key: string,
    question: () => Promise<readonly T[]>,
    ttlOf: (records: readonly T[]) => number | undefined,
  ): Promise<readonly T[]> {
    // A name the resolver finds no name at all may throw where it stands.
    const answer = Promise.resolve()
      .then(question)
      .then(
        (records) => {
          // Also the answer that came too late for its asker is good for the next.
          const ttlMs = Math.min(
            (ttlOf(records) ?? this.limits.defaultTtlMs / 1000) * 1000,
            this.limits.maxTtlMs,
          );
          this.#keep(key, records, ttlMs);
          return records;
        },
        () => undefined,
      );
    const records = await withTimeout(answer, this.clock, this.timeoutMs);
    return records ?? this.#lastGood<T>(key);
  }

  #keep(key: string, records: readonly unknown[], ttlMs: number): void {
    const now = this.clock.now();
    this.#answers.delete(key);
    this.#answers.set(key, { records, goodAt: now, freshUntil: now + ttlMs });
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.limits.maxCachedAnswers) break;
      this.#answers.delete(oldest);
    }
  }

  #lastGood<T>(key: string): readonly T[] {
    const now = this.clock.now();
    const known = this.#answers.get(key);
    if (known && this.#isUsable(known)) {
      known.failing = true;
      known.freshUntil = Math.max(known.freshUntil, now + this.limits.retryAfterMs);
      return known.records as readonly T[];
    }
    // Nothing known: remembered shortly, so that each message does not wait for a dead name server anew.
    this.#keep(key, none, this.limits.retryAfterMs);
    return none;
  }
}

function shortestTtl(records: readonly AddressRecord[]): number | undefined {
  if (records.length === 0) return undefined;
  return records.reduce((shortest, record) => Math.min(shortest, record.ttl), Infinity);
}

function withTimeout<T>(promise: Promise<T>, clock: Clock, ms: number): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, () => resolve(undefined));
    void promise.then((value) => {
      timer.cancel();
      resolve(value);
    });
  });
}
