import { Resolver } from 'node:dns/promises';
import type { Clock } from '@esinet/kernel';

/** RFC 3403 section 4.1. */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly regexp: string;
  readonly replacement: string;
}

/** NAPTR records of a name. Empty is "there are none"; a rejection is "could not be asked". */
export interface LostDns {
  resolveNaptr(name: string): Promise<readonly NaptrRecord[]>;
}

export interface DiscoveryLimits {
  /** For one discovery, all its questions together. Milliseconds. */
  readonly timeoutMs: number;
  /** How long an answer is taken without asking again: node:dns does not tell the TTL of NAPTR records. */
  readonly ttlMs: number;
  /** After a failure, or an answer without a server, until the DNS is asked again. */
  readonly retryAfterMs: number;
  /** How old the last good answer may grow while the DNS fails (RFC 8767 section 5 names one to three days). */
  readonly staleMs: number;
  /** Names kept. */
  readonly entries: number;
}

export const defaultDiscoveryLimits: DiscoveryLimits = {
  timeoutMs: 300,
  ttlMs: 3_600_000,
  retryAfterMs: 5_000,
  staleMs: 259_200_000,
  entries: 1_000,
};

/** Steps from one name to the next that are followed (RFC 4848 section 4.4, an empty flag). */
const MAX_STEPS = 4;
const MAX_RECORDS = 64;
const MAX_URL = 2_048;

/** What the NAPTR records of one name come to. */
export type LostRule =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'none' };

/**
 * RFC 5222 section 4, RFC 4848 section 4: the URL of a LoST server in NAPTR records, https before http whatever their
 * order, else the next name to look at. Records with another flag or service, or with a rule that is not the one allowed,
 * are passed over.
 */
export function lostRule(records: readonly NaptrRecord[], isUsable: (url: URL) => boolean): LostRule {
  const sorted = records
    .slice(0, MAX_RECORDS)
    .sort((a, b) => a.order - b.order || a.preference - b.preference);
  for (const protocol of ['https', 'http']) {
    for (const record of sorted) {
      if (record.flags.toLowerCase() !== 'u' || !serves(record.service, protocol)) continue;
      const url = urlOf(record.regexp);
      if (url?.protocol === `${protocol}:` && isUsable(url)) return { kind: 'url', url: url.href };
    }
  }
  const next = sorted.find((r) => r.flags === '' && isForLost(r.service) && r.replacement !== '');
  return next ? { kind: 'name', name: next.replacement.replace(/\.$/, '').toLowerCase() } : { kind: 'none' };
}

/** RFC 4848 section 4.5: `LoST:https`, `LoST:http:https`; without case. */
function serves(service: string, protocol: string): boolean {
  const [application, ...protocols] = service.toLowerCase().split(':');
  return application === 'lost' && protocols.includes(protocol);
}

function isForLost(service: string): boolean {
  const [application] = service.toLowerCase().split(':');
  return application === 'lost' || application === '';
}

/** RFC 4848 section 4.6: `!.*!URI!` and nothing else, so that no pattern of others is ever run. */
function urlOf(regexp: string): URL | undefined {
  if (!regexp.startsWith('!.*!') || !regexp.endsWith('!') || regexp.length > MAX_URL) return undefined;
  const text = regexp.slice(4, -1);
  if (text.includes('!') || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.username === '' && url.password === '' && url.hash === '' ? url : undefined;
}

interface Kept {
  url: string | undefined;
  /** Monotonic milliseconds. */
  goodAt: number;
  freshUntil: number;
}

/** Finds the URL of a LoST server by its name; never rejects and never takes longer than it may. */
export class LostDiscovery {
  readonly #kept = new Map<string, Kept>();
  readonly #asking = new Map<string, Promise<string | undefined>>();

  constructor(
    private readonly dns: LostDns,
    private readonly clock: Clock,
    private readonly isUsable: (url: URL) => boolean,
    private readonly limits: DiscoveryLimits = defaultDiscoveryLimits,
  ) {}

  /** Undefined: there is none, or the DNS does not answer and never did. */
  async urlOf(name: string): Promise<string | undefined> {
    const key = name.toLowerCase();
    const kept = this.#kept.get(key);
    if (kept && this.clock.now() < kept.freshUntil) return kept.url;
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#refresh(key).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  async #refresh(name: string): Promise<string | undefined> {
    const { timeoutMs, ttlMs, retryAfterMs, staleMs } = this.limits;
    const found = await this.#within(this.#walk(name), timeoutMs);
    const now = this.clock.now();
    if (found.kind === 'url') return this.#keep(name, found.url, now + ttlMs);
    const kept = this.#kept.get(name);
    const isGood = found.kind === 'failed' && kept?.url !== undefined && now - kept.goodAt <= staleMs;
    if (!isGood) return this.#keep(name, undefined, now + retryAfterMs);
    kept.freshUntil = now + retryAfterMs;
    return kept.url;
  }

  async #walk(name: string): Promise<LostRule | { readonly kind: 'failed' }> {
    let at = name;
    try {
      for (let step = 0; step < MAX_STEPS; step += 1) {
        const rule = lostRule(await this.dns.resolveNaptr(at), this.isUsable);
        if (rule.kind !== 'name') return rule;
        at = rule.name;
      }
      return { kind: 'none' };
    } catch {
      return { kind: 'failed' };
    }
  }

  #within<T>(asking: Promise<T>, ms: number): Promise<T | { readonly kind: 'failed' }> {
    return new Promise((resolve) => {
      const timer = this.clock.after(ms, () => resolve({ kind: 'failed' }));
      void asking.then((value) => {
        timer.cancel();
        resolve(value);
      });
    });
  }

  #keep(name: string, url: string | undefined, freshUntil: number): string | undefined {
    this.#kept.delete(name);
    this.#kept.set(name, { url, goodAt: this.clock.now(), freshUntil });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.limits.entries) break;
      this.#kept.delete(oldest);
    }
    return url;
  }
}

const NO_RECORDS = new Set(['ENOTFOUND', 'ENODATA']);

/** The DNS from the event loop, not through getaddrinfo, whose threads a dead name server would exhaust. */
export function nodeLostDns(o: {
  readonly servers?: readonly string[];
  readonly timeoutMs: number;
}): LostDns {
  const resolver = new Resolver({ timeout: o.timeoutMs, tries: 2 });
  if (o.servers && o.servers.length > 0) resolver.setServers([...o.servers]);
  return {
    async resolveNaptr(name) {
      try {
        return await resolver.resolveNaptr(name);
      } catch (error) {
        if (error instanceof Error && 'code' in error && NO_RECORDS.has(String(error.code))) return [];
        throw error;
      }
    },
  };
}
