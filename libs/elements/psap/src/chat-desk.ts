import {
  type Clock,
  type IdSource,
  type Logger,
  type Result,
  err,
  isoTime,
  messageOf,
  ok,
} from '@esinet/kernel';
import {
  Outbox,
  type OutgoingMessage,
  type PsapEvent,
  type PsapSession,
  type ReceivedMessage,
  type SendOutcome,
  type SessionEffect,
  isDelivered,
  isKeepAlive,
  messageKind,
  newCallId,
  newPsapSession,
  psapSession,
} from '@esinet/lmpe';
import { type Records, RecordsError } from '@esinet/platform';
import type { Centre, Centres } from './centre.js';
import { Chat } from './chat.js';
import type { PsapConfig } from './config.js';
import type { IncomingMessage } from './incoming-message.js';
import type { LocationLook } from './location-look.js';
import { ChatArchive } from './chat-archive.js';
import { ChatIndex } from './chat-index.js';
import { inRecord, locationKey, outRecord, replayOf, tellsSomething } from './make-record.js';
import { type ChatRecord, type MessageRecord, chatIdOf, ids, kindOf } from './message-record.js';
import { automaticAnswer } from './script.js';
import { TestCalls, testAnswer } from './test-call.js';

/** What others are told of, after it happened. Nothing waits for them. */
export interface DeskWatcher {
  started(chat: Chat): void;
  message(chat: Chat, record: Pick<MessageRecord, 'direction' | 'kind' | 'messageId' | 'messageType'>): void;
  ended(chat: Chat): void;
  note(chat: Chat, note: string): void;
  open(count: number): void;
}

export interface ChatDeskOptions {
  readonly config: PsapConfig;
  readonly centres: Centres;
  readonly records: Records;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly send: (chat: Chat, message: OutgoingMessage) => Promise<SendOutcome>;
  readonly look: LocationLook | undefined;
  readonly watcher: DeskWatcher;
}

/** Answer to a MESSAGE. */
export interface DeskAnswer {
  readonly status: number;
  readonly reason?: string;
}

export interface DeskRefusal {
  readonly code: 'not-found' | 'not-open' | 'too-long' | 'not-stored';
  readonly message: string;
}

/**
 * The chats of all centres of this process. A message is answered 200 when its record and that of what it caused are
 * durable, and not before; if they cannot be, the session stays as it was and the sender is told 500.
 */
export class ChatDesk {
  readonly #index = new ChatIndex();
  readonly #archive: ChatArchive;
  readonly #tests: TestCalls;
  readonly #opening = new Map<string, Promise<Chat | undefined>>();
  #closed = false;

  constructor(private readonly o: ChatDeskOptions) {
    this.#archive = new ChatArchive(o.records);
    this.#tests = new TestCalls(o.config.tests.interval);
  }

  async take(message: IncomingMessage, named: Centre | undefined): Promise<DeskAnswer> {
    if (message.textBytes > this.o.config.limits.textBytes) return { status: 413 };
    try {
      const chat = await this.#chatFor(message, named);
      // TS 103 698 6.1.2.10 has 486 for tests, 6.1.2.9 no 503 for others: after a 480 the routing proxy tries the next PSAP.
      if (!chat) return { status: message.test ? 486 : 480 };
      if (chat.waiting >= this.o.config.limits.waitingPerChat)
        return { status: 500, reason: 'Too Many Messages' };
      const event: ReceivedMessage = {
        type: 'received',
        sender: message.sender,
        ...ids(message.identifiers),
        ...(message.text !== undefined && { text: message.text }),
        ...(message.content !== undefined && { content: message.content }),
        ...(message.replyTo !== undefined && { replyTo: message.replyTo }),
        reference: message.reference,
      };
      return await chat.enqueue(async () => {
        try {
          await this.#step(chat, event, message);
          return { status: 200 };
        } finally {
          // Whoever waits behind still needs it.
          if (!chat.recorded && chat.waiting <= 1) this.#forget(chat);
        }
      });
    } catch (error) {
      this.o.logger.error('message not stored', {
        reason: error instanceof RecordsError ? error.code : messageOf(error),
      });
      return { status: 500 };
    }
  }

  say(id: string, text: string): Promise<Result<MessageRecord, DeskRefusal>> {
    return this.#ask(id, { type: 'say', text });
  }

  stop(id: string, text?: string): Promise<Result<MessageRecord, DeskRefusal>> {
    return this.#ask(id, text === undefined ? { type: 'stop' } : { type: 'stop', text });
  }

  /** Newest first. */
  list(limit: number): Promise<ChatRecord[]> {
    return this.#archive.list(limit);
  }

