import type {
  AskedSubscription,
  EventPackage,
  Flow,
  NotifierSubscription,
  NotifySource,
  RatePolicy,
  SubscribeVerdict,
} from '@esinet/sip';
import { type StateKind, type StateOf, statePackages } from './state-packages.js';
import type { StateSource } from './state-source.js';
import { writeState } from './write-state.js';

export interface StatePackageOptions<K extends StateKind> {
  readonly kind: K;
  /** What a Request-URI names; undefined: nothing of ours. */
  readonly source: (uri: string) => StateSource<StateOf[K]> | undefined;
  /** Whether somebody who comes over this flow is told anything. */
  readonly admits: (flow: Flow) => boolean;
  /** Seconds, without an Expires header. Default 600. */
  readonly expires?: number;
  readonly rates?: RatePolicy;
  /** Told of each SUBSCRIBE that was decided on, without who. */
  readonly onSubscribe?: (result: 'watched' | 'unknown' | 'forbidden') => void;
}

/**
 * A change is told at once, the next one 0.2 s later unless the subscriber wants more: a queue changes with every call. An
 * unchanged state is told up to once a second, which is what subscribers in the field ask for (`min-rate=1`).
 */
export const defaultStateRates: RatePolicy = { usualMax: 5, highestMax: 20, highestMin: 2 };

/** One of the event packages emergency-ElementState, emergency-ServiceState, emergency-QueueState. RFC 6665 5.4 */
export class StatePackage<K extends StateKind> implements EventPackage {
  readonly type: string;
  readonly defaultExpires: number;
  readonly bodyTypes: readonly string[];
  readonly filterTypes = [];
  readonly rates: RatePolicy;
  #watched = 0;

  constructor(private readonly o: StatePackageOptions<K>) {
    const { event, mediaType } = statePackages[o.kind];
    this.type = event;
    this.bodyTypes = [mediaType.toLowerCase()];
    this.defaultExpires = o.expires ?? 600;
    this.rates = o.rates ?? defaultStateRates;
  }

  /** Subscriptions under way. */
  get watched(): number {
    return this.#watched;
  }

  subscribe(asked: AskedSubscription): SubscribeVerdict {
    const { admits, onSubscribe, source: sourceOf } = this.o;
    if (!admits(asked.flow)) {
      onSubscribe?.('forbidden');
      return { accepted: false, answer: { status: 403 } };
    }
    const source = sourceOf(asked.resource);
    if (!source) {
      onSubscribe?.('unknown');
      return { accepted: false, answer: { status: 404 } };
    }
    onSubscribe?.('watched');
    return { accepted: true, open: (subscription) => this.#open(source, subscription) };
  }

  #open(source: StateSource<StateOf[K]>, subscription: NotifierSubscription): NotifySource {
    const { mediaType } = statePackages[this.o.kind];
    const unwatch = source.onChange(() => subscription.changed());
    this.#watched++;
    let told: string | undefined;
    const now = (): string | undefined => {
      const state = source.current();
      return state && writeState(this.o.kind, state);
    };
    return {
      // What changed and changed back within the interval is no news.
      wants: () => now() !== told,
      body: () => {
        told = now();
        return told === undefined ? undefined : { type: mediaType, content: told };
      },
      refresh: () => ({ accepted: true }),
      ended: () => {
        this.#watched--;
        unwatch();
      },
    };
  }
}
