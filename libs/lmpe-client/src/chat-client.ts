import type { Clock, Timer } from '@esinet/kernel';
import {
  type AppEvent,
  type AppPhase,
  type AppSession,
  type MessageKind,
  Outbox,
  type OutgoingMessage,
  type ReceivedMessage,
  type SendOutcome,
  type SessionEffect,
  type SessionTiming,
  answerOf,
  appSession,
  destinationOf,
  isDelivered,
  isEmergencyService,
  messageKind,
  newAppSession,
  outgoingOf,
  readIdentifiers,
} from '@esinet/lmpe';
import type { AppIncoming, AppLink } from './app-link.js';
import { type Attachment, type Introduction, appRequest } from './app-request.js';
import type { FurtherLocation, Place } from './place.js';

/** A text from the PSAP. */
export interface ChatMessage {
  readonly sender: string;
  readonly kind: MessageKind;
  readonly messageId?: number;
  readonly text: string;
  /** Behind a message that is missing, or after what follows it. */
  readonly mark?: 'gap' | 'late';
}

/** What became of a text: `status` is the last answer, 0 if there was none. */
export interface SendReport {
  readonly delivered: boolean;
  readonly status: number;
  readonly messageId?: number;
  /** With `delivered: false`: why. */
  readonly reason?: string;
}

export interface ChatClientOptions extends Introduction {
  readonly callId: string;
  readonly service: string;
  /** name-addr or URI with a tag: the same in every message of the chat. */
  readonly from: string;
  readonly element: string;
  readonly at?: Place;
  readonly locationUri?: string;
  /** Beside `at`: what a LIS knows, by value or by reference. */
  readonly locations?: readonly FurtherLocation[];
  /** Text a redirected chat begins with at the new PSAP. Default: the text of the start. */
  readonly introduction?: string;
  readonly timing?: SessionTiming;
  readonly clock: Clock;
}

/** Sends of one message before it counts as undelivered, and the pause before the second. */
export const appAttempts = 5;
export const appFirstPauseMs = 1_000;

/** What goes along with one text, and who wants to know what became of it. */
interface Spoken {
  readonly attachments: readonly Attachment[];
  readonly report: (report: SendReport) => void;
}

/**
 * One chat of a caller (TS 103 698 6.2), over whatever link it is given. Texts may be said at any time; what they become
 * is reported.
 */
export class ChatClient {
  #state: AppSession;
  #at: Place | undefined;
  #further: readonly FurtherLocation[];
  #link: AppLink | undefined;
  #closed = false;
  #attachments: Attachment[] = [];
  readonly #outbox: Outbox;
  readonly #timers = new Map<string, Timer>();
  readonly #reports = new Map<number, (report: SendReport) => void>();
  readonly #along = new Map<number, readonly Attachment[]>();
  readonly #queued: Spoken[] = [];
  readonly #onMessage: ((message: ChatMessage) => void)[] = [];
  readonly #onState: ((phase: AppPhase) => void)[] = [];
  readonly #onNote: ((note: string) => void)[] = [];