  /** By Call Identifier, the newest of several; or by the chat's own identifier. */
  async find(id: string): Promise<ChatRecord | undefined> {
    const known = this.#index.byCallId(id).at(-1) ?? this.#index.get(id);
    return known ? known.record() : this.#archive.find(id);
  }

  /** In their order. */
  messages(chat: string): Promise<MessageRecord[]> {
    return this.#archive.messages(chat);
  }

  /** Takes up the chats that were open when the process ended. Gives their number. */
  async restore(): Promise<number> {
    const { clock, config } = this.o;
    let restored = 0;
    for await (const chat of this.#archive.openSince(isoTime(clock.wall() - config.limits.restoreWithin))) {
      if (this.#index.size >= config.limits.chats) break;
      await this.#load(chat);
      restored++;
    }
    return restored;
  }

  get openChats(): number {
    return this.#index.open;
  }

  close(): void {
    this.#closed = true;
    for (const chat of this.#index.all()) {
      chat.cancelTimers();
      chat.outbox.close();
    }
  }

  async #ask(id: string, event: PsapEvent & { text?: string }): Promise<Result<MessageRecord, DeskRefusal>> {
    if (Buffer.byteLength(event.text ?? '') > this.o.config.limits.textBytes) {
      return err({ code: 'too-long', message: `a text has at most ${this.o.config.limits.textBytes} bytes` });
    }
    try {
      const record = await this.find(id);
      if (!record) return err({ code: 'not-found', message: 'there is no such chat' });
      const chat = await this.#living(record);
      if (!chat) return err({ code: 'not-open', message: 'the chat is closed' });
      const made = await chat.enqueue(() => this.#step(chat, event));
      const sent = made.find((r) => r.direction === 'out');
      return sent ? ok(sent) : err({ code: 'not-open', message: `the chat is ${chat.state.phase}` });
    } catch (error) {
      this.o.logger.error('message not stored', { reason: messageOf(error) });
      return err({ code: 'not-stored', message: 'the message cannot be stored now' });
    }
  }

  /** A chat that had to make room comes back when a call taker asks for it. */
  async #living(record: ChatRecord): Promise<Chat | undefined> {
    const chat = this.#index.get(record.chat) ?? (await this.#opening.get(record.chat));
    if (chat || record.phase !== 'open') return chat;
    const loading = this.#load(record).finally(() => this.#opening.delete(record.chat));
    this.#opening.set(record.chat, loading);
    return loading;
  }

  /**
   * The chat a message belongs to: that of its Call Identifier at this centre and, if there are several, of its
   * sender. A start from somebody else under a known identifier gets a chat of its own, so that both are answered.
   * Without an identifier it is the sender's open chat that we named.
   */
  async #chatFor(message: IncomingMessage, named: Centre | undefined): Promise<Chat | undefined> {
    const { callId, messageType } = message.identifiers;
    const starts = ['start', 'start-redirect'].includes(messageKind(messageType));
    let known: readonly Chat[] =
      callId !== undefined ? this.#index.byCallId(callId) : this.#index.madeUpFor(message.sender);
    if (named) known = known.filter((chat) => chat.centre.id === named.id);
    const own = known.filter((chat) => chat.origin.sender === message.sender);
    const found = own.at(-1) ?? (starts ? undefined : known.at(-1));
    if (found) return found;
    if (this.#index.size >= this.o.config.limits.chats) {
      const spare = this.#index.spare();
      if (!spare) return undefined;
      this.#forget(spare);
    }

