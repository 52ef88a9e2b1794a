import type { Clock, Timer } from '@esinet/kernel';
import type { SipMessage } from '../codec/sip-message.js';
import type { Flow } from '../transport/flow.js';
import type { Admission, Refusal } from './admission.js';
import { LatencyLimiter, type LimiterSettings, defaultLimiterSettings } from './latency-limiter.js';
import type { LoadClass } from './load-class.js';
import { LoudSources } from './loud-sources.js';
import { ShedMemory } from './shed-memory.js';

export interface OverloadSettings extends LimiterSettings {
  /** Share of the time that refusing may take, 0 to 1; starts beyond that are dropped unread where there is a doorkeeper. */
  readonly refusing: number;
  /** The answer to what is shed. TS 103 698 6.1.2.9: no 503 but to peers that are known to cope with it. */
  readonly status: number;
  /** Retry-After of it, spread over this range so that not all come back at once. Seconds. */
  readonly retryAfter: { readonly least: number; readonly most: number };
  /** Milliseconds from one look at the load to the next. */
  readonly intervalMs: number;
  /** Milliseconds without a refusal after which the overload is over. */
  readonly calmMs: number;
}

export const defaultOverloadSettings: OverloadSettings = {
  ...defaultLimiterSettings,
  // Busy Here: the word about this call that makes no proxy before us go round us (RFC 3261 16.7 step 5).
  status: 486,
  retryAfter: { least: 5, most: 15 },
  refusing: 0.05,
  intervalMs: 100,
  calmMs: 2_000,
};

export interface OverloadControlOptions {
  readonly clock: Clock;
  readonly settings?: Partial<OverloadSettings>;
  /** Share of the time since the last call that the process worked, 0 to 1. Default: not known, delay alone counts. */
  readonly busy?: () => number;
  /** Milliseconds that what arrives waits before it is read, in the buffers of the sockets. Default: not known. */
  readonly waiting?: () => number;
  /** Milliseconds a repetition may follow its request, 64*T1. */
  readonly repeatMs?: number;
}

/** Counted since the start. */
export interface OverloadCounters {
  readonly shed: Record<Exclude<LoadClass, 'running'>, number>;
  /** Mean delay of the last interval, milliseconds. */
  latencyMs: number;
}

/**
 * What the next hops of a start have asked for (RFC 7339 5.10): where all want less, it is refused before any work is
 * done for it.
 */
export interface Door {
  /** False while nobody has asked for less. */
  readonly isWatched: boolean;
  holds(load: Exclude<LoadClass, 'running'>, requestUri: string): boolean;
}

/** How often the delay of the event loop is looked at within an interval. */
const looks = 5;

/**
 * Sheds what is more than this process can do, before anything is kept of it, and in the order of `LoadClass`. What it
 * goes by is how late the process does what is due, and whether it ever rests: the time that LoST, HELD or a next hop
 * takes is not its own, and would shed calls for the slowness of others.
 */
export class OverloadControl implements Admission {
  /** Asked only when it matters. */
  classOf: (request: SipMessage, flow: Flow) => LoadClass = () => 'emergency';
  /** Whether the far side is known to cope with 503. */
  copesWith503: (flow: Flow) => boolean = () => false;
  /** What a source that could be too loud is told apart by; undefined for those that carry the calls of many. */
  sourceOf: (flow: Flow) => string | undefined = () => undefined;
  /** Asked where the limiter has nothing against a request. */
  door: Door | undefined;
  /** To count; neither may throw. */
  onShed: (load: Exclude<LoadClass, 'running'>) => void = () => undefined;
  onInterval: () => void = () => undefined;
  /** A request that came as a datagram and is taken on. */
  onTaken: (request: SipMessage) => void = () => undefined;

  readonly limiter: LatencyLimiter;
  readonly counters: OverloadCounters = { shed: { emergency: 0, other: 0 }, latencyMs: 0 };
  readonly #settings: OverloadSettings;
  readonly #clock: Clock;
  readonly #busy: () => number;
  readonly #waiting: () => number;
  readonly #shed: ShedMemory;
  readonly #lookMs: number;
  readonly #loud = new LoudSources();
  #timer: Timer | undefined;
  #due = 0;
  #began = 0;
  #late = 0;
  #observed = 0;
  #requests = 0;
  #lastShed = -Infinity;
  #active = false;
  #decided: 'in' | 'out' | undefined;
  readonly #listeners: ((active: boolean) => void)[] = [];

