import type { LoadClass } from './load-class.js';
import type { OcFeedback, OcSequence } from './oc-params.js';

/** Next hops remembered at most; beyond, the one not heard of for longest is forgotten. */
const mostHops = 1_000;
/** RFC 7339 7.2: how often the mix of requests is looked at. */
const mixMs = 5_000;
/** What the mix is taken for before the first look: RFC 7339 7.2 has eighty of a hundred subject to reduction. */
const firstMix = { running: 0.2, emergency: 0.8, other: 0 };
/** RFC 7339 4.4: a number so much lower than the last is no late packet but one that has begun anew. Seconds. */
const overflow = 3_600;
/** Requests that may come at once under a rate: of low priority and of high. RFC 7415 3.5.2 */
const bursts = { other: 5, emergency: 10 };
/** RFC 7339 5.9: the first probe, and the longest time between two. */
const probe = { firstMs: 1_000, mostMs: 4_000 };

export interface NextHopSettings {
  /** Failures in a row after which a next hop is left alone but for probes. */
  readonly silentAfter: number;
}

/** `send`; `held`: it has asked for less; `silent`: it has not answered for long, and this is no probe. */
export type HopVerdict = 'send' | 'held' | 'silent';

class Hop {
  algorithm = 'loss';
  oc = 0;
  /** When the control ends. */
  until = -Infinity;
  sequence: OcSequence | undefined;
  /** RFC 7415 3.5.1: the fill of the bucket, in milliseconds, and when it was. */
  fill = 0;
  filledAt = 0;
  readonly counts = { running: 0, emergency: 0, other: 0 };
  mix = firstMix;
  mixedAt = 0;
  failures = 0;
  probeAt = 0;
  probeMs = probe.firstMs;
  heardAt = 0;
}

/**
 * The client's side of overload control: what each next hop, by address and port, has asked for (RFC 7339 5.4, 5.5, 5.7),
 * which requests that leaves out (5.10, 7.2; RFC 7415 3.5), and which next hops do not answer at all (5.9).
 *
 * Chats that run are never left out: they are few, and a person is in the middle of a sentence (5.10.1, local policy).
 */
export class NextHops {
  readonly #hops = new Map<string, Hop>();
  #controlled = 0;

  constructor(
    private readonly settings: NextHopSettings,
    private readonly random: () => number = Math.random,
  ) {}

  /** Whether any next hop may have asked for less: a cheap first look. */
  get isControlled(): boolean {
    return this.#controlled > 0;
  }

  /** A response from there. RFC 7339 5.4, 5.7 */
  heard(key: string, said: OcFeedback, now: number): void {
    const hop = this.#hopFor(key, now);
    if (said.algorithm !== 'loss' && said.algorithm !== 'rate') return;
    if (said.algorithm === 'loss' && said.oc > 100) return;
    if (hop.sequence && !isNewer(said.sequence, hop.sequence)) return;
    hop.sequence = said.sequence ?? hop.sequence;
    const was = hop.until > now;
    hop.algorithm = said.algorithm;
    hop.oc = said.oc;
    // 5.7: 0 ends it, whatever oc says.
    hop.until = said.validityMs === 0 ? -Infinity : now + said.validityMs;
    if (!was && hop.until > now) {
      hop.fill = 0;
      hop.filledAt = now;
    }
    this.#recount(now);
  }

  /** Whether this request may go there, which counts it. RFC 7339 5.5 */
  verdict(key: string, load: LoadClass, now: number): HopVerdict {
    const hop = this.#hops.get(key);
    if (!hop) return 'send';
    hop.counts[load]++;
    this.#mix(hop, now);
    if (hop.failures >= this.settings.silentAfter) {
      if (now < hop.probeAt) return 'silent';
      hop.probeAt = now + hop.probeMs;
      hop.probeMs = Math.min(probe.mostMs, hop.probeMs * 2);
      return 'send';
    }
    if (hop.until <= now) {
      if (hop.until !== -Infinity) {
        hop.until = -Infinity;
        this.#recount(now);
      }
      return 'send';
    }
    const goes = hop.algorithm === 'rate' ? keepsToRate(hop, load, now) : this.#staysIn(hop, load);
    return goes || load === 'running' ? 'send' : 'held';
  }

  /** Whether it is one that this process knows to be silent or limiting: to count once, without deciding. */
  isLimited(key: string, now: number): boolean {
    const hop = this.#hops.get(key);
    return hop !== undefined && hop.until > now;
  }

  /** No answer came in time, or no way could be had. RFC 7339 5.9 */
  failed(key: string, now: number): void {
    const hop = this.#hopFor(key, now);
    hop.failures++;
    if (hop.failures !== this.settings.silentAfter) return;
    hop.probeMs = probe.firstMs;
    hop.probeAt = now + hop.probeMs;
  }

  /** Any answer. */
  answered(key: string): void {
    const hop = this.#hops.get(key);
    if (hop) hop.failures = 0;
  }

  /** RFC 7339 7.2, with three categories instead of two: each is left out whole before the next is touched. */
  #staysIn(hop: Hop, load: LoadClass): boolean {
    let loss = hop.oc / 100;
    for (const each of ['other', 'emergency'] as const) {
      const share = hop.mix[each];
      if (each === load) return share <= 0 ? loss <= 0 : this.random() >= Math.min(1, loss / share);
      loss = Math.max(0, loss - share);
    }
    return true;
  }

  #mix(hop: Hop, now: number): void {
    if (now - hop.mixedAt < mixMs) return;
    const { running, emergency, other } = hop.counts;
    const all = running + emergency + other;
    if (all >= 20) {
      hop.mix = { running: running / all, emergency: emergency / all, other: other / all };
    }
    hop.mixedAt = now;
    hop.counts.running = 0;
    hop.counts.emergency = 0;
    hop.counts.other = 0;
  }

  #hopFor(key: string, now: number): Hop {
    let hop = this.#hops.get(key);
    if (!hop) {
      if (this.#hops.size >= mostHops) this.#forgetOldest();
      hop = new Hop();
      hop.mixedAt = now;
      this.#hops.set(key, hop);
    }
    hop.heardAt = now;
    return hop;
  }

  #recount(now: number): void {
    this.#controlled = 0;
    for (const { until } of this.#hops.values()) if (until > now) this.#controlled++;
  }

  #forgetOldest(): void {
    let oldest: string | undefined;
    let at = Infinity;
    for (const [key, { heardAt }] of this.#hops) {
      if (heardAt >= at) continue;
      at = heardAt;
      oldest = key;
    }
    if (oldest !== undefined) this.#hops.delete(oldest);
  }
}

/** RFC 7339 5.4: only a higher number changes anything; 4.4: but one that is far lower has begun anew. */
function isNewer(said: OcSequence | undefined, last: OcSequence): boolean {
  if (!said) return false;
  if (said.whole !== last.whole) return said.whole > last.whole || last.whole - said.whole > overflow;
  return said.fraction > last.fraction;
}

/** RFC 7415 3.5.1, 3.5.2: a leaky bucket, into which requests of high priority may go higher. */
function keepsToRate(hop: Hop, load: LoadClass, now: number): boolean {
  if (hop.oc <= 0) return false;
  const eachMs = 1_000 / hop.oc;
  const fill = Math.max(0, hop.fill - (now - hop.filledAt));
  const most = load === 'running' ? Infinity : eachMs * bursts[load];
  if (fill > most) return false;
  hop.fill = Math.min(fill, eachMs * bursts.emergency * 2) + eachMs;
  hop.filledAt = now;
  return true;
}