    const centre = named ?? this.o.centres.default;
    const given = callId ?? newCallId(this.o.ids, this.o.config.element);
    const id = chatIdOf(given, centre.id, message.sender);
    // Two messages of one new chat may come at once.
    let opening = this.#opening.get(id);
    if (!opening) {
      opening = this.#begin(id, given, centre, message, callId === undefined).finally(() =>
        this.#opening.delete(id),
      );
      this.#opening.set(id, opening);
    }
    return opening;
  }

  async #begin(
    id: string,
    callId: string,
    centre: Centre,
    message: IncomingMessage,
    madeUp: boolean,
  ): Promise<Chat | undefined> {
    if (!madeUp) {
      const before = await this.#archive.chat(id);
      if (before) return this.#load(before);
    }
    if (message.test && !this.#mayTest(message)) return undefined;
    return this.#add({
      version: 1,
      chat: id,
      callId,
      centre: centre.id,
      caller: message.caller ?? message.sender,
      sender: message.sender,
      ...(message.service !== undefined && { service: message.service }),
      test: message.test,
      ...(message.test && { testAnswer: testAnswer(centre, message) }),
      startedAt: isoTime(this.o.clock.wall()),
      phase: 'waiting',
      madeUp,
    });
  }

  #mayTest(message: IncomingMessage): boolean {
    return this.o.config.tests.enabled && this.#tests.admit(message.sender, this.o.clock.now());
  }

  #add(record: ChatRecord): Chat {
    const { config, centres, clock } = this.o;
    const centre = centres.get(record.centre) ?? { ...centres.default, id: record.centre };
    const outbox = new Outbox({
      send: (message) => this.o.send(chat, message),
      clock,
      attempts: config.limits.attempts,
      firstPauseMs: config.limits.firstPause,
      onOutcome: (message, outcome, attempts) => this.#sent(chat, message, outcome, attempts),
    });
    const state = newPsapSession({
      callId: record.callId,
      caller: record.caller,
      greeting: centre.greeting,
      ...(record.testAnswer !== undefined && { testAnswer: record.testAnswer }),
      timing: { heartbeatMs: config.heartbeat, silenceMs: config.silence },
    });
    const { caller, sender, service, test, testAnswer: answer, startedAt, madeUp } = record;
    const origin = {
      caller,
      sender,
      test,
      startedAt,
      madeUp,
      ...(service !== undefined && { service }),
      ...(answer !== undefined && { testAnswer: answer }),
    };
    const chat: Chat = new Chat(record.chat, record.callId, centre, origin, state, outbox);
    chat.closedAt = record.closedAt;
    this.#index.add(chat);
    return chat;
  }

  /** Brings a chat back from its records: identifiers go on, nothing is started a second time. */
  async #load(record: ChatRecord): Promise<Chat> {
    const messages = await this.messages(record.chat);
    const chat = this.#add(record);
    chat.recorded = true;
    let state: PsapSession = chat.state;
    let unsent: SessionEffect[] = [];
    for (const message of messages) {
      chat.sequence = Math.max(chat.sequence, message.sequence);
      const [next, effects] = psapSession(state, replayOf(message));
      state = next;
      if (message.direction === 'out') {
        unsent = unsent.filter((e) => e.type === 'send' && e.messageId !== message.messageId);
      }
      unsent.push(...effects.filter((e) => e.type === 'send' && e.messageId !== undefined));
    }
    const [resumed, timers] = psapSession(state, { type: 'resumed' });
    chat.state = resumed;
    this.#index.count(chat);
    await this.#archive.write(
      chat,
      unsent.flatMap((e) => (e.type === 'send' ? [outRecord(chat, this.o.clock.wall(), e)] : [])),
    );
    this.#perform(chat, timers);
    for (const message of messages) {
      if (message.direction === 'out' && message.delivery === 'pending') this.#post(chat, message);
    }
    for (const effect of unsent) if (effect.type === 'send') this.#post(chat, effect);
    this.o.watcher.open(this.openChats);
    return chat;
  }

  async #step(chat: Chat, event: PsapEvent, message?: IncomingMessage): Promise<MessageRecord[]> {
    const before = chat.state;
    const [next, effects] = psapSession(before, event);
    const made: MessageRecord[] = [];
    const looks = message !== undefined && this.#wantsLook(chat, message);
    for (const effect of effects) {
      if (effect.type !== 'record') continue;
      if (effect.direction === 'out') made.push(outRecord(chat, this.o.clock.wall(), effect));
      else if (message && (looks || tellsSomething(chat, message)))
        made.push(inRecord(chat, this.o.clock.wall(), message));
    }
    const closedAt = chat.closedAt;
    if (next.phase !== before.phase) {
      chat.closedAt = next.phase === 'closed' ? isoTime(this.o.clock.wall()) : undefined;
    }
    try {
      await this.#archive.write(
        chat,
        made,
        next.phase !== before.phase || !chat.recorded ? next.phase : undefined,
      );
    } catch (error) {
      chat.closedAt = closedAt;
      throw error;
    }
    if (this.#closed) return made;
    const fresh = !chat.recorded;
    chat.recorded = true;
    chat.state = next;
    if (fresh) this.o.watcher.started(chat);
    if (message) {
      const kind = kindOf(message.identifiers.messageType);
      this.o.watcher.message(chat, { direction: 'in', kind, ...ids(message.identifiers) });
      const location = locationKey(message);
      if (location !== '') chat.lastLocation = location;
      chat.outbox.kick();
    }
    this.#perform(chat, effects);
    const record = made.find((r) => r.direction === 'in');
    if (looks && record && message) this.#look(chat, record, message);
    if (before.phase === 'open') this.#answer(chat, effects);
    return made;
  }

  #perform(chat: Chat, effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          this.#post(chat, effect);
          break;
        case 'set-timer': {
          const { timer, ms } = effect;
          if (timer === 'early') break;
          chat.timers.get(timer)?.cancel();
          chat.timers.set(
            timer,
            this.o.clock.after(ms, () => this.#tick(chat, timer)),
          );
          break;
        }
        case 'cancel-timer':
          chat.timers.get(effect.timer)?.cancel();
          chat.timers.delete(effect.timer);
          break;
        case 'phase':
          this.#index.count(chat);
          this.o.watcher.open(this.openChats);
          if (effect.phase === 'closed') this.#ended(chat);
          break;
        case 'note':
          this.o.watcher.note(chat, effect.note);
          break;
        case 'record':
        case 'show':
          break;
      }
    }
  }

  #post(chat: Chat, m: { messageType?: number; messageId?: number; text?: string }): void {
    if (m.messageType === undefined) return;
    const kind = kindOf(m.messageType);
    const message: OutgoingMessage = {
      to: chat.origin.caller,
      messageType: m.messageType,
      ...(m.messageId !== undefined && { messageId: m.messageId }),
      ...(m.text !== undefined && { text: m.text }),
      keepAlive: isKeepAlive(kind),
    };
    // TS 103 698 6.2.2: the 200 of the step that caused it goes first.
    setImmediate(() => chat.outbox.push(message));
    this.o.watcher.message(chat, { direction: 'out', kind, ...ids(m) });
  }

  #tick(chat: Chat, timer: 'heartbeat' | 'silence'): void {
    if (this.#closed) return;
    chat
      .enqueue(() => this.#step(chat, { type: 'timer', timer }))
      .catch((error: unknown) => this.o.logger.error('chat timer failed', { reason: messageOf(error) }));
  }

  #answer(chat: Chat, effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      const text =
        effect.type === 'show' ? automaticAnswer(chat.centre, effect.kind, effect.text) : undefined;
      if (text === undefined || chat.outbox.waiting >= busyOutbox) continue;
      chat
        .enqueue(() => this.#step(chat, { type: 'say', text }))
        .catch((error: unknown) =>
          this.o.logger.error('automatic answer failed', { reason: messageOf(error) }),
        );
    }
  }

  #sent(chat: Chat, message: OutgoingMessage, outcome: SendOutcome, attempts: number): void {
    const delivered = isDelivered(outcome);
    if (!delivered) {
      this.o.watcher.note(chat, 'undelivered');
      this.o.logger.warn('message not delivered', {
        callId: chat.callId,
        messageType: message.messageType,
        ...(message.messageId !== undefined && { messageId: message.messageId }),
        attempts,
        outcome: outcome.kind === 'answered' ? outcome.status : outcome.reason,
      });
    }
    const { messageType, messageId } = message;
    if (messageId === undefined) return;
    const key = {
      chat: chat.id,
      direction: 'out',
      sender: chat.centre.uri,
      messageType,
      messageId,
      reference: '',
    } as const;
    // Worth keeping, but nothing depends on it.
    this.#archive.delivered(key, delivered ? 'delivered' : 'failed').catch((error: unknown) => {
      this.o.logger.warn('delivery not recorded', { callId: chat.callId, reason: messageOf(error) });
    });
  }

  #wantsLook(chat: Chat, message: IncomingMessage): boolean {
    if (!this.o.look || message.location.references.length === 0) return false;
    return this.o.clock.now() - chat.lookedAt >= this.o.config.held.interval;
  }

  /** Location by reference is fetched after the answer, never before it. */
  #look(chat: Chat, record: MessageRecord, message: IncomingMessage): void {
    chat.lookedAt = this.o.clock.now();
    const uri = message.location.references[0];
    if (!this.o.look || uri === undefined) return;
    void this.o
      .look(uri)
      .then(async (found) => {
        if (found) await this.#archive.located(record, found);
      })
      .catch((error: unknown) => {
        this.o.logger.warn('location not recorded', { callId: chat.callId, reason: messageOf(error) });
      });
  }

  #ended(chat: Chat): void {
    this.o.watcher.ended(chat);
    const timer = this.o.clock.after(this.o.config.limits.closedFor, () => {
      if (chat.state.phase === 'closed' && chat.waiting === 0) this.#forget(chat);
    });
    chat.timers.get('forget')?.cancel();
    chat.timers.set('forget', timer);
  }

  #forget(chat: Chat): void {
    chat.cancelTimers();
    chat.outbox.close();
    this.#index.remove(chat);
  }
}

/** Automatic answers stop while so many messages wait: whoever floods a chat is not answered one by one. */
const busyOutbox = 20;