  constructor(o: OverloadControlOptions) {
    this.#settings = { ...defaultOverloadSettings, ...o.settings };
    this.#clock = o.clock;
    this.#busy = o.busy ?? (() => 0);
    this.#waiting = o.waiting ?? (() => 0);
    this.#shed = new ShedMemory(o.repeatMs ?? 32_000);
    this.#lookMs = this.#settings.intervalMs / looks;
    this.limiter = new LatencyLimiter(this.#settings, o.clock.now());
  }

  /** Requests are being shed, or were a moment ago. */
  get isOverloaded(): boolean {
    return this.#active;
  }

  /** The answer to what is shed. */
  get status(): number {
    return this.#settings.status;
  }

  admit(request: SipMessage, flow: Flow, high: number, low: number): Refusal | undefined {
    const now = this.#clock.now();
    this.#requests++;
    if (!this.#timer) this.#wake(now);
    this.limiter.refill(now);
    // Who was told no must not be let in by a repetition that was on its way already.
    if (!flow.reliable && this.#shed.has(high, low, now)) return this.#refusal(flow, low);
    // With room for all nobody needs to be told apart.
    const watched = this.door?.isWatched === true;
    const decided = this.#decided;
    this.#decided = undefined;
    const load =
      decided === undefined && this.limiter.isAmple && !watched ? 'running' : this.classOf(request, flow);
    if (load === 'running') this.limiter.admit(load);
    else {
      const isIn =
        decided === undefined
          ? this.#hasRoom(load, request.requestUri, this.sourceOf(flow), now)
          : decided === 'in';
      if (!isIn) {
        this.#sheds(load, now);
        if (!flow.reliable) this.#shed.add(high, low, now);
        return this.#refusal(flow, low);
      }
    }
    if (!flow.reliable) this.onTaken(request);
    return undefined;
  }

  /**
   * The same of a start that has not been read yet: whether it is to be let in. `admit` holds to it if it is asked about
   * that request next; `withdraw` takes it back.
   */
  decide(load: Exclude<LoadClass, 'running'>, requestUri: string, source: string, now: number): boolean {
    this.limiter.refill(now);
    const isIn = this.#hasRoom(load, requestUri, source, now);
    this.#decided = isIn ? 'in' : 'out';
    return isIn;
  }

  withdraw(): void {
    if (this.#decided === 'in') this.limiter.giveBack();
    this.#decided = undefined;
  }

  /** What was decided to be out is dropped without being read. */
  dropped(load: Exclude<LoadClass, 'running'>, now: number): void {
    this.#decided = undefined;
    this.#requests++;
    this.#sheds(load, now);
  }

  #hasRoom(
    load: Exclude<LoadClass, 'running'>,
    requestUri: string,
    source: string | undefined,
    now: number,
  ): boolean {
    const isLoud = source !== undefined && this.#loud.count(source, now);
    const { door } = this;
    return !(door?.isWatched === true && door.holds(load, requestUri)) && this.limiter.admit(load, isLoud);
  }

  #sheds(load: Exclude<LoadClass, 'running'>, now: number): void {
    this.counters.shed[load]++;
    this.onShed(load);
    this.#lastShed = now;
    this.#setActive(true);
  }

  /** Calls `listener` when shedding begins, and when it is over. It must not throw. */
  onOverload(listener: (active: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** Own delay that was measured somewhere else, in milliseconds. */
  observe(ms: number): void {
    this.#late += ms;
    this.#observed++;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #refusal(flow: Flow, low: number): Refusal {
    // RFC 7339 5.10.2: a 503 goes without Retry-After, which would keep all of the peer's traffic away.
    if (this.copesWith503(flow)) return { status: 503 };
    const { status, retryAfter } = this.#settings;
    const { least, most } = retryAfter;
    // From the hash: a repetition gets the same answer.
    return { status, retryAfter: least + (low % (most - least + 1)) };
  }

  #wake(now: number): void {
    this.#began = now;
    this.#busy();
    this.#look(now);
  }

  #look(now: number): void {
    this.#due = now + this.#lookMs;
    this.#timer = this.#clock.after(this.#lookMs, () => this.#looked());
  }

  #looked(): void {
    const now = this.#clock.now();
    this.observe(Math.max(0, now - this.#due) + this.#waiting());
    if (now - this.#began >= this.#settings.intervalMs - 1) {
      const ms = now - this.#began;
      this.#began = now;
      this.#adapt(ms, now);
      // Nothing to do and nothing to recover from: no timer runs until the next request.
      if (this.#requests === 0 && !this.#active && this.limiter.loss === 0) {
        this.#timer = undefined;
        return;
      }
      this.#requests = 0;
    }
    this.#look(now);
  }

  #adapt(ms: number, now: number): void {
    const mean = this.#late / Math.max(1, this.#observed);
    this.#late = 0;
    this.#observed = 0;
    this.counters.latencyMs = mean;
    this.limiter.adapt(ms, mean, this.#busy());
    this.onInterval();
    if (this.#active && now - this.#lastShed >= this.#settings.calmMs) this.#setActive(false);
  }

  #setActive(active: boolean): void {
    if (this.#active === active) return;
    this.#active = active;
    for (const listener of this.#listeners) listener(active);
  }
}
