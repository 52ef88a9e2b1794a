import type {
  Agreement,
  ExecutionResponse,
  NegotiationResponse,
  TransferHandler,
} from '@esinet/chat-transfer';
import { type Clock, type Logger, type Result, err, isoTime, messageOf } from '@esinet/kernel';
import type { Bus, Records, Store, Subscription } from '@esinet/platform';
import type { UasAnswer } from '@esinet/sip';
import { z } from 'zod';
import { Chat } from '../chat.js';
import type { ChatArchive } from '../chat-archive.js';
import { type ChatIndex, isOver } from '../chat-index.js';
import type { ChatSteps } from '../chat-steps.js';
import type { Chats } from '../chats.js';
import type { PsapConfig } from '../config.js';
import type { DeskRefusal, TransferView } from '../desk.js';
import type { DeskEvents } from '../desk-events.js';
import type { DeskOrders } from '../desk-orders.js';
import type { IncomingMessage } from '../incoming-message.js';
import type { ChatRecord } from '../message-record.js';
import type { OtherDesks } from '../takers/taker-desk.js';
import type { TransferDesk } from '../transfer/transfer-desk.js';
import { callKey, senderKey } from './call-key.js';
import type { Calls } from './calls.js';
import { type Order, given, orderSchema, readResult, run } from './order.js';
import type { Asked } from './pod-line.js';
import { Pods } from './pods.js';
import { isFenced } from './tenure.js';

/** What a process shares with the others. */
export interface Cluster {
  /** Its name among them. */
  readonly instance: string;
  /** Of this run of it. */
  readonly run: string;
  readonly store: Store;
  readonly bus: Bus;
  /** Reads a request that came to another process, octet by octet as it came; `here` answers it. */
  readonly read: (raw: Buffer) => {
    readonly message: IncomingMessage;
    readonly here: () => Promise<UasAnswer>;
  };
}

export interface DeskPodsOptions {
  readonly cluster: Cluster;
  readonly config: PsapConfig;
  readonly records: Records;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly archive: ChatArchive;
  readonly index: ChatIndex;
  readonly steps: ChatSteps;
  readonly events: DeskEvents;
  readonly chats: () => Chats;
  readonly transfers: () => TransferDesk;
  readonly orders: () => DeskOrders;
}

const takeSchema = z.object({ sip: z.base64() });
const askSchema = z.object({ request: z.looseObject({ CallId: z.string() }), peer: z.looseObject({}) });
const answerSchema = z.object({
  status: z.int().min(200).max(699),
  reason: z.string().optional(),
  headers: z.array(z.tuple([z.string(), z.string()])).optional(),
});
const transferAnswerSchema = z.object({ answer: z.looseObject({ CallId: z.string() }).nullable() });
const eventSchema = z.object({
  by: z.string(),
  event: z.object({
    at: z.string(),
    type: z.enum(['chat', 'message', 'note', 'transfer', 'alert']),
    chat: z.string().optional(),
    callId: z.string().optional(),
    centre: z.string().optional(),
    data: z.record(z.string(), z.unknown()),
  }),
});

const noticeSchema = z.object({
  by: z.string(),
  signedOn: z.boolean(),
  taker: z.object({
    taker: z.string(),
    name: z.string(),
    centres: z.array(z.string()).optional(),
    seats: z.int().min(0),
    signedOnAt: z.number(),
  }),
});

/** What each process derives for itself from what the others tell. */
const derived: ReadonlySet<string> = new Set(['queue', 'taker']);

/** Not among the events that anybody may listen to and that are kept: it carries what people wrote. */
const deskSubject = 'psap.desk';

const takersSubject = 'psap.takers';

/** The chats of this process as a part of those of all: what comes here for another is passed on, and the reverse. */
export class DeskPods {
  readonly #pods: Pods;
  #heard: Subscription | undefined;
  #unwatch: () => void = () => undefined;

