import { type Clock, type Logger, isoTime, messageOf } from '@esinet/kernel';
import type { Bus, Metrics } from '@esinet/platform';
import type { KnownStates, QueueState, QueueStateValue } from '@esinet/states';
import type { Admission, AdmissionOutcome, AdmissionVerdict, QueuedCall } from './admission.js';
import { BusyHops } from './busy-hops.js';
import type { QueuesConfig } from './config.js';
import { HopWatch } from './hop-watch.js';
import { knownReason } from './known-reason.js';
import { readOutcome } from './outcome.js';
import { PendingCall } from './pending-call.js';
import { Queue } from './queue.js';
import { type QueueMetrics, queueMetrics } from './queue-metrics.js';
import { StateChanges } from './state-changes.js';
import { uriKey } from './uri-key.js';

export type { Admission, AdmissionOutcome, AdmissionVerdict, PassedOver, QueuedCall } from './admission.js';

export interface QueuesPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly bus?: Bus;
  /** What others say of themselves; not what this element says of its own queues. */
  readonly known?: KnownStates;
  /** Whether a next hop (a domain) answers OPTIONS. */
  readonly probe?: (hop: string) => Promise<boolean>;
}

/** Reasons to pass a next hop over that leave it able to take a call nobody else takes. */
const alive = new Set<string | undefined>(['Full', 'Standby', 'ResourceExhausted', undefined]);

/**
 * Which next hop takes a call, and when. Every call ends at one: what waits too long, is displaced or finds its next hop
 * gone goes on to the next candidate, and at the end to the last one whatever its limits.
 */
export class Queues {
  readonly hops: HopWatch;
  readonly #queues = new Map<string, Queue>();
  readonly #metrics: QueueMetrics;
  readonly #busy: BusyHops;
  readonly #changes: StateChanges;
  /** Calls that wait, by the number they have in their queue. */
  readonly #pending = new Map<number, PendingCall>();
  #lastId = 0;

