import type { TransferHandler, TransferPeer } from '@esinet/chat-transfer';
import { type Clock, type IdSource, type Logger, messageOf } from '@esinet/kernel';
import { type OutgoingMessage, type ReceivedMessage, type SendOutcome, inReadingOrder } from '@esinet/lmpe';
import { type Limits, type Records, RecordsError } from '@esinet/platform';
import type { UasAnswer } from '@esinet/sip';
import type { Centre, Centres } from './centre.js';
import type { Chat } from './chat.js';
import type { Lookups } from './attachments/lookups.js';
import { ChatArchive } from './chat-archive.js';
import { ChatIndex } from './chat-index.js';
import { Ingress } from './ingress.js';
import { ChatPost } from './chat-post.js';
import { ChatSteps, type DoneStep } from './chat-steps.js';
import { Chats } from './chats.js';
import type { PsapConfig } from './config.js';
import type { ChatQuery, Desk, DeskEvent, TransferView } from './desk.js';
import { DeskEvents } from './desk-events.js';
import type { DeskWatcher } from './desk-watcher.js';
import type { IncomingMessage } from './incoming-message.js';
import { LocationFetch } from './location-fetch.js';
import { type ChatRecord, type MessageRecord, ids, kindOf } from './message-record.js';
import { DeskOrders } from './desk-orders.js';
import { ownCalls } from './pods/calls.js';
import { type Cluster, DeskPods } from './pods/desk-pods.js';
import { type Order, run } from './pods/order.js';
import { isFenced } from './pods/tenure.js';
import type { OtherDesks } from './takers/taker-desk.js';
import { TransferDesk } from './transfer/transfer-desk.js';
import { storeRetryMs } from './transfer/transfer-run.js';

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
  /** Where other processes share the records, and with them the chats. */
  readonly cluster?: Cluster;
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
  readonly #orders: DeskOrders;
  readonly #pods: DeskPods | undefined;
  #closed = false;

  constructor(private readonly o: ChatDeskOptions) {
    const { config, records, clock, logger, watcher, lookups, send } = o;
    const index = this.#index;
    const archive = new ChatArchive(records, new Ingress(records, clock));
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
    this.#pods =
      o.cluster &&
      new DeskPods({
        ...o,
        cluster: o.cluster,
        archive,
        index,
        steps,
        events,
        chats: () => this.#chats,
        transfers: () => this.#transfers,
        orders: () => this.#orders,
      });
    const calls = this.#pods?.calls ?? ownCalls;
    this.#chats = new Chats({ ...o, archive, index, post, steps, calls });
    this.#transfers = new TransferDesk({
      ...o,
      chats: this.#chats,
      messages: archive,
      steps,
      post,
      events,
      calls,
      client: o.transferClient,
    });
    this.#orders = new DeskOrders({ ...o, archive, steps, chats: this.#chats, transfers: this.#transfers });
  }

  /** What answers the PSAPs that want to hand over a chat. */
  get transferHandler(): TransferHandler {
    return this.#pods?.transferHandler ?? this.#transfers.handler;
  }

  /** Answers a request where its chat is: in this process, by `here`, or in another one. @throws RecordsError */
  where(message: IncomingMessage, here: () => Promise<UasAnswer>): Promise<UasAnswer> {
    return this.#pods ? this.#pods.take(message, here) : here();
  }

  /** Who knows whether a call taker is signed on at a centre. */
  staffedBy(staffed: (centre: string) => boolean): void {
    this.#transfers.staffedBy(staffed);
  }

  async take(message: IncomingMessage, named: Centre | undefined): Promise<DeskAnswer> {
    if (message.textBytes > this.o.config.limits.textBytes) return { status: 413 };
    try {
      await this.#pods?.hold(message);
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
      // It is taken where the chat is.
      if (this.#pods && isFenced(error)) throw error;
      this.o.logger.error('message not stored', {
        reason: error instanceof RecordsError ? error.code : messageOf(error),
      });
      return { status: 500 };
    }
  }

  say: Desk['say'] = (...order) => this.#ask('say', order);
  stop: Desk['stop'] = (...order) => this.#ask('stop', order);
  transfer: Desk['transfer'] = (...order) => this.#ask('transfer', order);
  redirect: Desk['redirect'] = (...order) => this.#ask('redirect', order);
  callBack: Desk['callBack'] = (...order) => this.#ask('callBack', order);
  assign: Desk['assign'] = (...order) => this.#ask('assign', order);
  decide: Desk['decide'] = (...order) => this.#ask('decide', order);

  transfers(query: { readonly centre?: string } = {}): TransferView[] {
    return this.#transfers.list(query.centre);
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

  has(chat: string): boolean {
    return this.#index.get(chat) !== undefined;
  }

  present(): ChatRecord[] {
    return [...this.#index.all()].map((chat) => chat.record());
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
    if (this.#pods) {
      // They are taken up beside what comes in.
      await this.#pods.start();
      return 0;
    }
    const restored = await this.#chats.restore();
    await this.#transfers.restore();
    return restored;
  }

  get openChats(): number {
    return this.#index.open;
  }

  /** Where other processes are, they take the chats. Resolves when none is here any more. */
  async leave(): Promise<void> {
    await this.#pods?.leave();
  }

  /** What this process has of others ends too: after its last request is answered. */
  end(): void {
    this.#pods?.close();
  }

  close(): void {
    this.#closed = true;
    this.#steps.close();
    this.#transfers.close();
    for (const chat of this.#index.all()) {
      chat.cancelTimers();
      chat.outbox.close();
    }
  }

  /** What call takers have to know of the other processes; undefined where there are none. */
  get others(): OtherDesks | undefined {
    return this.#pods?.others;
  }

  #ask<O extends Order>(order: O, args: Parameters<Desk[O]>): ReturnType<Desk[O]> {
    const here = (): ReturnType<Desk[O]> => run(this.#orders, order, args);
    return this.#pods ? (this.#pods.order(order, args, here) as ReturnType<Desk[O]>) : here();
  }

  #stepped(chat: Chat, step: DoneStep): void {
    if (chat.state.phase !== step.before) this.#chats.moved(chat);
    this.#transfers.stepped(chat, step);
  }

  /** What the APP said to a message that moves the chat. The session first: what it decides is recorded with the chat. */
  async #outcome(chat: Chat, message: OutgoingMessage, status: number): Promise<void> {
    const { messageType, messageId } = message;
    if (messageId === undefined || !moving.has(kindOf(messageType))) return;
    // Whose the chat is after a refusal is decided with what the transferee says.
    if (!(status === 403 && this.#transfers.claims(chat))) {
      try {
        await chat.enqueue(() => this.#steps.step(chat, { type: 'outcome', messageType, messageId, status }));
      } catch (error) {
        if (chat.tenure.over) return;
        this.o.logger.error('outcome not recorded', { callId: chat.callId, reason: messageOf(error) });
        if (!this.#closed) this.o.clock.after(storeRetryMs, () => void this.#outcome(chat, message, status));
        return;
      }
    }
    this.#transfers.outcome(chat, messageType, messageId, status);
  }
}

/** What tells the APP where its chat is: 257, 265, 266 and 274. */
const moving: ReadonlySet<string> = new Set(['start', 'start-transfer', 'stop-transfer', 'stop-redirect']);