  constructor(private readonly o: DeskPodsOptions) {
    const { cluster, config, index, archive } = o;
    this.#pods = new Pods({
      ...o,
      ...cluster,
      config: config.pods,
      ttlMs: config.limits.restoreWithin,
      adopt: (key) => this.#adopt(key),
      callsOf: async (key) =>
        (await archive.ofCall(key)).filter(({ phase }) => !isOver(phase)).map(({ callId }) => callId),
      drop: (tenure) => {
        o.chats().drop(tenure);
        o.transfers().drop(tenure);
      },
      quiet: async ({ users }) => {
        const chats = [...users].filter((user) => user instanceof Chat);
        await Promise.all(chats.map((chat) => chat.enqueue(() => Promise.resolve())));
      },
      senders: () => {
        const senders = new Set<string>();
        for (const { origin } of index.all()) if (origin.madeUp) senders.add(senderKey(origin.sender));
        return senders;
      },
      open: () => this.#open(),
      onAsked: (what, payload) => this.#asked(what, payload),
    });
  }

  get calls(): Calls {
    return this.#pods;
  }

  async start(): Promise<void> {
    const { events, cluster } = this.o;
    this.#heard = cluster.bus.subscribe(deskSubject, (payload) => this.#hear(payload));
    this.#unwatch = events.watch(({ id: _id, pod, ...event }) => {
      if (pod !== undefined || derived.has(event.type)) return;
      try {
        cluster.bus.publish(deskSubject, { by: cluster.instance, event });
      } catch (error) {
        this.o.logger.warn('event not told to the others', { reason: messageOf(error) });
      }
    });
    await this.#pods.start();
    await this.o.transfers().learn();
  }

  leave(): Promise<void> {
    return this.#pods.leave();
  }

  close(): void {
    this.#unwatch();
    this.#heard?.unsubscribe();
    this.#pods.close();
  }

  /** A request, answered where its chat is. What is of no chat is answered here. @throws RecordsError */
  take(message: IncomingMessage, here: () => Promise<UasAnswer>): Promise<UasAnswer> {
    const key = keyOf(message);
    if (key === undefined || this.#pods.holds(key))
      return here().catch((error) => this.#again(error, key, message, here));
    return this.#take(key, message, here);
  }

  /** The chat of a message becomes this process's. @throws RecordsError */
  async hold(message: IncomingMessage): Promise<void> {
    const { callId } = message.identifiers;
    if (callId === undefined) await this.#pods.holdSender(message.sender);
    else await this.#pods.hold(callId);
  }

  async order(
    order: Order,
    args: readonly unknown[],
    here: () => Promise<Result<unknown, DeskRefusal>>,
  ): Promise<Result<unknown, DeskRefusal>> {
    try {
      const callId = await this.#callOf(order, String(args[0]));
      if (callId === undefined) return await here();
      return await this.#pods.at<Result<unknown, DeskRefusal>>(callKey(callId), {
        what: 'order',
        payload: () => ({ order, args: args.map((arg) => arg ?? null) }),
        here: async () => {
          await this.#pods.hold(callId);
          return here();
        },
        read: readResult,
        hold: () => this.#pods.hold(callId),
        ...(order === 'transfer' && {
          timeoutMs: this.o.config.transfer.timeout + this.o.config.pods.passOn,
        }),
        ...(!repeatable.has(order) && { unsure: () => Promise.resolve(err(unsure)) }),
      });
    } catch (error) {
      this.o.logger.error('order not passed on', { order, reason: messageOf(error) });
      return err({ code: 'not-stored', message: 'this cannot be stored now' });
    }
  }

  /** Answers the PSAPs that want to hand over a chat, where the chat is or is to be. */
  get transferHandler(): TransferHandler {
    const { transfer, pods } = this.o.config;
    return {
      negotiate: (request, peer) =>
        this.#transfer<NegotiationResponse>(
          'negotiate',
          request,
          peer,
          () => this.o.transfers().handler.negotiate(request, peer),
          transfer.answer + pods.passOn,
        ).then((answer) => answer ?? { CallId: request.CallId, ExpiryTime: 10, StatusCode: 406 }),
      execute: (request, peer) =>
        this.#transfer<ExecutionResponse>(
          'execute',
          request,
          peer,
          () => this.o.transfers().handler.execute(request, peer),
          request.ExpiryTime * 1_000 + pods.passOn,
        ),
    };
  }

  /** Who signs on at one process is there for all. */
  get others(): OtherDesks {
    const { bus, instance } = this.o.cluster;
    return {
      chats: () => this.#elsewhere(),
      tell: (notice) => bus.publish(takersSubject, { by: instance, ...notice }),
      hear: (listener) => {
        const heard = bus.subscribe(takersSubject, (payload) => {
          const read = noticeSchema.safeParse(payload);
          if (!read.success || read.data.by === instance) return;
          const {
            taker: { centres, ...taker },
            signedOn,
          } = read.data;
          listener({ taker: { ...taker, ...(centres && { centres }) }, signedOn });
        });
        return () => heard.unsubscribe();
      },
    };
  }

  /** Open chats that are not here. */
  async #elsewhere(): Promise<ChatRecord[]> {
    const found: ChatRecord[] = [];
    for await (const chat of this.#open()) {
      if (this.o.index.get(chat.chat)) continue;
      if (found.push(chat) >= this.o.config.limits.chats) break;
    }
    return found;
  }

  #open(): AsyncGenerator<ChatRecord> {
    const { archive, clock, config } = this.o;
    return archive.openSince(isoTime(clock.wall() - config.limits.restoreWithin));
  }

  #take(key: string, message: IncomingMessage, here: () => Promise<UasAnswer>): Promise<UasAnswer> {
    return this.#pods.at<UasAnswer>(key, {
      what: 'take',
      payload: () => ({ sip: message.raw.toString('base64') }),
      here,
      read: readAnswer,
      hold: () => this.hold(message),
    });
  }

  /** It was this process's when the request came. */
  async #again(
    error: unknown,
    key: string | undefined,
    message: IncomingMessage,
    here: () => Promise<UasAnswer>,
  ): Promise<UasAnswer> {
    if (key === undefined || !isFenced(error)) throw error;
    return this.#take(key, message, here);
  }

  async #transfer<T>(
    what: 'negotiate' | 'execute',
    request: { readonly CallId: string },
    peer: Agreement,
    run: () => Promise<T | undefined>,
    timeoutMs: number,
  ): Promise<T | undefined> {
    const { CallId: callId } = request;
    const done = await this.#pods.at<{ readonly answer: T | undefined }>(callKey(callId), {
      what,
      payload: () => ({ request, peer }),
      here: async () => {
        await this.#pods.hold(callId);
        return { answer: await run() };
      },
      read: (answer) => {
        const read = transferAnswerSchema.safeParse(answer);
        return read.success ? { answer: (read.data.answer ?? undefined) as T | undefined } : undefined;
      },
      hold: () => this.#pods.hold(callId),
      timeoutMs,
    });
    return done.answer;
  }

  async #adopt(key: string): Promise<string[]> {
    const chats = await this.o.chats().adopt(key);
    await this.o.transfers().adopt(key);
    for (const chat of chats) {
      if (chat.tenure.over) continue;
      this.o.steps.tellChat(chat);
      // TS 103 698 6.2.5: how long nothing was sent is not known.
      this.o.steps.run(chat, { type: 'timer', timer: 'heartbeat' }, 'chat timer failed');
    }
    return chats.filter(({ origin }) => origin.madeUp).map(({ origin }) => origin.sender);
  }

  /** What another process wants of this one, which is said to have the call. */
  async #asked(what: Asked, payload: unknown): Promise<unknown> {
    switch (what) {
      case 'take':
        return this.#passed(Buffer.from(takeSchema.parse(payload).sip, 'base64'));
      case 'order': {
        const { order, args } = orderSchema.parse(payload);
        const callId = await this.#callOf(order, String(args[0]));
        if (callId !== undefined) await this.#pods.hold(callId);
        return run(this.o.orders(), order, given(args) as never);
      }
      case 'negotiate':
      case 'execute': {
        const { request, peer } = askSchema.parse(payload);
        await this.#pods.hold(request.CallId);
        const { handler } = this.o.transfers();
        const answer = await (handler[what] as (...of: unknown[]) => Promise<unknown>).call(
          handler,
          request,
          peer,
        );
        return { answer: answer ?? null };
      }
    }
  }

  async #passed(raw: Buffer): Promise<UasAnswer> {
    const { message, here } = this.o.cluster.read(raw);
    if (keyOf(message) !== undefined) await this.hold(message);
    const { status, reason, headers } = await here();
    return { status, ...(reason !== undefined && { reason }), ...(headers && { headers }) };
  }

  async #callOf(order: Order, id: string): Promise<string | undefined> {
    if (order === 'decide') return this.o.transfers().callOf(id);
    return (await this.o.chats().find(id))?.callId;
  }

  #hear(payload: unknown): void {
    const read = eventSchema.safeParse(payload);
    if (!read.success || read.data.by === this.o.cluster.instance) return;
    const { by, event } = read.data;
    const { chat, callId, centre, ...rest } = event;
    if (event.type === 'transfer' && centre !== undefined) {
      this.o.transfers().told(centre, event.data as unknown as TransferView);
    }
    this.o.events.tell({
      ...rest,
      ...(chat !== undefined && { chat }),
      ...(callId !== undefined && { callId }),
      ...(centre !== undefined && { centre }),
      pod: by,
    });
  }
}

/** Done twice they come to the same. */
const repeatable: ReadonlySet<Order> = new Set(['assign', 'decide']);

const unsure: DeskRefusal = {
  code: 'not-stored',
  message: 'the process that had the chat did not answer: it may be done, look before you repeat it',
};

/** Of which call or sender a message is; undefined where it is of no chat. */
function keyOf(message: IncomingMessage): string | undefined {
  const { callId } = message.identifiers;
  if (callId !== undefined) return callKey(callId);
  return message.test || message.alert ? undefined : senderKey(message.sender);
}

function readAnswer(answer: unknown): UasAnswer | undefined {
  const read = answerSchema.safeParse(answer);
  if (!read.success) return undefined;
  const { status, reason, headers } = read.data;
  return { status, ...(reason !== undefined && { reason }), ...(headers && { headers }) };
}
