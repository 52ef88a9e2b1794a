import { type Logger, type Result, err, messageOf, ok } from '@esinet/kernel';
import { type PsapEvent, psapSession } from '@esinet/lmpe';
import type { Chat } from './chat.js';
import type { ChatArchive } from './chat-archive.js';
import type { ChatSteps } from './chat-steps.js';
import type { Chats } from './chats.js';
import type { PsapConfig } from './config.js';
import type { Desk, DeskRefusal, TransferView } from './desk.js';
import type { ChatDetails, ChatRecord, MessageRecord } from './message-record.js';
import { isFenced } from './pods/tenure.js';
import type { TransferDesk } from './transfer/transfer-desk.js';
import { fixedText } from './transfer/transfer-text.js';

/** What call takers ask for, each in the queue of its chat. */
export class DeskOrders implements Pick<
  Desk,
  'say' | 'stop' | 'transfer' | 'redirect' | 'callBack' | 'assign' | 'decide'
> {
  constructor(
    private readonly o: {
      readonly config: PsapConfig;
      readonly chats: Chats;
      readonly archive: ChatArchive;
      readonly steps: ChatSteps;
      readonly transfers: TransferDesk;
      readonly logger: Logger;
    },
  ) {}

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
      const record = await this.o.chats.find(id);
      if (!record) return err(notFound);
      // Not in the queue of the chat: the other side may take its time, and the talk goes on meanwhile.
      return await this.o.transfers.transfer(await this.o.chats.living(record), o);
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
      const target = this.o.transfers.redirectTarget(chat, o.to);
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
      const { taker: has, ...others } = chat.details;
      // Two call takers at two processes: the first one has it.
      if (chat.tenure.fence && taker !== undefined && has !== undefined && has !== taker) return err(taken);
      const details = taker === undefined ? others : { ...others, taker };
      await this.o.archive.put(chat.record(chat.state.phase, details), chat.tenure);
      chat.details = details;
      this.o.steps.tellChat(chat);
      return ok(chat.record());
    });
  }

  async decide(transfer: string, accept: boolean, by?: string): Promise<Result<TransferView, DeskRefusal>> {
    try {
      return await this.o.transfers.decide(transfer, accept, by);
    } catch (error) {
      return this.#notStored(error);
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
    const made = await this.o.steps.step(chat, event, {
      ...(by !== undefined && { by }),
      ...(details && { details }),
    });
    const sent = made.find((r) => r.direction === 'out');
    return sent ? ok(sent) : err({ code: 'not-open', message: `the chat is ${chat.state.phase}` });
  }

  #tooLong(text = ''): DeskRefusal | undefined {
    const most = this.o.config.limits.textBytes;
    if (Buffer.byteLength(text) <= most) return undefined;
    return { code: 'too-long', message: `a text has at most ${most} bytes` };
  }

  #notStored(error: unknown): Result<never, DeskRefusal> {
    // It is done where the chat is.
    if (isFenced(error)) throw error;
    this.o.logger.error('desk could not store', { reason: messageOf(error) });
    return err({ code: 'not-stored', message: 'this cannot be stored now' });
  }

  /** Does something to a chat when its turn has come. */
  async #change<T>(
    id: string,
    change: (chat: Chat) => Promise<Result<T, DeskRefusal>>,
  ): Promise<Result<T, DeskRefusal>> {
    try {
      const record = await this.o.chats.find(id);
      if (!record) return err(notFound);
      const chat = await this.o.chats.living(record);
      return await chat.enqueue(() => change(chat));
    } catch (error) {
      return this.#notStored(error);
    }
  }
}

const taken: DeskRefusal = { code: 'taken', message: 'another call taker has the chat' };

const notFound: DeskRefusal = { code: 'not-found', message: 'there is no such chat' };
