import { type Clock, type IdSource, type Logger, type Result, err, messageOf, ok } from '@esinet/kernel';
import type { OutgoingMessage, PsapEvent, ReceivedMessage, SendOutcome } from '@esinet/lmpe';
import { type Records, RecordsError } from '@esinet/platform';
import type { Centre, Centres } from './centre.js';
import type { Chat } from './chat.js';
import { ChatArchive } from './chat-archive.js';
import { ChatIndex } from './chat-index.js';
import { ChatPost } from './chat-post.js';
import { ChatSteps } from './chat-steps.js';
import { Chats } from './chats.js';
import type { PsapConfig } from './config.js';
import type { ChatQuery, Desk, DeskEvent, DeskRefusal, TransferView } from './desk.js';
import { DeskEvents } from './desk-events.js';
import type { DeskWatcher } from './desk-watcher.js';
import type { IncomingMessage } from './incoming-message.js';
import { LocationFetch } from './location-fetch.js';
import type { LocationLook } from './location-look.js';
import { type ChatRecord, type MessageRecord, ids } from './message-record.js';

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

  constructor(private readonly o: ChatDeskOptions) {
    const { config, records, clock, logger, watcher, look, send } = o;
    const index = this.#index;
    const archive = new ChatArchive(records);
    const events = new DeskEvents(clock, logger);
    const locations = new LocationFetch({ look, archive, clock, logger, intervalMs: config.held.interval });
    const post = new ChatPost({
      archive,
      clock,
      logger,
      watcher,
      send,
      attempts: config.limits.attempts,
      firstPauseMs: config.limits.firstPause,
      onOutcome: () => undefined,
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
      onEnded: (chat) => this.#chats.ended(chat),
    });
    this.events = events;
    this.#archive = archive;
    this.#steps = steps;
    this.#chats = new Chats({ ...o, archive, index, post, steps });
  }

  async take(message: IncomingMessage, named: Centre | undefined): Promise<DeskAnswer> {
    if (message.textBytes > this.o.config.limits.textBytes) return { status: 413 };
    try {
      const chat = await this.#chats.of(message, named);
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
    return this.#ask(id, text === undefined ? { type: 'stop' } : { type: 'stop', text }, by);
  }

  transfer(id: string, o: { to: string }): Promise<Result<TransferView, DeskRefusal>> {
    return Promise.resolve(this.#noAgreement(id, o.to));
  }

  redirect(id: string, o: { to: string }): Promise<Result<MessageRecord, DeskRefusal>> {
    return Promise.resolve(this.#noAgreement(id, o.to));
  }

  callBack(id: string, o: { text: string }): Promise<Result<MessageRecord, DeskRefusal>> {
    return this.#ask(id, { type: 'say', text: o.text });
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

  transfers(): TransferView[] {
    return [];
  }

  decide(): Promise<Result<TransferView, DeskRefusal>> {
    return Promise.resolve(err(notFound));
  }

  watch(listener: (event: DeskEvent) => void): () => void {
    return this.events.watch(listener);
  }

  list({ limit, centre, phase, test }: ChatQuery): Promise<ChatRecord[]> {
    const wanted = (chat: ChatRecord): boolean =>
      (centre === undefined || chat.centre === centre) &&
      (phase === undefined || chat.phase === phase) &&
      (test === undefined || chat.test === test);
    return this.#archive.list(limit, wanted);
  }

  find(id: string): Promise<ChatRecord | undefined> {
    return this.#chats.find(id);
  }

  messages(chat: string): Promise<MessageRecord[]> {
    return this.#archive.messages(chat);
  }

  /** Takes up the chats that were not over when the process ended. Gives their number. */
  restore(): Promise<number> {
    return this.#chats.restore();
  }

  get openChats(): number {
    return this.#index.open;
  }

  close(): void {
    this.#steps.close();
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
    const most = this.o.config.limits.textBytes;
    if (Buffer.byteLength(event.text ?? '') > most) {
      return Promise.resolve(err({ code: 'too-long', message: `a text has at most ${most} bytes` }));
    }
    return this.#change(id, async (chat) => {
      const made = await this.#steps.step(chat, event, by === undefined ? {} : { by });
      const sent = made.find((r) => r.direction === 'out');
      return sent ? ok(sent) : err({ code: 'not-open', message: `the chat is ${chat.state.phase}` });
    });
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
      this.o.logger.error('desk could not store', { reason: messageOf(error) });
      return err({ code: 'not-stored', message: 'this cannot be stored now' });
    }
  }

  #noAgreement(_id: string, to: string): Result<never, DeskRefusal> {
    return err({ code: 'no-agreement', message: `there is no agreement with ${to}` });
  }
}

const notFound: DeskRefusal = { code: 'not-found', message: 'there is no such chat' };
