import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';
import { type Bus, type Records, RecordsError, type Store } from '@esinet/platform';
import type { Calls } from './calls.js';
import { callKey, senderKey } from './call-key.js';
import type { PodsConfig } from './config.js';
import { heirOf } from './heir.js';
import { Members } from './members.js';
import { type Owner, Owners } from './owners.js';
import { type Asked, type Heard, PodLine, type Said } from './pod-line.js';
import { Tenure, isFenced } from './tenure.js';
import { within } from './within.js';

/** A chat that is open, as the records have it. */
export interface OpenCall {
  readonly callId: string;
}

export interface PodsOptions {
  /** Name of this process among all that share bus, store and records. */
  readonly instance: string;
  readonly run: string;
  readonly records: Records;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: PodsConfig;
  /** How long the store keeps whose a call is. */
  readonly ttlMs: number;
  /** Brings back what is open of a call, or of a sender. Gives the senders of it whose Call Identifier is ours. */
  readonly adopt: (key: string) => Promise<readonly string[]>;
  /** Calls of a sender who gave no Call Identifier. */
  readonly callsOf: (senderKey: string) => Promise<readonly string[]>;
  /** Another process has the call. */
  readonly drop: (tenure: Tenure) => void;
  /** Resolves when nothing of the call is being written. */
  readonly quiet: (tenure: Tenure) => Promise<void>;
  /** Keys of senders that have a chat in memory whose Call Identifier is ours. */
  readonly senders: () => ReadonlySet<string>;
  readonly open: () => AsyncIterable<OpenCall>;
  readonly onAsked: (what: Asked, payload: unknown) => Promise<unknown>;
}

/** Where a call is. */
export type Place =
  { readonly at: 'here' | 'nobody' | 'orphan' } | { readonly at: 'pod'; readonly pod: string };

/** Calls taken over beside each other. */
const atOnce = 16;

/** Calls given up with one word on the bus. */
const releasedAtOnce = 100;

/** How often it is looked anew whose a call is, before its sender has to repeat the message. */
const tries = 4;
const pauseMs = 25;

/**
 * One process among several that share a PSAP's chats: which calls are its own, who has the others, and that the calls of
 * one that died are somebody's again. Bus and store only show the way. What keeps two from writing one chat is the fence
 * of the records, so that the worst that a wrong belief does is a take-over too many.
 */
export class Pods implements Calls {
  readonly #held = new Map<string, Tenure>();
  readonly #senders = new Set<string>();
  readonly #acquiring = new Map<string, Promise<Tenure>>();
  /** Whose the calls of the others are, as they said, the oldest first. */
  readonly #elsewhere = new Map<string, string>();
  readonly #members: Members;
  readonly #owners: Owners;
  readonly #line: PodLine;
  readonly #goneWatchers = new Map<string, Set<() => void>>();
  #round: Iterator<Tenure> = this.#held.values();
  #tidying: Timer | undefined;
  #leaving = false;
  #closed = false;

