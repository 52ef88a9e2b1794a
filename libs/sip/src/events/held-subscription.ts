import type { Flow } from '../transport/flow.js';
import type { Dialog } from './dialog.js';
import type { EventHeader } from './event-header.js';
import type { EventPackage, NotifierSubscription, NotifySource } from './event-package.js';
import { type NotifierEvent, type NotifierState, type NotifyCause, notifier } from './notifier-machine.js';
import type { SubscriptionState, TerminationReason } from './subscription-state.js';
import type { Sleeper } from './wake-queue.js';

/** What a subscription is found by: its dialog. */
export function keyOf(callId: string | undefined, localTag: string, remoteTag: string | undefined): string {
  return `${callId ?? ''}\n${localTag}\n${remoteTag ?? ''}`;
}

/** What a subscription needs of its notifier. */
export interface HeldSurroundings {
  now(): number;
  wakeAt(held: Held, at: number): void;
  notify(held: Held, cause: NotifyCause, state: SubscriptionState): void;
  ended(held: Held): void;
  failed(what: string, error: unknown): void;
}

/** One subscription: its machine, its dialog, its source. Also what its package holds. */
export class Held implements Sleeper, NotifierSubscription {
  wakeAt = Infinity;
  source: NotifySource | undefined;
  readonly header: Pick<EventHeader, 'type' | 'id'>;
  #state: NotifierState = { name: 'init' };
  #dirty = false;
  #activated = false;
  #ending: { readonly reason: TerminationReason; readonly retryAfter: number | undefined } | undefined;

  constructor(
    private readonly around: HeldSurroundings,
    readonly eventPackage: EventPackage,
    event: EventHeader,
    public dialog: Dialog,
    public flow: Flow,
  ) {
    this.header = event.id === undefined ? { type: event.type } : { type: event.type, id: event.id };
  }

  get key(): string {
    return keyOf(this.dialog.callId, this.dialog.localTag, this.dialog.remoteTag);
  }

  get eventText(): string {
    return this.header.id === undefined ? this.header.type : `${this.header.type};id=${this.header.id}`;
  }

  get over(): boolean {
    return this.#state.name === 'terminated';
  }

  changed(): void {
    if (this.over) return;
    this.#dirty = true;
    this.around.wakeAt(this, Math.min(this.wakeAt, this.around.now()));
  }

  activate(): void {
    if (this.over) return;
    this.#activated = true;
    this.around.wakeAt(this, Math.min(this.wakeAt, this.around.now()));
  }

  terminate(reason: TerminationReason, retryAfter?: number): void {
    if (this.over || this.#ending) return;
    this.#ending = { reason, retryAfter };
    this.around.wakeAt(this, Math.min(this.wakeAt, this.around.now()));
  }

  wake(): void {
    const ending = this.#ending;
    if (ending) {
      const { reason, retryAfter } = ending;
      return this.event({
        type: 'terminate',
        reason,
        ...(retryAfter === undefined ? undefined : { retryAfter }),
      });
    }
    if (this.#activated) {
      this.#activated = false;
      this.event({ type: 'activate' });
    }
    const changed = this.#dirty && this.#wants();
    this.#dirty = false;
    this.event({ type: changed ? 'changed' : 'wake' });
  }

  event(event: NotifierEvent): void {
    const context = { now: this.around.now(), policy: this.eventPackage.rates };
    const [state, effects] = notifier(this.#state, event, context);
    this.#state = state;
    for (const effect of effects) {
      switch (effect.do) {
        case 'notify':
          // The NOTIFY says the state as it is now, changes that were reported and not looked at included.
          this.#dirty = false;
          this.around.notify(this, effect.cause, effect.state);
          break;
        case 'wake':
          this.around.wakeAt(this, this.#dirty || this.#ending ? context.now : effect.at);
          break;
        case 'end':
          this.end();
          break;
      }
    }
  }

  body(cause: NotifyCause): ReturnType<NotifySource['body']> {
    try {
      return this.source?.body(cause);
    } catch (error) {
      // RFC 6665 4.2.1.2: a neutral NOTIFY rather than none.
      this.around.failed('body', error);
      return undefined;
    }
  }

  end(): void {
    const { source } = this;
    this.#state = { name: 'terminated' };
    this.source = undefined;
    this.around.ended(this);
    try {
      source?.ended();
    } catch (error) {
      this.around.failed('ended', error);
    }
  }

  #wants(): boolean {
    try {
      return this.source?.wants() ?? false;
    } catch (error) {
      this.around.failed('wants', error);
      return true;
    }
  }
}
