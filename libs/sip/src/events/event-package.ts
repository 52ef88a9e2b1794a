import type { SipMessage } from '../codec/sip-message.js';
import type { Flow } from '../transport/flow.js';
import type { UasAnswer } from '../ua/uas-answer.js';
import type { NotifyCause } from './notifier-machine.js';
import type { RatePolicy } from './rates.js';
import type { TerminationReason } from './subscription-state.js';

/** What a package says about its subscriptions, RFC 6665 5.4. */
export interface EventPackage {
  /** event-type: `presence`. */
  readonly type: string;
  /** Seconds, without an Expires header. RFC 6665 5.4.4 */
  readonly defaultExpires: number;
  /** Media types of its NOTIFY bodies, lower case; the first one without an Accept header. RFC 6665 5.4.5 */
  readonly bodyTypes: readonly string[];
  /** Media types of its SUBSCRIBE bodies, lower case. Others are 415. RFC 6665 5.4.3 */
  readonly filterTypes: readonly string[];
  /** RFC 6665 5.4.10 */
  readonly rates: RatePolicy;
  /** Whether a subscription is made. A rejection is answered 500. RFC 6665 5.4.6 */
  subscribe(asked: AskedSubscription): SubscribeVerdict | Promise<SubscribeVerdict>;
}

/** A SUBSCRIBE that is in order as far as RFC 6665 goes. */
export interface AskedSubscription {
  /** The Request-URI. */
  readonly resource: string;
  /** Of NOTIFY bodies, the one of the package's that the subscriber likes best. */
  readonly bodyType: string;
  /** Seconds; 0: the state once. */
  readonly expires: number;
  readonly request: SipMessage;
  readonly flow: Flow;
}

export type SubscribeVerdict =
  | { readonly accepted: false; readonly answer: UasAnswer }
  | {
      readonly accepted: true;
      /** Default active. */
      readonly state?: 'active' | 'pending';
      /** Seconds: what the package can promise at most. */
      readonly longest?: number;
      /** Called once the SUBSCRIBE has its answer, before the first NOTIFY. */
      open(subscription: NotifierSubscription): NotifySource;
    };

/** What a package tells the notifier about one subscription. All of it is carried out later, never at once. */
export interface NotifierSubscription {
  /** The state may have changed. */
  changed(): void;
  /** A pending subscription is granted. */
  activate(): void;
  terminate(reason: TerminationReason, retryAfter?: number): void;
}

/** Where one subscription's notifications come from. */
export interface NotifySource {
  /** Asked after `changed`: whether the subscriber is to be told. Filters say no. */
  wants(): boolean;
  /** The state as it is now; undefined: neutral, a NOTIFY without a body. RFC 6665 5.4.7 */
  body(cause: NotifyCause): { readonly type: string; readonly content: Buffer | string } | undefined;
  /** A refresh or an unsubscription; what it does not accept leaves the subscription as it was. */
  refresh(asked: AskedSubscription): RefreshVerdict | Promise<RefreshVerdict>;
  /** The subscription is no more; called once. */
  ended(): void;
}

export type RefreshVerdict =
  | { readonly accepted: false; readonly answer: UasAnswer }
  | { readonly accepted: true; readonly longest?: number };