  constructor(
    private readonly config: QueuesConfig,
    private readonly ports: QueuesPorts,
  ) {
    const { clock, logger, probe } = ports;
    this.#metrics = queueMetrics(ports.metrics);
    this.#busy = new BusyHops(clock);
    this.#changes = new StateChanges(clock, logger);
    this.hops = new HopWatch(config.nextHops, { clock, logger, probe, changed: () => this.reconsider() });
    for (const each of config.list) {
      const queue = new Queue(each, clock, config.longestService, {
        admit: (id) => this.#taken(id),
        pass: (id, why, preempted) => this.#passed(id, why, preempted),
        changed: (changed) => this.#changed(changed),
      });
      this.#queues.set(uriKey(each.uri).uri, queue);
    }
    for (const queue of this.#queues.values()) this.#changed(queue);
  }

  /** Never throws and never rejects. Synchronous unless the call has to wait. */
  admit(call: QueuedCall): AdmissionVerdict | Promise<AdmissionVerdict> {
    const [uri = '', ...then] = call.uris;
    if (this.#isQuiet) {
      return { kind: 'admitted', admission: this.#admission(uri, then, call, undefined), passedOver: [] };
    }
    const queueOf = (each: string): Queue | undefined => this.#queueOf(each);
    const pending = new PendingCall(++this.#lastId, call, this.ports.clock.now(), queueOf);
    try {
      this.#advance(pending);
    } catch (error) {
      // A mistake here must not cost a call.
      this.ports.logger.error('queue admission failed', { reason: messageOf(error) });
      this.#pending.delete(pending.id);
      const admission = this.#admission(uri, then, call, undefined);
      pending.settle({ kind: 'admitted', admission, passedOver: pending.passedOver });
    }
    return pending.verdict ?? pending.wait();
  }

  /** A caller gave up while waiting: its place is free, and its verdict never comes. */
  leave(id: string): void {
    for (const pending of [...this.#pending.values()]) {
      if (pending.call.id !== id) continue;
      this.#pending.delete(pending.id);
      pending.queue?.left(pending.id);
    }
  }

  snapshot(): QueueState[] {
    return [...this.#queues.values()].map((queue) => queue.state(this.stateOf(queue).value));
  }

  /** Told of a new state at once, of a new length now and then. Never with `Unreachable`. Gives the way to end it. */
  onChange(listener: (state: QueueState) => void): () => void {
    return this.#changes.listen(listener);
  }

  /** Something changed outside: a state that others told, a next hop that went or came back. */
  reconsider(): void {
    for (const queue of this.#queues.values()) {
      const why = this.#closedTo(queue.uri, queue);
      if (why !== undefined && why !== 'Standby' && why !== 'NotAccepted') queue.shut(why);
      this.#changed(queue);
    }
  }

  get all(): Iterable<Queue> {
    return this.#queues.values();
  }

  /** The queue that this URI is the name of. */
  named(uri: string): Queue | undefined {
    return this.#queues.get(uriKey(uri).uri);
  }

  /** State of a queue as we have it ourselves, and why. */
  stateOf(queue: Queue): { readonly value: QueueStateValue; readonly reason?: string } {
    const { state } = queue.config;
    if (state === 'Disabled') return { value: state, reason: 'set by the operator' };
    if (queue.dequeuers?.size === 0) return { value: 'Inactive', reason: 'nobody is registered to dequeue' };
    if (this.#isGone(queue.uri, queue)) return { value: 'Unreachable', reason: 'next hop does not answer' };
    if (queue.isBusy) return { value: 'Full', reason: 'next hop said 486' };
    if (queue.isFull) return { value: 'Full', reason: 'as many wait as may' };
    if (this.#isExhausted) return { value: 'ResourceExhausted', reason: 'too many wait in all queues' };
    return state === 'Standby' ? { value: state, reason: 'set by the operator' } : { value: 'Active' };
  }

  close(): void {
    this.hops.close();
    this.#changes.close();
    for (const queue of this.#queues.values()) queue.close();
  }

  /** Nothing is limited, nothing has failed, nothing is known: every call goes to its first target. */
  get #isQuiet(): boolean {
    return this.#queues.size === 0 && this.hops.isQuiet && this.#busy.isEmpty && !this.ports.known;
  }

  get #isExhausted(): boolean {
    return this.#pending.size > 0 && this.#pending.size >= this.config.maxWaiting;
  }

  #queueOf(uri: string): Queue | undefined {
    if (this.#queues.size === 0) return undefined;
    const key = uriKey(uri);
    return this.#queues.get(key.uri) ?? this.#queues.get(`sip:${key.hop}`);
  }

  /** On to the next candidate that takes it; it waits, or has its verdict, when this returns. */
  #advance(pending: PendingCall): void {
    for (let uri = pending.next(); uri !== undefined; uri = pending.next()) {
      const queue = this.#queueOf(uri);
      const why = this.#closedTo(uri, queue, pending.call);
      if (why === 'Standby' && pending.standsBy(uri)) continue;
      if (why !== undefined && why !== 'Standby') {
        this.#passOver(pending, uri, why);
        continue;
      }
      if (!queue) return this.#admitted(pending, uri, undefined);
      this.#arrive(pending, uri, queue);
      if (pending.verdict || pending.queue) return;
    }
    this.#lastResort(pending);
  }

  #arrive(pending: PendingCall, uri: string, queue: Queue): void {
    const now = this.ports.clock.now();
    const latest = now + queue.config.maxWait;
    // One limit for all its waiting: what it has waited for before is not waited for again.
    pending.until ??= latest;
    const mayWait = this.#pending.size < this.config.maxWaiting;
    pending.enter(uri, queue);
    this.#pending.set(pending.id, pending);
    const { running, priority } = pending.call;
    const until = mayWait ? Math.min(pending.until, latest) : now;
    queue.arrive({ id: pending.id, running, priority, since: now, until });
  }

  /** A queue let it in. */
  #taken(id: number): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    const { queue, uri } = pending;
    pending.exit();
    this.#admitted(pending, uri, queue);
  }

  /** A queue did not take it, or keeps it no longer. */
  #passed(id: number, why: string, preempted: boolean): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    const { uri } = pending;
    pending.exit();
    this.#passOver(pending, uri, why, preempted);
    // One that is just arriving goes on in the loop that made it arrive.
    if (pending.isWaitedFor) this.#advance(pending);
  }

  #passOver(pending: PendingCall, uri: string, why: string, preempted = false): void {
    pending.passedOver.push({ uri, why });
    this.#metrics.passedOver.inc({ why });
    if (preempted) this.#metrics.preempted.inc();
    this.ports.bus?.publish('events.esrp.queue', {
      at: isoTime(this.ports.clock.wall()),
      element: 'esrp',
      event: preempted ? 'pre-empted' : 'passed-over',
      nextHop: uri,
      why,
      priority: pending.call.priority,
    });
  }

  /** Nobody takes it: it goes to the last one all the same, or to one that is only full if that one is gone. */
  #lastResort(pending: PendingCall): void {
    const { passedOver, call, candidates } = pending;
    if (this.config.whenAllFull === 'busy' && passedOver.every(({ why }) => why === 'Full')) {
      return pending.settle({
        kind: 'busy',
        retryAfterSeconds: Math.max(1, Math.ceil(this.config.busyFor / 1_000)),
      });
    }
    const last = call.uris.at(-1) ?? '';
    const lives = (uri: string): boolean => alive.has(pending.whyNot(uri));
    const uri = lives(last) ? last : (candidates.find(lives) ?? last);
    const queue = this.#queueOf(uri);
    queue?.force();
    this.#metrics.forced.inc();
    this.#admitted(pending, uri, queue);
  }

