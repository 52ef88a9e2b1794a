import { type Clock, type IdSource, type Logger, type Result, err, messageOf, ok } from '@esinet/kernel';
import {
  type OutgoingMessage,
  type PsapEvent,
  type ReceivedMessage,
  type SendOutcome,
  inReadingOrder,
  psapSession,
} from '@esinet/lmpe';
import { type Limits, type Records, RecordsError } from '@esinet/platform';
import type { Centre, Centres } from './centre.js';
import type { Chat } from './chat.js';
import type { TransferHandler, TransferPeer } from '@esinet/chat-transfer';
import type { Lookups } from './attachments/lookups.js';
import { ChatArchive } from './chat-archive.js';
import { ChatIndex } from './chat-index.js';
import { ChatPost } from './chat-post.js';
import { ChatSteps, type DoneStep } from './chat-steps.js';
import { Chats } from './chats.js';
import type { PsapConfig } from './config.js';
import type { ChatQuery, Desk, DeskEvent, DeskRefusal, TransferView } from './desk.js';
import { DeskEvents } from './desk-events.js';
import type { DeskWatcher } from './desk-watcher.js';
import type { IncomingMessage } from './incoming-message.js';
import { LocationFetch } from './location-fetch.js';
import { type ChatDetails, type ChatRecord, type MessageRecord, ids, kindOf } from './message-record.js';
import { TransferDesk } from './transfer/transfer-desk.js';
import { fixedText } from './transfer/transfer-text.js';

export interface ChatDeskOptions {
  readonly config: PsapConfig;
  readonly centres: Centres;
  readonly records: Records;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly send: (chat: Chat, message: OutgoingMessage) => Promise<SendOutcome>;
  readonly lookups: Lookups;
  readonly watcher: DeskWatcher;
  readonly limits?: Pick<Limits, 'body' | 'xml'>;
  /** How PSAPs elsewhere are asked to take a chat; without it there are none. */
  readonly transferClient?: TransferPeer;
}

/** Answer to a MESSAGE. */
export interface DeskAnswer {
  readonly status: number;
  readonly reason?: string;
}

/**
 * The chats of all centres of this process. A message is answered 200 when its record and that of what it caused are
 * durable, and not before; if they cannot be, the session stays as it was and the sender is told 500.
 */
export class ChatDesk implements Desk {
  /** For those who have something of their own to tell. */
  readonly events: DeskEvents;
  readonly #index = new ChatIndex();
  readonly #archive: ChatArchive;
  readonly #steps: ChatSteps;
  readonly #chats: Chats;
  readonly #transfers: TransferDesk;

