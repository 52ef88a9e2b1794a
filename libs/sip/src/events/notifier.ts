import { type Clock, type IdSource, type Logger, messageOf } from '@esinet/kernel';
import type { SipMessage } from '../codec/sip-message.js';
import type { Flow } from '../transport/flow.js';
import type { UacOutcome, UserAgent } from '../ua/user-agent.js';
import type { UasAnswer } from '../ua/uas-answer.js';
import { acceptedType } from './accept.js';
import { contactOf } from './contact.js';
import { expiresOf } from './delta-seconds.js';
import { type Dialog, dialogAsServer, isInOrder, refreshed, requestIn } from './dialog.js';
import { type EventHeader, eventOf, sameEvent } from './event-header.js';
import type { AskedSubscription, EventPackage, NotifySource, SubscribeVerdict } from './event-package.js';
import { type NotifierLimits, defaultNotifierLimits } from './limits.js';
import { Held, type HeldSurroundings, keyOf } from './held-subscription.js';
import { MuteAddresses } from './mute-addresses.js';
import type { NotifierEvent, NotifyCause } from './notifier-machine.js';
import { readRates } from './rates.js';
import { type SubscriptionState, writeSubscriptionState } from './subscription-state.js';
import { WakeQueue } from './wake-queue.js';
import { wayBack } from './way-back.js';

export interface NotifierOptions {
  /** Sends the NOTIFYs. Its `onRequest` hands every SUBSCRIBE to `subscribe`. */
  readonly agent: Pick<UserAgent, 'send'>;
  /** What our Contact says, as in Via. */
  readonly sentBy: (flow: Flow) => string;
  readonly packages: readonly EventPackage[];
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly limits?: Partial<NotifierLimits>;
  /** Peers whose NOTIFYs go where the dialog says, although they may come from elsewhere. Default none. */
  readonly trusts?: (flow: Flow) => boolean;
}

const allowTypes = (packages: Iterable<string>): [string, string] => [
  'Allow-Events',
  [...packages].join(', '),
];

/** Characters of our To tag. */
const tagLength = 16;

/** The notifier of an element: RFC 6665 4.2 for any number of packages. Nothing it does blocks or throws. */
export class Notifier {
  readonly #packages: ReadonlyMap<string, EventPackage>;
  readonly #limits: NotifierLimits;
  readonly #held = new Map<string, Held>();
  readonly #queue: WakeQueue;
  readonly #mute: MuteAddresses;
  #opening = 0;
  #underWay = 0;
  #closed = false;

  constructor(private readonly o: NotifierOptions) {
    this.#packages = new Map(o.packages.map((p) => [p.type, p]));
    this.#limits = { ...defaultNotifierLimits, ...o.limits };
    this.#mute = new MuteAddresses(o.clock, this.#limits.maxUnanswered);
    this.#queue = new WakeQueue(o.clock, this.#limits.perTurn, (error) => this.#failed('wake', error));
  }

  /** Subscriptions held now. */
  get size(): number {
    return this.#held.size;
  }