  #admitted(pending: PendingCall, uri: string, queue: Queue | undefined): void {
    if (pending.isWaitedFor) {
      this.#metrics.waited.observe((this.ports.clock.now() - pending.since) / 1_000);
    }
    const [served = uri, ...others] = queue ? this.#servedBy(uri, queue) : [uri];
    queue?.dequeuers?.served(served);
    const then = this.#then(pending, uri, served, others);
    const admission = this.#admission(served, then, pending.call, queue);
    pending.settle({ kind: 'admitted', admission, passedOver: pending.passedOver });
  }

  #admission(uri: string, then: readonly string[], call: QueuedCall, queue: Queue | undefined): Admission {
    const isTest = call.priority < 0;
    const lease = {};
    queue?.begin(lease);
    let released = false;
    return {
      uri,
      then,
      failoverOn: (status) => status === 486 && !isTest && this.config.busyGoesOn,
      release: (outcome) => {
        if (released) return;
        released = true;
        this.#learn(uri, outcome, isTest);
        queue?.end(lease);
      },
    };
  }

  /** Who takes the calls of a next hop: those registered that are there, the others after them; or itself. */
  #servedBy(uri: string, queue: Queue): readonly string[] {
    const registered = queue.dequeuers?.inOrder().map(({ dequeuerUri }) => dequeuerUri) ?? [];
    if (registered.length === 0) return [uri];
    const gone = new Set(registered.filter((each) => this.#closedTo(each, undefined) !== undefined));
    return gone.size === 0 ? registered : [...registered.filter((each) => !gone.has(each)), ...gone];
  }

  /** Other dequeuers of the queue, then candidates that are open, then those passed over. */
  #then(pending: PendingCall, uri: string, served: string, others: readonly string[]): string[] {
    const rest = pending.candidates.filter((each) => each !== uri);
    const rank = (each: string): number => {
      const why = pending.whyNot(each) ?? this.#closedTo(each, this.#queueOf(each), pending.call);
      return why === undefined ? 0 : alive.has(why) ? 1 : 2;
    };
    // Mostly there is but the default: nothing to put in order.
    const ranked = rest.length < 2 ? rest : rest.toSorted((a, b) => rank(a) - rank(b));
    const expanded = ranked.flatMap((each) => {
      const queue = this.#queueOf(each);
      return queue?.dequeuers ? this.#servedBy(each, queue) : [each];
    });
    return [...new Set([...others, ...expanded])].filter((each) => each !== served);
  }

  /** Why a next hop takes no calls now, whatever its limits. */
  #closedTo(uri: string, queue: Queue | undefined, call?: QueuedCall): string | undefined {
    if (queue) {
      const { state, acceptsFrom } = queue.config;
      if (state === 'Disabled') return 'Disabled';
      if (acceptsFrom && !acceptsFrom.includes(call?.source ?? '')) return 'NotAccepted';
      if (queue.dequeuers?.size === 0) return 'Inactive';
    }
    const said = this.ports.known && knownReason(this.ports.known, uri);
    if (said !== undefined && said !== 'Standby') return said;
    if (this.#isGone(uri, queue)) return 'Unreachable';
    if (queue ? queue.isBusy : this.#busy.has(uri)) return 'Full';
    return said ?? (queue?.config.state === 'Standby' ? 'Standby' : undefined);
  }

  #isGone(uri: string, queue: Queue | undefined): boolean {
    if (this.hops.isQuiet) return false;
    const registered = queue?.dequeuers?.inOrder().map(({ dequeuerUri }) => dequeuerUri) ?? [];
    const uris = registered.length > 0 ? registered : [uri];
    return uris.every((each) => this.hops.isOpen(uriKey(each).hop));
  }

  /** What the call says of the next hops it was at. Tests have a limit of their own, which says nothing of the queue. */
  #learn(served: string, outcome: AdmissionOutcome, isTest: boolean): void {
    const { hops, busy } = readOutcome(served, outcome);
    for (const { hop, event } of hops) this.hops.note(hop, event);
    if (isTest || !this.config.busyGoesOn) return;
    for (const uri of busy) {
      const queue = this.#queueOf(uri);
      if (queue) queue.busy(this.config.busyFor);
      else this.#busy.said(uri, this.config.busyFor);
    }
  }

  #changed(queue: Queue): void {
    this.#metrics.length.set(queue.length, { queue: queue.uri });
    this.#metrics.inService.set(queue.inService, { queue: queue.uri });
    this.#changes.changed(queue, this.stateOf(queue).value);
  }
}