  constructor(private readonly o: ChatDeskOptions) {
    const { config, records, clock, logger, watcher, lookups, send } = o;
    const index = this.#index;
    const archive = new ChatArchive(records);
    const events = new DeskEvents(clock, logger);
    const locations = new LocationFetch({
      lookups,
      archive,
      logger,
      onFound: (chat, record) => this.#steps.tellMessage(chat, record),
    });
    const post = new ChatPost({
      archive,
      clock,
      logger,
      watcher,
      send,
      attempts: config.limits.attempts,
      firstPauseMs: config.limits.firstPause,
      onOutcome: (chat, message, status) => void this.#outcome(chat, message, status),
      onRecorded: (chat, record) => this.#steps.tellMessage(chat, record),
    });
    const steps = new ChatSteps({
      archive,
      index,
      post,
      clock,
      logger,
      watcher,
      events,
      wantsLook: (chat, message) => locations.wanted(chat, message),
      look: (chat, record, message) => locations.fetch(chat, record, message),
      onStep: (chat, step) => this.#stepped(chat, step),
    });
    this.events = events;
    this.#archive = archive;
    this.#steps = steps;
    this.#chats = new Chats({ ...o, archive, index, post, steps });
    this.#transfers = new TransferDesk({
      ...o,
      chats: this.#chats,
      messages: archive,
      steps,
      post,
      events,
      client: o.transferClient,
    });
  }

  /** What answers the PSAPs that want to hand over a chat. */
  get transferHandler(): TransferHandler {
    return this.#transfers.handler;
  }

  /** Who knows whether a call taker is signed on at a centre. */
  staffedBy(staffed: (centre: string) => boolean): void {
    this.#transfers.staffedBy(staffed);
  }

  async take(message: IncomingMessage, named: Centre | undefined): Promise<DeskAnswer> {
    if (message.textBytes > this.o.config.limits.textBytes) return { status: 413 };
    try {
      const chat = await this.#chats.of(message, named);
      // TS 103 698 6.1.2.9: no 503; after a 480 the routing proxy tries the next PSAP.
      if (!chat) return { status: 480 };
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
          await this.#steps.step(chat, event, { message });
          return { status: 200 };
        } finally {
          // Whoever waits behind still needs it.
          if (!chat.recorded && chat.waiting <= 1) this.#chats.forget(chat);
        }
      });
    } catch (error) {
      this.o.logger.error('message not stored', {
        reason: error instanceof RecordsError ? error.code : messageOf(error),
      });
      return { status: 500 };
    }
  }

  say(id: string, text: string, by?: string): Promise<Result<MessageRecord, DeskRefusal>> {
    return this.#ask(id, { type: 'say', text }, by);
  }

  stop(id: string, text?: string, by?: string): Promise<Result<MessageRecord, DeskRefusal>> {
    const refusal = this.#tooLong(text);
    if (refusal) return Promise.resolve(err(refusal));
    return this.#change(id, (chat) => {
      const said = text ?? this.o.config.closing.replaceAll('{name}', chat.centre.name);
      return this.#send(chat, { type: 'stop', text: said }, by);
    });
  }

  async transfer(
    id: string,
    o: { readonly to: string; readonly reason?: string; readonly text?: string; readonly by?: string },
  ): Promise<Result<TransferView, DeskRefusal>> {
    const refusal = this.#tooLong(o.text) ?? this.#tooLong(o.reason);
    if (refusal) return err(refusal);
    try {
      const record = await this.find(id);
      if (!record) return err(notFound);
      // Not in the queue of the chat: the other side may take its time, and the talk goes on meanwhile.
      return await this.#transfers.transfer(await this.#chats.living(record), o);
    } catch (error) {
      return this.#notStored(error);
    }
  }

  redirect(
    id: string,
    o: { readonly to: string; readonly text?: string; readonly by?: string },
  ): Promise<Result<MessageRecord, DeskRefusal>> {
    const refusal = this.#tooLong(o.text);
    if (refusal) return Promise.resolve(err(refusal));
    return this.#change(id, async (chat) => {
      const target = this.#transfers.redirectTarget(chat, o.to);
      if (!target.ok) return target;
      const text = o.text ?? fixedText(this.o.config, 'redirecting', chat.centre);
      return this.#send(chat, { type: 'redirect', target: target.value, text }, o.by, { handedTo: o.to });
    });
  }

  callBack(
    id: string,
    o: { readonly text: string; readonly incident: boolean; readonly by?: string },
  ): Promise<Result<MessageRecord, DeskRefusal>> {
    return this.#ask(id, { type: 'call-back', text: o.text, incident: o.incident }, o.by);
  }

  async assign(id: string, taker: string | undefined): Promise<Result<ChatRecord, DeskRefusal>> {
    return this.#change(id, async (chat) => {
      const { taker: _, ...others } = chat.details;
      const details = taker === undefined ? others : { ...others, taker };
      await this.#archive.put(chat.record(chat.state.phase, details));
      chat.details = details;
      this.#steps.tellChat(chat);
      return ok(chat.record());
    });
  }

  transfers(query: { readonly centre?: string } = {}): TransferView[] {
    return this.#transfers.list(query.centre);
  }

  async decide(transfer: string, accept: boolean, by?: string): Promise<Result<TransferView, DeskRefusal>> {
    try {
      return await this.#transfers.decide(transfer, accept, by);
    } catch (error) {
      return this.#notStored(error);
    }
  }

  watch(listener: (event: DeskEvent) => void): () => void {
    return this.events.watch(listener);
  }

  list({ limit, centre, phase, taker, test }: ChatQuery): Promise<ChatRecord[]> {
    const wanted = (chat: ChatRecord): boolean =>
      (centre === undefined || chat.centre === centre) &&
      (phase === undefined || chat.phase === phase) &&
      (taker === undefined || chat.taker === taker) &&
      (test === undefined || chat.test === test);
    return this.#archive.list(limit, wanted);
  }

  find(id: string): Promise<ChatRecord | undefined> {
    return this.#chats.find(id);
  }

  /** Whether a chat with this Call Identifier is in memory. */
  knows(callId: string): boolean {
    return this.#index.byCallId(callId).length > 0;
  }

  async messages(chat: string): Promise<MessageRecord[]> {
    return inReadingOrder(await this.#archive.messages(chat), this.o.config.gap);
  }

  /** Takes up the chats that were not over when the process ended. Gives their number. */
  async restore(): Promise<number> {
    const restored = await this.#chats.restore();
    await this.#transfers.restore();
    return restored;
  }

  get openChats(): number {
    return this.#index.open;
  }

  close(): void {
    this.#steps.close();
    this.#transfers.close();
    for (const chat of this.#index.all()) {
      chat.cancelTimers();
      chat.outbox.close();
    }
  }

  #ask(
    id: string,
    event: PsapEvent & { text?: string },
    by?: string,
  ): Promise<Result<MessageRecord, DeskRefusal>> {
    const refusal = this.#tooLong(event.text);
    if (refusal) return Promise.resolve(err(refusal));
    return this.#change(id, (chat) => this.#send(chat, event, by));
  }

  /** To be run from the queue of the chat. */
  async #send(
    chat: Chat,
    event: PsapEvent,
    by: string | undefined,
    details?: ChatDetails,
  ): Promise<Result<MessageRecord, DeskRefusal>> {
    const [, effects] = psapSession(chat.state, event);
    if (!effects.some(({ type }) => type === 'record')) {
      return err({ code: 'not-open', message: `the chat is ${chat.state.phase}` });
    }
    const made = await this.#steps.step(chat, event, {
      ...(by !== undefined && { by }),
      ...(details && { details }),
    });
    const sent = made.find((r) => r.direction === 'out');
    return sent ? ok(sent) : err({ code: 'not-open', message: `the chat is ${chat.state.phase}` });
  }

  #stepped(chat: Chat, step: DoneStep): void {
    if (chat.state.phase !== step.before) this.#chats.moved(chat);
    this.#transfers.stepped(chat, step);
  }

  /** What the APP said to a message that moves the chat. The session first: what it decides is recorded with the chat. */
  async #outcome(chat: Chat, message: OutgoingMessage, status: number): Promise<void> {
    const { messageType, messageId } = message;
    if (messageId === undefined || !moving.has(kindOf(messageType))) return;
    try {
      // Whose the chat is after that is decided with what the transferee says.
      if (!(status === 403 && this.#transfers.claims(chat))) {
        await chat.enqueue(() => this.#steps.step(chat, { type: 'outcome', messageType, messageId, status }));
      }
    } catch (error) {
      this.o.logger.error('outcome not recorded', { callId: chat.callId, reason: messageOf(error) });
    }
    this.#transfers.outcome(chat, messageType, messageId, status);
  }

  #tooLong(text = ''): DeskRefusal | undefined {
    const most = this.o.config.limits.textBytes;
    if (Buffer.byteLength(text) <= most) return undefined;
    return { code: 'too-long', message: `a text has at most ${most} bytes` };
  }

  #notStored(error: unknown): Result<never, DeskRefusal> {
    this.o.logger.error('desk could not store', { reason: messageOf(error) });
    return err({ code: 'not-stored', message: 'this cannot be stored now' });
  }

  /** Does something to a chat when its turn has come. */
  async #change<T>(
    id: string,
    change: (chat: Chat) => Promise<Result<T, DeskRefusal>>,
  ): Promise<Result<T, DeskRefusal>> {
    try {
      const record = await this.find(id);
      if (!record) return err(notFound);
      const chat = await this.#chats.living(record);
      return await chat.enqueue(() => change(chat));
    } catch (error) {
      return this.#notStored(error);
    }
  }
}

/** What tells the APP where its chat is: 265, 266 and 274. */
const moving: ReadonlySet<string> = new Set(['start-transfer', 'stop-transfer', 'stop-redirect']);

const notFound: DeskRefusal = { code: 'not-found', message: 'there is no such chat' };