  /** For Allow-Events. RFC 6665 4.4.4 */
  get types(): readonly string[] {
    return [...this.#packages.keys()];
  }

  /** Answers a SUBSCRIBE; what follows from it is sent after its answer. RFC 6665 4.2.1 */
  subscribe(request: SipMessage, flow: Flow): UasAnswer | Promise<UasAnswer> {
    const event = eventOf(request);
    if (!event && request.has('Event')) return { status: 400, reason: 'Event Malformed Or Repeated' };
    const known = event && this.#packages.get(event.type);
    // 4.2.1.1, 4.2.3
    if (!event || !known) return { status: 489, headers: [allowTypes(this.types)] };
    const tag = request.to?.tag;
    if (tag === undefined) return this.#open(request, flow, event, known);
    const held = this.#held.get(keyOf(request.callId, tag, request.from?.tag));
    if (!held) return { status: 481, reason: 'Subscription Does Not Exist' };
    return this.#refresh(held, request, flow, event);
  }

  /**
   * Ends every subscription, its subscriber told to come back after so many seconds and up to `spread` more, so that not
   * all come at once; waits for the answers, at most for `ms` milliseconds.
   */
  async close(ms: number, retryAfter = 5, spread = 10): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    let n = 0;
    for (const held of this.#held.values()) held.terminate('probation', retryAfter + (n++ % (spread + 1)));
    const until = this.o.clock.now() + ms;
    while (this.#held.size + this.#underWay > 0 && this.o.clock.now() < until) {
      await new Promise<void>((resolve) => this.o.clock.after(20, resolve));
    }
    this.#queue.stop();
    for (const held of this.#held.values()) held.end();
    this.#held.clear();
  }

  #open(
    request: SipMessage,
    flow: Flow,
    event: EventHeader,
    eventPackage: EventPackage,
  ): UasAnswer | Promise<UasAnswer> {
    const asked = this.#asked(request, flow, eventPackage);
    if ('status' in asked) return asked;
    const dialog = dialogAsServer(request, this.o.ids.token(tagLength), this.#limits);
    if ('status' in dialog) return dialog;
    if (this.#closed || this.#held.size + this.#opening >= this.#limits.maxSubscriptions) return this.#full();
    if (!flow.reliable && this.#mute.has(flow.remoteAddress)) return this.#full();
    const accept = (verdict: SubscribeVerdict): UasAnswer =>
      verdict.accepted ? this.#accept(asked, dialog, event, eventPackage, verdict) : verdict.answer;
    const verdict = eventPackage.subscribe(asked);
    if (!(verdict instanceof Promise)) return accept(verdict);
    this.#opening++;
    return verdict.then(accept).finally(() => void this.#opening--);
  }

  /** No 503: an upstream element would take the whole server for down. */
  #full(): UasAnswer {
    return {
      status: 480,
      reason: 'Too Many Subscriptions',
      headers: [['Retry-After', String(this.#limits.retryAfter)]],
    };
  }

  #accept(
    asked: AskedSubscription,
    dialog: Dialog,
    event: EventHeader,
    eventPackage: EventPackage,
    verdict: Extract<SubscribeVerdict, { accepted: true }>,
  ): UasAnswer {
    if (this.#closed) return this.#full();
    const { request, flow } = asked;
    const seconds = Math.min(asked.expires, Math.floor(verdict.longest ?? Infinity));
    const rates = readRates(event.params);
    const begin = (): void => {
      const held = new Held(this.#surroundings, eventPackage, event, dialog, flow);
      // Of a fetch nothing is kept but the NOTIFY on its way.
      if (seconds > 0) this.#held.set(held.key, held);
      held.source = verdict.open(held);
      held.event({
        type: 'subscribe',
        expiresMs: seconds * 1_000,
        rates,
        granted: verdict.state ?? 'active',
      });
    };
    return { ...this.#granted(request, flow, seconds), toTag: dialog.localTag, sent: begin };
  }

  #refresh(held: Held, request: SipMessage, flow: Flow, event: EventHeader): UasAnswer | Promise<UasAnswer> {
    // RFC 3261 12.2.2
    if (!isInOrder(held.dialog, request)) return { status: 500, reason: 'CSeq Out Of Order' };
    // 4.5.2: another subscription in the same dialog.
    if (!sameEvent(held.header, event)) return { status: 403, reason: 'Dialog Sharing Not Supported' };
    const asked = this.#asked(request, flow, held.eventPackage);
    if ('status' in asked) return asked;
    const { source } = held;
    if (!source) return { status: 500 };
    const next = refreshed(held.dialog, request);
    const accept = (verdict: Awaited<ReturnType<NotifySource['refresh']>>): UasAnswer => {
      if (!verdict.accepted) return verdict.answer;
      if (held.over) return { status: 481, reason: 'Subscription Does Not Exist' };
      const seconds = Math.min(asked.expires, Math.floor(verdict.longest ?? Infinity));
      held.dialog = { ...next, localCSeq: held.dialog.localCSeq };
      held.flow = flow;
      const rates = readRates(event.params);
      return {
        ...this.#granted(request, flow, seconds),
        sent: () => held.event({ type: 'refresh', expiresMs: seconds * 1_000, rates }),
      };
    };
    // The number counts from now on, whatever the package says: a second one with it is a repetition or out of order.
    held.dialog = { ...held.dialog, remoteCSeq: next.remoteCSeq };
    const verdict = source.refresh(asked);
    return verdict instanceof Promise ? verdict.then(accept) : accept(verdict);
  }

  #granted(request: SipMessage, flow: Flow, seconds: number): UasAnswer {
    return {
      status: 200,
      headers: [
        // RFC 3261 12.1.1
        ...request.values('Record-Route').map((route): [string, string] => ['Record-Route', route]),
        ['Expires', String(seconds)],
        ['Contact', contactOf(this.o.sentBy(flow), flow)],
        allowTypes(this.types),
      ],
    };
  }

  #asked(request: SipMessage, flow: Flow, eventPackage: EventPackage): AskedSubscription | UasAnswer {
    const limits = this.#limits;
    const given = expiresOf(request);
    if (given === 'broken') return { status: 400, reason: 'Expires Malformed' };
    const expires = Math.min(given ?? eventPackage.defaultExpires, limits.maxExpires);
    // 4.2.1.1: if and only if above zero, below an hour and below our minimum.
    if (expires > 0 && expires < 3_600 && expires < limits.minExpires) {
      return { status: 423, headers: [['Min-Expires', String(limits.minExpires)]] };
    }
    if (request.body.length > limits.maxBody) return { status: 413 };
    if (request.body.length > 0) {
      const type = request.contentType;
      if (!type || !eventPackage.filterTypes.includes(`${type.type}/${type.subtype}`)) {
        return { status: 415, headers: [['Accept', eventPackage.filterTypes.join(', ')]] };
      }
    }
    const bodyType = acceptedType(request, eventPackage.bodyTypes);
    // 4.1.2.1
    if (bodyType === undefined)
      return { status: 406, headers: [['Accept', eventPackage.bodyTypes.join(', ')]] };
    return { resource: request.requestUri, bodyType, expires, request, flow };
  }

  readonly #surroundings: HeldSurroundings = {
    now: () => this.o.clock.now(),
    wakeAt: (held, at) => this.#queue.set(held, at),
    notify: (held, cause, state) => this.#notify(held, cause, state),
    ended: (held) => {
      this.#queue.set(held, Infinity);
      if (this.#held.get(held.key) === held) this.#held.delete(held.key);
    },
    failed: (what, error) => this.#failed(what, error),
  };

  #notify(held: Held, cause: NotifyCause, state: SubscriptionState): void {
    const { dialog, request, nextHop } = requestIn(held.dialog, 'NOTIFY');
    held.dialog = dialog;
    const body = held.body(cause);
    const way = wayBack(nextHop, held.flow, this.o.trusts?.(held.flow) ?? false);
    if (way === undefined) return void queueMicrotask(() => held.event({ type: 'failed' }));
    const unproven = !held.flow.reliable;
    const { remoteAddress } = held.flow;
    this.#underWay++;
    if (unproven) this.#mute.sent(remoteAddress);
    void this.o.agent
      .send({
        ...request,
        headers: [
          ['Event', held.eventText],
          ['Subscription-State', writeSubscriptionState(state)],
          ['Contact', contactOf(this.o.sentBy(held.flow), held.flow)],
        ],
        listener: held.flow.listener,
        ...(way === 'locate' ? undefined : { destination: way }),
        ...(body ? { body: body.content, contentType: body.type } : undefined),
      })
      .then((outcome) => {
        this.#underWay--;
        if (unproven) {
          this.#mute.settled(remoteAddress, outcome.kind === 'response' && outcome.message.status < 300);
        }
        held.event(eventOfOutcome(outcome, held.header));
      });
  }

  #failed(what: string, error: unknown): void {
    this.o.logger.error('sip-event-failed', { what, reason: messageOf(error) });
  }
}

function eventOfOutcome(outcome: UacOutcome, header: Pick<EventHeader, 'type'>): NotifierEvent {
  if (outcome.kind === 'failure') return { type: 'failed' };
  const { message } = outcome;
  // RFC 6446 9.3: the event type must be that of the NOTIFY.
  const event = message.status < 300 && message.has('Event') ? eventOf(message) : undefined;
  return {
    type: 'answered',
    status: message.status,
    ...(event?.type === header.type ? { rates: readRates(event.params) } : undefined),
  };
}
