import { type Clock, type IdSource, type Logger, type Timer, messageOf } from '@esinet/kernel';
import type { SipMessage } from '../codec/sip-message.js';
import type { Destination } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';
import type { Credentials } from '../ua/challenge.js';
import type { UacOutcome, UacRequest, UserAgent } from '../ua/user-agent.js';
import type { UasAnswer } from '../ua/uas-answer.js';
import { expiresOf, readDeltaSeconds } from './delta-seconds.js';
import { type Dialog, dialogFromNotify, isInOrder, refreshed, requestIn } from './dialog.js';
import { type EventHeader, eventOf, parseEvent, sameEvent } from './event-header.js';
import {
  type SubscriberEvent,
  type SubscriberSettings,
  type SubscriberState,
  type SubscriberTimer,
  type SubscriptionEnd,
  subscriber,
} from './subscriber-machine.js';
import { type SubscriptionState, parseSubscriptionState } from './subscription-state.js';

export interface SubscriberOptions {
  /** Sends the SUBSCRIBEs. Its `onRequest` hands every NOTIFY to `notify`. */
  readonly agent: Pick<UserAgent, 'send'>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  /** Milliseconds of Timer N, 64*T1. Default 32 s. */
  readonly timerN?: number;
}

export interface SubscribeRequest {
  /** The resource. */
  readonly uri: string;
  /** name-addr or URI. */
  readonly from: string;
  /** Where NOTIFYs reach us: a name-addr. */
  readonly contact: string;
  /** Event header: type, parameters such as `max-rate`. */
  readonly event: string;
  readonly accept?: readonly string[];
  /** Seconds. 0: the state once. Default 3600. */
  readonly expires?: number;
  readonly body?: { readonly type: string; readonly content: Buffer | string };
  readonly headers?: readonly (readonly [string, string])[];
  readonly routes?: readonly string[];
  /** Where every SUBSCRIBE goes. Default: where the URI, or the dialog, says. */
  readonly destination?: Destination | Flow;
  readonly credentials?: Credentials;
  /** Subscribe anew whenever RFC 6665 4.1.3 lets it. Default true. */
  readonly persistent?: boolean;
  /** Milliseconds before the second attempt, and at most. Default 1 s and 60 s. */
  readonly firstPause?: number;
  readonly longestPause?: number;
  /** Each NOTIFY that counts. */
  readonly onNotify: (notify: SipMessage, state: SubscriptionState) => void;
  /** The subscription was lost; another one follows. */
  readonly onLost?: (end: SubscriptionEnd, retryMs: number) => void;
  /** It is over for good. */
  readonly onEnd?: (end: SubscriptionEnd) => void;
}

export interface EventSubscription {
  /** Ends it orderly; `onEnd` follows. */
  unsubscribe(): void;
  /** Refreshes it now: the state is told again. Where there is no dialog nothing happens. */
  refresh(): void;
  readonly state: SubscriberState['name'];
}

const notFound: UasAnswer = { status: 481, reason: 'Subscription Does Not Exist' };

/** The subscriber of a user agent: RFC 6665 4.1. One subscription has one dialog: NOTIFYs of other forks are 481. */
export class EventSubscriber {
  readonly #byTag = new Map<string, Subscribed>();

  constructor(private readonly o: SubscriberOptions) {}