  constructor(private readonly o: PodsOptions) {
    const { instance, run, store, clock, logger, config, bus } = o;
    this.#owners = new Owners({ instance, store, clock, waitMs: config.storeWait, ttlMs: o.ttlMs });
    this.#line = new PodLine({
      instance,
      bus,
      clock,
      logger,
      askMs: config.ask,
      onAsked: (what, payload) => this.#asked(what, payload),
      has: (key) => this.#has(key),
      onAlive: (other) => {
        // Whoever is new learns what is here.
        if (this.#members.heard(other)) this.#line.taken([...this.#held.keys()]);
      },
      onTaken: (by, keys) => this.#taken(by, keys),
      onReleased: (by, keys) => void this.#inherit(by, keys),
    });
    this.#members = new Members({
      instance,
      run,
      store,
      clock,
      logger,
      config,
      onBeat: () => {
        this.#line.alive();
        void this.#verifySome();
      },
      onGone: (other) => void this.#gone(other),
      onLapse: () => void this.#audit(),
    });
  }

  /** Takes part. What was this process's before or is nobody's now is taken up beside what comes in. */
  async start(): Promise<void> {
    this.#line.start();
    await this.#members.start();
    this.#tidyLater();
    void this.#lookThrough('share');
  }

  tenure(callId: string): Tenure {
    const tenure = this.#held.get(callKey(callId));
    if (!tenure) throw moved();
    return tenure;
  }

  async hold(callId: string): Promise<Tenure> {
    const key = callKey(callId);
    return this.#acquiring.get(key) ?? this.#held.get(key) ?? this.#acquire(key);
  }

  async own(callId: string): Promise<Tenure> {
    return this.#held.get(callKey(callId)) ?? this.hold(callId);
  }

  async holdSender(sender: string): Promise<void> {
    await this.#holdSender(senderKey(sender));
  }

  /** Whether every one of these calls is this process's, and nothing of it on its way. */
  holds(key: string): boolean {
    return (this.#held.has(key) || this.#senders.has(key)) && !this.#acquiring.has(key);
  }

  /**
   * Does something where the call is: `here`, or where it is by asking there. What cannot be had from there is done here,
   * once the call is this process's. @throws RecordsError
   */
  async at<T>(
    key: string,
    o: {
      readonly what: Asked;
      readonly payload: () => object;
      readonly here: () => Promise<T>;
      readonly read: (answer: unknown) => T | undefined;
      readonly timeoutMs?: number;
      /** In place of `here` where it may have been done there already, and doing it twice would be wrong. */
      readonly unsure?: () => Promise<T>;
      /** Takes over what somebody has who does not answer. */
      readonly hold: () => Promise<unknown>;
    },
  ): Promise<T> {
    for (let turn = 1; ; turn++) {
      const place = await this.where(key);
      try {
        if (place.at === 'pod') {
          const said = await this.#ask(place.pod, o.what, o.payload(), o.timeoutMs);
          const answer = 'answer' in said ? o.read(said.answer) : undefined;
          if (answer !== undefined) return answer;
          if ('moved' in said && turn < 2) throw moved();
          // It lives and is slow, as are the records, mostly: whoever took the chat now would not have what it is at.
          if ('silent' in said && !said.unheard && this.#members.hears(place.pod)) {
            if (o.unsure) return await o.unsure();
            if (turn < 2) continue;
            throw new RecordsError('unreachable', `${place.pod} has the call, lives, and does not answer`);
          }
          if ('silent' in said) this.#members.suspect(place.pod);
          await this.#takeFrom(key, place.pod);
          await o.hold();
          return await ('silent' in said && !said.unheard && o.unsure ? o.unsure() : o.here());
        }
        if (place.at === 'orphan') await o.hold();
        return await o.here();
      } catch (error) {
        if (!isFenced(error) || turn >= tries) throw error;
        // Whoever was quicker names itself meanwhile.
        await new Promise<void>((resolve) => this.o.clock.after(turn * pauseMs, resolve));
      }
    }
  }

  async where(key: string): Promise<Place> {
    if (this.#has(key)) return { at: 'here' };
    const found = await this.#owners.of(key);
    const pod = found.away ? await this.#line.who(key) : found.instance;
    if (pod !== undefined && pod !== this.o.instance && (found.away || (await this.#members.isAlive(pod)))) {
      return { at: 'pod', pod };
    }
    const heir = this.#leaving ? heirOf(key, this.#members.others()) : undefined;
    if (heir !== undefined) return { at: 'pod', pod: heir };
    return { at: found.away || pod !== undefined ? 'orphan' : 'nobody' };
  }

  /** Others take what is this process's, each call when nothing of it is being written. */
  async leave(): Promise<void> {
    this.#leaving = true;
    const others = this.#members.others();
    const keys = [...this.#held.keys()];
    for (let i = 0; i < keys.length; i += releasedAtOnce) {
      const some = keys.slice(i, i + releasedAtOnce);
      await Promise.all(some.map((key) => this.#release(key, heirOf(key, others))));
      this.#line.released(some);
    }
    for (const key of this.#senders) await this.#owners.give(key, heirOf(key, others));
    this.#senders.clear();
    await this.#members.leave();
  }

  async #release(key: string, heir: string | undefined): Promise<void> {
    const { clock, config } = this.o;
    const tenure = this.#held.get(key);
    if (tenure) {
      // Records that do not answer keep nobody here.
      await within(clock, config.passOn, this.o.quiet(tenure)).catch(() => undefined);
      this.#end(tenure);
    }
    await this.#owners.give(key, heir);
  }

  close(): void {
    this.#closed = true;
    this.#tidying?.cancel();
    this.#members.stop();
    this.#line.stop();
    for (const tenure of this.#held.values()) tenure.end();
    this.#held.clear();
  }

  #has(key: string): boolean {
    return this.#held.has(key) || this.#senders.has(key) || this.#acquiring.has(key);
  }

  #acquire(key: string): Promise<Tenure> {
    const acquiring = this.#acquireNow(key).finally(() => this.#acquiring.delete(key));
    this.#acquiring.set(key, acquiring);
    return acquiring;
  }

  async #acquireNow(key: string): Promise<Tenure> {
    const { records } = this.o;
    await this.#name(key);
    const fence = await records.claim(`chat/${key}`);
    if (this.#closed) throw moved();
    const tenure = new Tenure(key, fence, (lost) => this.#end(lost));
    this.#held.set(key, tenure);
    this.#elsewhere.delete(key);
    this.#line.taken([key]);
    // Nobody had it before: there is nothing to bring back.
    if (fence.epoch === 1) return tenure;
    try {
      for (const sender of await this.o.adopt(key)) {
        const other = senderKey(sender);
        this.#senders.add(other);
        await this.#owners.put(other);
      }
      if (tenure.over) throw moved();
      return tenure;
    } catch (error) {
      this.#end(tenure);
      throw error;
    }
  }

  /** Names this process in the store, unless it finds somebody else there who is alive. */
  async #name(key: string): Promise<void> {
    const found = await this.#owners.of(key);
    if (await this.#isOthers(found)) throw moved();
    if (await this.#owners.take(key, found)) return;
    if (await this.#isOthers(await this.#owners.of(key))) throw moved();
    await this.#owners.put(key);
  }

  async #isOthers(found: Owner): Promise<boolean> {
    if (found.away || found.instance === undefined || found.instance === this.o.instance) return false;
    return this.#members.isAlive(found.instance);
  }

  async #holdSender(key: string): Promise<void> {
    if (this.#senders.has(key)) return;
    await this.#name(key);
    for (const callId of await this.o.callsOf(key)) await this.hold(callId);
    this.#senders.add(key);
  }

  /** Somebody who is said to have it does not answer. */
  async #takeFrom(key: string, pod: string): Promise<void> {
    await this.#owners.take(key, { away: false, instance: pod });
  }

  async #ask(pod: string, what: Asked, payload: object, timeoutMs?: number): Promise<Heard> {
    let gone: () => void = () => undefined;
    const died = new Promise<Heard>((resolve) => (gone = () => resolve({ silent: true, unheard: false })));
    const watchers = this.#goneWatchers.get(pod) ?? new Set();
    this.#goneWatchers.set(pod, watchers.add(gone));
    try {
      return await Promise.race([
        this.#line.ask(pod, what, payload, timeoutMs ?? this.o.config.passOn),
        died,
      ]);
    } finally {
      watchers.delete(gone);
      if (watchers.size === 0 && this.#goneWatchers.get(pod) === watchers) this.#goneWatchers.delete(pod);
    }
  }

  async #asked(what: Asked, payload: unknown): Promise<Said> {
    if (this.#closed) return { moved: true };
    try {
      return { answer: await this.o.onAsked(what, payload) };
    } catch (error) {
      if (isFenced(error)) return { moved: true };
      throw error;
    }
  }

  #end(tenure: Tenure): void {
    if (tenure.over) return;
    tenure.end();
    if (this.#held.get(tenure.key) === tenure) this.#held.delete(tenure.key);
    this.o.drop(tenure);
  }

  /** Others say that they have these. */
  #taken(by: string, keys: readonly string[]): void {
    for (const key of keys) {
      this.#elsewhere.delete(key);
      this.#elsewhere.set(key, by);
      const tenure = this.#held.get(key);
      if (tenure) void this.#check(tenure);
    }
    for (const oldest of this.#elsewhere.keys()) {
      if (this.#elsewhere.size <= this.o.config.remembered) break;
      this.#elsewhere.delete(oldest);
    }
  }

  async #check(tenure: Tenure): Promise<void> {
    try {
      await tenure.check(this.o.records);
    } catch (error) {
      // The records cannot say whose it is: the store does, since of two that go on each would write what the other one
      // does not know. What was promised here is in the spool, and in the records later.
      const found = await this.#owners.of(tenure.key);
      if (await this.#isOthers(found)) return this.#end(tenure);
      // That the records are away is said where it is found out, once.
      if (error instanceof RecordsError && error.code === 'unreachable') return;
      this.o.logger.warn('call not checked', { reason: messageOf(error) });
    }
  }

  /** After a lapse: what is ours is named in the store again, and what is not is let go. */
  async #audit(): Promise<void> {
    await inPortions([...this.#held.values()], (tenure) => this.#verify(tenure, true));
    for (const key of this.#senders) await this.#owners.take(key, { away: false, instance: undefined });
  }

  /** What the store says of a call of ours is made good, or the call is let go: the word that it was taken may be lost. */
  async #verify(tenure: Tenure, sure = false): Promise<void> {
    const found = await this.#owners.of(tenure.key);
    if (!sure && (found.away || found.instance === this.o.instance)) return;
    await this.#check(tenure);
    if (tenure.over || this.#held.get(tenure.key) !== tenure) return;
    if (!found.away && found.instance !== this.o.instance) await this.#owners.take(tenure.key, found);
  }

  /** A part of them at each beat, all of them in the time of an audit. */
  async #verifySome(): Promise<void> {
    const { beat, audit } = this.o.config;
    const some: Tenure[] = [];
    for (let left = Math.ceil((this.#held.size * beat) / audit); left > 0; left--) {
      const next = this.#round.next();
      if (next.done) this.#round = this.#held.values();
      else some.push(next.value);
    }
    await inPortions(some, (tenure) => this.#verify(tenure));
  }

  async #gone(instance: string): Promise<void> {
    this.o.logger.warn('a process is gone', { instance });
    for (const gone of this.#goneWatchers.get(instance) ?? []) gone();
    const theirs = [...this.#elsewhere].flatMap(([key, by]) => (by === instance ? [key] : []));
    await this.#inherit(instance, theirs);
    await this.#lookThrough('share');
  }

  /** This process's share of what is nobody's, and later what each thought was another's. */
  async #lookThrough(which: 'share' | 'all'): Promise<void> {
    const { logger, clock, config } = this.o;
    let whole = false;
    try {
      const chats = await this.#sweep(which);
      if (chats > 0) logger.info('chats taken up', { chats });
      whole = true;
    } catch (error) {
      logger.error('open chats not looked through', { reason: messageOf(error) });
    }
    if (this.#closed || this.#leaving || (whole && which === 'all')) return;
    clock.after(config.lease * 2, () => void this.#lookThrough('all'));
  }

  /** This process's share of what another one has no more. */
  async #inherit(from: string, keys: readonly string[]): Promise<void> {
    if (this.#leaving || this.#closed) return;
    const heirs = this.#heirs().filter((each) => each !== from);
    const mine = keys.filter((key) => heirOf(key, heirs) === this.o.instance);
    for (const key of keys) if (this.#elsewhere.get(key) === from) this.#elsewhere.delete(key);
    await inPortions(mine, (key) => this.#takeOver(key));
  }

  /**
   * Takes up what is open in the records and nobody's: this process's share of it, or all. What was this process's own is
   * so again.
   */
  async #sweep(which: 'share' | 'all'): Promise<number> {
    const seen = new Set<string>();
    const taking = new Set<Promise<void>>();
    const heirs = this.#heirs();
    if (this.#leaving || this.#closed) return 0;
    let taken = 0;
    for await (const { callId } of this.o.open()) {
      if (this.#leaving || this.#closed) break;
      const key = callKey(callId);
      if (seen.has(key) || this.#has(key)) continue;
      seen.add(key);
      const one: Promise<void> = this.#orphaned(
        key,
        which === 'all' || heirOf(key, heirs) === this.o.instance,
      )
        .then(async (orphaned) => {
          if (orphaned && (await this.#takeOver(key))) taken++;
        })
        .finally(() => taking.delete(one));
      taking.add(one);
      if (taking.size >= atOnce) await Promise.race(taking);
    }
    await Promise.all(taking);
    return taken;
  }

  async #orphaned(key: string, mine: boolean): Promise<boolean> {
    const found = await this.#owners.of(key);
    if (found.away) return mine && (await this.#line.who(key)) === undefined;
    if (found.instance === this.o.instance) return true;
    return mine && !(await this.#isOthers(found));
  }

  /** Never rejects: what cannot be taken over now is when somebody speaks in it. */
  async #takeOver(key: string): Promise<boolean> {
    try {
      await (this.#acquiring.get(key) ?? this.#held.get(key) ?? this.#acquire(key));
      return true;
    } catch (error) {
      if (!isFenced(error)) this.o.logger.error('call not taken over', { reason: messageOf(error) });
      return false;
    }
  }

  #heirs(): string[] {
    return [...this.#members.others(), this.o.instance];
  }

  #tidyLater(): void {
    if (this.#closed) return;
    this.#tidying = this.o.clock.after(this.o.config.tidy, () => {
      void this.#tidy().finally(() => this.#tidyLater());
    });
  }

  /** Gives up what there is nothing to do for: it comes back when somebody speaks in it. */
  async #tidy(): Promise<void> {
    const isIdle = ({ key, users }: Tenure): boolean => users.size === 0 && !this.#acquiring.has(key);
    await inPortions([...this.#held.values()].filter(isIdle), async (tenure) => {
      await this.#owners.give(tenure.key);
      if (isIdle(tenure)) this.#end(tenure);
      else if (!tenure.over) await this.#owners.put(tenure.key);
    });
    const senders = this.o.senders();
    for (const key of this.#senders) {
      if (senders.has(key)) continue;
      this.#senders.delete(key);
      await this.#owners.give(key);
    }
  }
}

function moved(): RecordsError {
  return new RecordsError('fenced', 'another process has the call');
}

async function inPortions<T>(all: readonly T[], work: (each: T) => Promise<unknown>): Promise<void> {
  const left = all.values();
  const worker = async (): Promise<void> => {
    for (const each of left) await work(each);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
}
