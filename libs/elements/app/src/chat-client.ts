import type { Clock, Logger, Timer } from '@esinet/kernel';
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
  appSession,
  isDelivered,
  isKeepAlive,
  messageKind,
  newAppSession,
  readIdentifiers,
} from '@esinet/lmpe';
import { type SipMessage, type UacOutcome, type UasAnswer, parseNameAddr, readBodyParts } from '@esinet/sip';
import { type Place, chatRequest } from './chat-request.js';
import type { Link } from './link.js';
import type { Registration } from './registration.js';

/** A text from the PSAP. */
export interface ChatMessage {
  readonly sender: string;
  readonly kind: MessageKind;
  readonly messageId?: number;
  readonly text: string;
}

/** What became of a text: `status` is the last answer, 0 if there was none. */
export interface SendReport {
  readonly delivered: boolean;
  readonly status: number;
  readonly messageId?: number;
  /** With `delivered: false`: why. */
  readonly reason?: string;
}

export interface ChatClientOptions {
  readonly callId: string;
  readonly service: string;
  /** name-addr or URI with a tag: the same in every message of the chat. */
  readonly from: string;
  readonly element: string;
  readonly at?: Place;
  readonly locationUri?: string;
  /** Text a redirected chat begins with at the new PSAP. Default: the text of the start. */
  readonly introduction?: string;
  readonly timing?: SessionTiming;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Sends of one message before it counts as undelivered, and the pause before the second. */
export const appAttempts = 5;
export const appFirstPauseMs = 1_000;

/** One chat of a caller (TS 103 698 6.2). Texts may be given at any time; what they become is reported. */
export class ChatClient {
  #state: AppSession;
  #at: Place | undefined;
  #link: Link | undefined;
  #registration: Registration | undefined;
  #closed = false;
  #historyInfo: string | undefined;
  readonly #outbox: Outbox;
  readonly #timers = new Map<string, Timer>();
  readonly #reports = new Map<number, (report: SendReport) => void>();
  readonly #queued: ((report: SendReport) => void)[] = [];
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
    this.#outbox = new Outbox({
      send: (message) => this.#send(message),
      clock: o.clock,
      attempts: appAttempts,
      firstPauseMs: appFirstPauseMs,
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

  /** The new place goes out at once, and with every message from now on. */
  move(at: Place): void {
    this.#at = at;
    this.#apply({ type: 'moved' });
  }

  /** A keep-alive now: opens the way for the PSAP's messages again. */
  nudge(): void {
    this.#apply({ type: 'moved' });
  }

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

  /** Ends the process's part; the chat itself is ended by `stop`. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#registration?.close();
    this.#outbox.close();
    for (const report of [...this.#reports.values(), ...this.#queued]) {
      report({ delivered: false, status: 0, reason: 'closed' });
    }
    await this.#link?.close();
  }

  /** Gives the client its way out; done once, by `openChat`. */
  connect(link: Link, registration?: Registration): void {
    this.#link = link;
    this.#registration = registration;
  }

  /** Answers a request that came in. */
  receive(request: SipMessage): UasAnswer {
    if (this.#closed) return { status: 480 };
    const { callId, messageId, messageType } = readIdentifiers(request.values('Call-Info'));
    // RFC 3428 7: a MESSAGE answered 2xx has reached its person; another chat's has not.
    if (callId !== undefined && callId !== this.o.callId) return { status: 481 };
    const texts = readBodyParts(request).filter(
      ({ contentType }) => contentType === undefined || isTextPlain(contentType),
    );
    const replyTo = addressOf(request.header('Reply-To'));
    const event: ReceivedMessage = {
      type: 'received',
      sender: addressOf(request.header('From')) ?? '',
      ...(messageId !== undefined && { messageId }),
      ...(messageType !== undefined && { messageType }),
      ...(texts.length > 0 && { text: texts.map(({ body }) => body.toString('utf8')).join('\n') }),
      ...(replyTo !== undefined && { replyTo }),
      reference: `${request.callId ?? ''} ${request.cseq?.number ?? ''}`,
    };
    this.#outbox.kick();
    this.#apply(event);
    return { status: 200 };
  }

  #speak(event: AppEvent): Promise<SendReport> {
    return new Promise((resolve) => {
      const before = this.#state.lastSent;
      const effects = this.#apply(event, resolve);
      if (this.#state.lastSent > before) return;
      const queued = effects.some((e) => e.type === 'note' && e.note === 'queued');
      if (queued) this.#queued.push(resolve);
      else resolve({ delivered: false, status: 0, reason: this.#closed ? 'closed' : 'refused' });
    });
  }

  #apply(event: AppEvent, report?: (report: SendReport) => void): readonly SessionEffect[] {
    if (this.#closed) return [];
    const [next, effects] = appSession(this.#state, event);
    this.#state = next;
    for (const effect of effects) this.#perform(effect, event, report);
    return effects;
  }

  #perform(effect: SessionEffect, event: AppEvent, report?: (report: SendReport) => void): void {
    switch (effect.type) {
      case 'send': {
        const { to, messageType, messageId, text } = effect;
        if (effect.historyInfo !== undefined) this.#historyInfo = effect.historyInfo;
        if (messageId !== undefined) this.#reportLater(messageId, messageType, event, report);
        this.#outbox.push({
          to,
          messageType,
          keepAlive: isKeepAlive(messageKind(messageType)),
          ...(messageId !== undefined && { messageId }),
          ...(text !== undefined && { text }),
        });
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
        const { sender, kind, text, messageId } = effect;
        const message = { sender, kind, text, ...(messageId !== undefined && { messageId }) };
        for (const listener of this.#onMessage) listener(message);
        break;
      }
      case 'phase':
        for (const listener of this.#onState) listener(this.#state.phase);
        break;
      case 'note':
        for (const listener of this.#onNote) listener(effect.note);
        break;
      case 'record':
        break;
    }
  }

  /** The text of this event, or of an earlier one that had to wait. */
  #reportLater(
    messageId: number,
    messageType: number,
    event: AppEvent,
    report: ((report: SendReport) => void) | undefined,
  ): void {
    const own = event.type === 'stop' ? messageKind(messageType) === 'stop' : report !== undefined;
    const waiting = own ? report : messageKind(messageType) === 'in-chat' ? this.#queued.shift() : undefined;
    if (waiting) this.#reports.set(messageId, waiting);
  }

  async #send(message: OutgoingMessage): Promise<SendOutcome> {
    if (!this.#link) return { kind: 'failure', reason: 'not connected' };
    const redirects = messageKind(message.messageType) === 'start-redirect';
    const outcome: UacOutcome = await this.#link.send(
      chatRequest({
        callId: this.o.callId,
        from: this.o.from,
        element: this.o.element,
        message,
        now: this.o.clock.wall(),
        ...(this.#at && { at: this.#at }),
        ...(this.o.locationUri !== undefined && { locationUri: this.o.locationUri }),
        ...(redirects && this.#historyInfo !== undefined && { historyInfo: this.#historyInfo }),
      }),
    );
    return outcome.kind === 'response'
      ? { kind: 'answered', status: outcome.message.status }
      : { kind: 'failure', reason: outcome.reason };
  }

  #sent(message: OutgoingMessage, outcome: SendOutcome): void {
    const delivered = isDelivered(outcome);
    const { messageType, messageId } = message;
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

function isTextPlain(type: { readonly type: string; readonly subtype: string }): boolean {
  return type.type.toLowerCase() === 'text' && type.subtype.toLowerCase() === 'plain';
}

function addressOf(value: string | undefined): string | undefined {
  return value === undefined ? undefined : parseNameAddr(value)?.uri;
}