  /** Subscribes. @throws RangeError when the Event header cannot be one */
  subscribe(request: SubscribeRequest): EventSubscription {
    const event = parseEvent(request.event);
    if (!event) throw new RangeError('no Event header');
    const subscribed = new Subscribed(this.o, this.#byTag, request, event);
    subscribed.event({ type: 'start' });
    return subscribed;
  }

  /** Answers a NOTIFY. RFC 6665 4.1.3 */
  notify(notify: SipMessage): UasAnswer {
    const event = eventOf(notify);
    if (!event) return notify.has('Event') ? { status: 400, reason: 'Event Malformed' } : { status: 489 };
    const found = this.#byTag.get(keyOf(notify.callId, notify.to?.tag));
    if (!found) return notFound;
    return found.notify(notify, event);
  }

  /** Lets go of everything without a word. */
  close(): void {
    for (const subscribed of [...this.#byTag.values()]) subscribed.forget();
  }
}

function keyOf(callId: string | undefined, localTag: string | undefined): string {
  return `${callId ?? ''}\n${localTag ?? ''}`;
}

class Subscribed implements EventSubscription {
  #state: SubscriberState = { name: 'init' };
  #callId = '';
  #localTag = '';
  #cseq = 0;
  #dialog: Dialog | undefined;
  /** Counts dialogs: what comes late belongs to none. */
  #turn = 0;
  readonly #timers = new Map<SubscriberTimer, Timer>();
  readonly #settings: SubscriberSettings;

  constructor(
    private readonly o: SubscriberOptions,
    private readonly table: Map<string, Subscribed>,
    private readonly asked: SubscribeRequest,
    private readonly header: EventHeader,
  ) {
    this.#settings = {
      expires: asked.expires ?? 3_600,
      persistent: asked.persistent ?? true,
      timerN: o.timerN ?? 32_000,
      firstPause: asked.firstPause ?? 1_000,
      longestPause: asked.longestPause ?? 60_000,
    };
  }

  get state(): SubscriberState['name'] {
    return this.#state.name;
  }

  unsubscribe(): void {
    this.event({ type: 'unsubscribe' });
  }

  refresh(): void {
    this.event({ type: 'timer', timer: 'refresh' });
  }

  event(event: SubscriberEvent): void {
    const [state, effects] = subscriber(this.#state, event, this.#settings);
    this.#state = state;
    for (const effect of effects) {
      switch (effect.do) {
        case 'subscribe':
          this.#subscribe(effect.dialog, effect.expires);
          break;
        case 'set':
          this.#stop(effect.timer);
          this.#timers.set(
            effect.timer,
            this.o.clock.after(effect.ms, () => this.event({ type: 'timer', timer: effect.timer })),
          );
          break;
        case 'stop':
          this.#stop(effect.timer);
          break;
        case 'lost':
          this.#leaveDialog();
          this.#tell(() => this.asked.onLost?.(effect.end, effect.retryMs));
          break;
        case 'end':
          this.#leaveDialog();
          this.#tell(() => this.asked.onEnd?.(effect.end));
          break;
      }
    }
  }

  notify(notify: SipMessage, event: EventHeader): UasAnswer {
    if (!sameEvent(event, this.header)) return event.type === this.header.type ? notFound : { status: 489 };
    const text = notify.headerLines('Subscription-State');
    const state = text.length === 1 ? parseSubscriptionState(text[0]!) : undefined;
    if (!state) return { status: 400, reason: 'Subscription-State Missing Or Malformed' };
    const known = this.#dialog;
    if (!known) {
      const dialog = dialogFromNotify(notify, this.#cseq);
      if ('status' in dialog) return dialog;
      this.#dialog = dialog;
    } else {
      // 4.4.1, 5.4.9: another notifier that the SUBSCRIBE was forked to.
      if (known.remoteTag !== notify.from?.tag) return notFound;
      if (!isInOrder(known, notify)) return { status: 500, reason: 'CSeq Out Of Order' };
      this.#dialog = refreshed(known, notify);
    }
    return {
      status: 200,
      sent: () => {
        this.#tell(() => this.asked.onNotify(notify, state));
        this.event({ type: 'notify', state });
      },
    };
  }

  forget(): void {
    this.#state = { name: 'terminated' };
    this.#leaveDialog();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #subscribe(where: 'new' | 'same', expires: number): void {
    const { asked, o } = this;
    if (where === 'new' || !this.#dialog) {
      this.#leaveDialog();
      this.#callId = o.ids.token(24);
      this.#localTag = o.ids.token(16);
      this.#cseq = 0;
      this.table.set(keyOf(this.#callId, this.#localTag), this);
    }
    const common: Pick<UacRequest, 'headers' | 'body' | 'contentType' | 'credentials' | 'destination'> = {
      headers: [
        ['Event', asked.event],
        ['Expires', String(expires)],
        ['Contact', asked.contact],
        ...(asked.accept ? [['Accept', asked.accept.join(', ')] as const] : []),
        ...(asked.headers ?? []),
      ],
      ...(asked.body && expires > 0 ? { body: asked.body.content, contentType: asked.body.type } : undefined),
      ...(asked.credentials ? { credentials: asked.credentials } : undefined),
      ...(asked.destination ? { destination: asked.destination } : undefined),
    };
    let request: UacRequest;
    if (this.#dialog) {
      const next = requestIn({ ...this.#dialog, localCSeq: this.#cseq }, 'SUBSCRIBE');
      this.#dialog = next.dialog;
      request = { ...next.request, ...common };
    } else {
      const from = asked.from.includes('<') ? asked.from : `<${asked.from}>`;
      request = {
        method: 'SUBSCRIBE',
        uri: asked.uri,
        from: `${from};tag=${this.#localTag}`,
        to: asked.uri,
        callId: this.#callId,
        cseq: this.#cseq + 1,
        ...(asked.routes ? { routes: asked.routes } : undefined),
        ...common,
      };
    }
    // An answer to a challenge takes a number of its own.
    this.#cseq += asked.credentials ? 2 : 1;
    const turn = this.#turn;
    void o.agent.send(request).then((outcome) => {
      if (turn === this.#turn) this.event(eventOfOutcome(outcome));
    });
  }

  #leaveDialog(): void {
    this.#turn++;
    this.table.delete(keyOf(this.#callId, this.#localTag));
    this.#dialog = undefined;
  }

  #stop(timer: SubscriberTimer): void {
    this.#timers.get(timer)?.cancel();
    this.#timers.delete(timer);
  }

  #tell(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.o.logger.error('sip-event-failed', { what: 'subscriber', reason: messageOf(error) });
    }
  }
}

function eventOfOutcome(outcome: UacOutcome): SubscriberEvent {
  if (outcome.kind === 'failure') return { type: 'failed' };
  const { message } = outcome;
  const { status } = message;
  if (status < 300) {
    const expires = expiresOf(message);
    return {
      type: 'accepted',
      expires: expires === 'broken' ? undefined : expires,
      noNotify: status === 204,
    };
  }
  return {
    type: 'refused',
    status,
    minExpires: readDeltaSeconds(message.header('Min-Expires')),
    // RFC 3261 20.33: a comment and parameters may follow.
    retryAfter: readDeltaSeconds(/^\s*(\d+)/.exec(message.header('Retry-After') ?? '')?.[1]),
  };
}
