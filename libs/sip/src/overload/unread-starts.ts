import type { Clock } from '@esinet/kernel';
import type { LoadClass } from './load-class.js';
import type { OverloadControl } from './overload-control.js';
import { RefusingBudget } from './refusing-budget.js';
import { RecentWords } from './recent-words.js';
import { StartGlance } from './start-glance.js';

/** Milliseconds that a datagram costs which is taken from its socket, glanced at and dropped. */
const droppingMs = 0.01;
/** Request-URIs whose class is remembered. */
const mostUris = 256;

export interface UnreadStartsOptions {
  readonly clock: Clock;
  readonly control: OverloadControl;
  /** Share of the time, 0 to 1, that refusing may take; 1 answers all. */
  readonly refusing: number;
  /** Milliseconds a repetition may follow its request, 64*T1. */
  readonly repeatMs: number;
  /** Milliseconds a chat is known for after its last message. */
  readonly chatMs?: number;
  readonly seed: number;
}

/**
 * Drops starts before they are read, while more comes than can be done and even refusing it has taken its share of the
 * time: UDP repeats what was not answered, and a caller who was told nothing may still be let in. Nothing else is ever
 * dropped here, nor is what could be the repetition of a start that was taken on.
 */
export class UnreadStarts {
  /** Whether strangers come in by that listener and from that address: neighbours are always answered. */
  isWatched: (listener: string, address: string) => boolean = () => false;
  /** What a request for that URI from outside is; undefined for what is no start. */
  classOf: (requestUri: string) => Exclude<LoadClass, 'running'> | undefined = () => undefined;
  /** Whether a chat runs that has this identifier and this user, and came from there. */
  isRunning: (callIdentifier: string, from: string, listener: string, address: string) => boolean = () =>
    false;
  /** To count; must not throw. */
  onDropped: () => void = () => undefined;

  readonly #clock: Clock;
  readonly #control: OverloadControl;
  readonly #glance: StartGlance;
  readonly #taken: RecentWords;
  readonly #chats: RecentWords;
  readonly #budget: RefusingBudget;
  readonly #classes = new Map<string, Exclude<LoadClass, 'running'> | undefined>();
  #since: number | undefined;

  constructor(o: UnreadStartsOptions) {
    this.#clock = o.clock;
    this.#control = o.control;
    this.#glance = new StartGlance(o.seed);
    this.#taken = new RecentWords(o.repeatMs);
    this.#chats = new RecentWords(o.chatMs ?? o.repeatMs, o.seed);
    this.#budget = new RefusingBudget(o.refusing, o.clock.now());
  }

  /** A datagram was taken on: its repetitions have to find it. */
  took(bytes: Buffer): void {
    if (this.#glance.read(bytes)) this.#taken.add(this.#glance.high, this.#glance.low, this.#clock.now());
  }

  /** A chat with this identifier has begun, or goes on. */
  chats(callIdentifier: string): void {
    this.#chats.addText(callIdentifier, this.#clock.now());
  }

  /** Whether nobody needs to read this datagram. If not, `read` is to be called once it was read and dealt with. */
  drops(bytes: Buffer, listener: string, address: string): boolean {
    const control = this.#control;
    if (!control.isOverloaded || !this.isWatched(listener, address)) return false;
    const glance = this.#glance;
    if (!glance.read(bytes)) return false;
    const { requestUri } = glance;
    const load = this.#classOf(requestUri);
    if (!load) return false;
    const now = this.#clock.now();
    if (this.#taken.has(glance.high, glance.low, now)) return false;
    if (control.decide(load, requestUri, address, now)) return false;
    if (this.#runs(listener, address, now)) {
      control.withdraw();
      return false;
    }
    if (this.#budget.has(now)) {
      this.#since = now;
      return false;
    }
    control.dropped(load, now);
    this.#budget.spend(droppingMs);
    this.onDropped();
    return true;
  }

  #runs(listener: string, address: string, now: number): boolean {
    const { callIdentifier } = this.#glance;
    if (callIdentifier === undefined || !this.#chats.hasText(callIdentifier, now)) return false;
    return this.isRunning(callIdentifier, this.#glance.from, listener, address);
  }

  read(): void {
    this.#control.withdraw();
    if (this.#since === undefined) return;
    this.#budget.spend(this.#clock.now() - this.#since);
    this.#since = undefined;
  }

  #classOf(requestUri: string): Exclude<LoadClass, 'running'> | undefined {
    const known = this.#classes.get(requestUri);
    if (known !== undefined || this.#classes.has(requestUri)) return known;
    if (this.#classes.size >= mostUris) this.#classes.clear();
    const load = this.classOf(requestUri);
    this.#classes.set(requestUri, load);
    return load;
  }
}