  constructor(private readonly o: ChatClientOptions) {
    this.#state = newAppSession({
      callId: o.callId,
      service: o.service,
      ...(o.introduction !== undefined && { introduction: o.introduction }),
      ...(o.timing && { timing: o.timing }),
    });
    this.#at = o.at;
    this.#further = [
      ...(o.locations ?? []),
      ...(o.locationUri === undefined ? [] : [{ uri: o.locationUri }]),
    ];
    this.#outbox = new Outbox({
      send: (message) => this.#send(message),
      clock: o.clock,
      // TS 103 698 6.1.2.10: a test that is refused (486) is not repeated.
      attempts: isEmergencyService(o.service)?.test ? 1 : appAttempts,
      firstPauseMs: appFirstPauseMs,
      // Whoever speaks in the chat has had its first message. Of those behind it that says nothing.
      routed: ({ to, messageId }) => to === o.service && messageId === 1,
      onOutcome: (message, outcome) => this.#sent(message, outcome),
    });
  }

  get callId(): string {
    return this.o.callId;
  }

  get phase(): AppPhase {
    return this.#state.phase;
  }

  /** Where the chat goes on, once the PSAP has said so. */
  get target(): string | undefined {
    return this.#state.target;
  }

  start(text: string): Promise<SendReport> {
    if (this.o.introduction === undefined && this.#state.phase === 'idle') {
      this.#state = { ...this.#state, introduction: text };
    }
    return this.#speak({ type: 'start', text });
  }

  say(text: string): Promise<SendReport> {
    return this.#speak({ type: 'say', text });
  }

  stop(text?: string): Promise<SendReport> {
    return this.#speak(text === undefined ? { type: 'stop' } : { type: 'stop', text });
  }

  /** Goes along with the next text that is said, the start included. */
  attach(...attachments: readonly Attachment[]): this {
    this.#attachments.push(...attachments);
    return this;
  }

  /** The new place goes out at once, and with every message from now on. */
  move(at: Place): void {
    this.#at = at;
    this.#apply({ type: 'moved' });
  }

  /** What a LIS knows now in place of what it knew before. Goes out as `move` does. */
  locate(locations: readonly FurtherLocation[]): void {
    this.#further = locations;
    this.#apply({ type: 'moved' });
  }

  /** A keep-alive now: opens the way for the PSAP's messages again. */
  nudge(): void {
    this.#apply({ type: 'moved' });
  }

  /** There is a network again: what waits for its next attempt goes out now. */
  reconnected(): void {
    this.#outbox.kick();
    this.nudge();
  }

  /** In the background (388). */
  inactive(): void {
    this.#apply({ type: 'inactive' });
  }

  active(): void {
    this.#apply({ type: 'active' });
  }

  onMessage(listener: (message: ChatMessage) => void): this {
    this.#onMessage.push(listener);
    return this;
  }

  onState(listener: (phase: AppPhase) => void): this {
    this.#onState.push(listener);
    return this;
  }

  /** Duplicates, gaps, silence and the like, by the names of SessionNote. */
  onNote(listener: (note: string) => void): this {
    this.#onNote.push(listener);
    return this;
  }

  /** Ends the program's part; the chat itself is ended by `stop`. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#outbox.close();
    for (const report of [...this.#reports.values(), ...this.#queued.map((spoken) => spoken.report)]) {
      report({ delivered: false, status: 0, reason: 'closed' });
    }
    await this.#link?.close();
  }

  /** Gives the client its way out; once, before `start`. */
  connect(link: AppLink): void {
    this.#link = link;
  }

  /** Takes a MESSAGE in. The SIP status to answer it with. */
  receive(incoming: AppIncoming): number {
    if (this.#closed) return 480;
    const { callId, messageId, messageType } = readIdentifiers(incoming.callInfo);
    // RFC 3428 7: a MESSAGE answered 2xx has reached its person; another chat's has not.
    if (callId !== undefined && callId !== this.o.callId) return 481;
    const { sender, replyTo, texts, reference, content, callBack } = incoming;
    const event: ReceivedMessage = {
      type: 'received',
      sender,
      reference,
      ...(messageId !== undefined && { messageId }),
      ...(messageType !== undefined && { messageType }),
      ...(texts.length > 0 && { text: texts.join('\n') }),
      ...(replyTo !== undefined && { replyTo }),
      ...(content !== undefined && { content }),
      ...(callBack !== undefined && { callBack }),
    };
    const effects = this.#apply(event);
    // What is sent again because of it goes where the chat goes on from now.
    this.#outbox.kick(callId !== undefined);
    return answerOf(effects);
  }

  #speak(event: AppEvent): Promise<SendReport> {
    return new Promise((resolve) => {
      const before = this.#state.lastSent;
      const spoken: Spoken = { report: resolve, attachments: this.#attachments };
      const effects = this.#apply(event, spoken);
      if (this.#state.lastSent > before) {
        this.#attachments = [];
        return;
      }
      if (effects.some((e) => e.type === 'note' && e.note === 'queued')) {
        this.#attachments = [];
        this.#queued.push(spoken);
      } else resolve({ delivered: false, status: 0, reason: this.#closed ? 'closed' : 'refused' });
    });
  }

  #apply(event: AppEvent, spoken?: Spoken): readonly SessionEffect[] {
    if (this.#closed) return [];
    const [next, effects] = appSession(this.#state, event);
    this.#state = next;
    for (const effect of effects) this.#perform(effect, event, spoken);
    return effects;
  }

  #perform(effect: SessionEffect, event: AppEvent, spoken?: Spoken): void {
    switch (effect.type) {
      case 'send': {
        const { messageType, messageId } = effect;
        if (messageId !== undefined) this.#remember(messageId, messageType, event, spoken);
        this.#outbox.push(outgoingOf(effect));
        break;
      }
      case 'set-timer': {
        const { timer, ms } = effect;
        this.#timers.get(timer)?.cancel();
        this.#timers.set(
          timer,
          this.o.clock.after(ms, () => void this.#apply({ type: 'timer', timer })),
        );
        break;
      }
      case 'cancel-timer':
        this.#timers.get(effect.timer)?.cancel();
        this.#timers.delete(effect.timer);
        break;
      case 'show': {
        const { sender, kind, text, messageId, mark } = effect;
        const message = {
          sender,
          kind,
          text,
          ...(messageId !== undefined && { messageId }),
          ...(mark && { mark }),
        };
        for (const listener of this.#onMessage) listener(message);
        break;
      }
      case 'phase':
        for (const listener of this.#onState) listener(this.#state.phase);
        break;
      case 'note':
        for (const listener of this.#onNote) listener(effect.note);
        break;
      default:
        break;
    }
  }

  /** Whose text a message is: that of this event, or one that had to wait. */
  #remember(messageId: number, messageType: number, event: AppEvent, spoken: Spoken | undefined): void {
    const kind = messageKind(messageType);
    const own = event.type === 'stop' ? kind === 'stop' : spoken !== undefined;
    const said = own ? spoken : kind === 'in-chat' ? this.#queued.shift() : undefined;
    if (!said) return;
    this.#reports.set(messageId, said.report);
    if (said.attachments.length > 0) this.#along.set(messageId, said.attachments);
  }

  async #send(message: OutgoingMessage): Promise<SendOutcome> {
    if (!this.#link) return { kind: 'failure', reason: 'not connected' };
    const { messageId } = message;
    const attachments = messageId === undefined ? undefined : this.#along.get(messageId);
    return this.#link.send(
      appRequest({
        callId: this.o.callId,
        from: this.o.from,
        element: this.o.element,
        message: { ...message, to: destinationOf(this.#state, message) },
        introduction: this.o,
        location: { further: this.#further, ...(this.#at && { at: this.#at }) },
        now: this.o.clock.wall(),
        ...(attachments && { attachments }),
        ...(message.historyInfo !== undefined && { historyInfo: message.historyInfo }),
      }),
    );
  }

  #sent(message: OutgoingMessage, outcome: SendOutcome): void {
    const delivered = isDelivered(outcome);
    const { messageType, messageId } = message;
    if (messageId !== undefined) this.#along.delete(messageId);
    this.#apply({
      type: 'outcome',
      messageType,
      delivered,
      ...(messageId !== undefined && { messageId }),
    });
    if (messageId === undefined) return;
    const report = this.#reports.get(messageId);
    this.#reports.delete(messageId);
    const reason = outcome.kind === 'failure' ? outcome.reason : 'refused by the far end';
    report?.({
      delivered,
      messageId,
      status: outcome.kind === 'answered' ? outcome.status : 0,
      ...(!delivered && { reason }),
    });
  }
}
