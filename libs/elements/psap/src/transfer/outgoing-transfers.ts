import {
  type Agreement,
  type Transferor,
  type TransferorEffect,
  isTransferorActive,
  newTransferor,
  transferor,
  wantsRestored,
} from '@esinet/chat-transfer';
import { type IdSource, type Logger, isoTime, messageOf } from '@esinet/kernel';
import { MessageType } from '@esinet/lmpe';
import type { Chat } from '../chat.js';
import type { DoneStep } from '../chat-steps.js';
import type { Calls } from '../pods/calls.js';
import type { TransferArchive } from './transfer-archive.js';
import type { TransferPeers } from './transfer-peers.js';
import { type OutgoingTransfer, transferKey } from './transfer-record.js';
import { TransferRun } from './transfer-run.js';
import { type Going, TransferorChat, type TransferorChatOptions, cameBack } from './transferor-chat.js';

export interface OutgoingTransfersOptions extends TransferorChatOptions {
  readonly archive: TransferArchive;
  readonly peers: TransferPeers;
  readonly calls: Calls;
  readonly ids: IdSource;
  readonly logger: Logger;
  /** With whom a transfer to that PSAP is agreed, now. */
  readonly agreed: (centre: string, to: string) => Agreement | undefined;
  /** After a change is durable. */
  readonly onChange: (record: OutgoingTransfer, before: Transferor['phase'] | undefined) => void;
}

/** TS 103 698 6.2.6, 6.3, the transferor: does what the machine of @esinet/chat-transfer decides. */
export class OutgoingTransfers {
  /** By identifier, and the last one of each chat. */
  readonly #known = new Map<string, Going>();
  readonly #byChat = new Map<string, Going>();

  readonly #chat: TransferorChat;

  constructor(private readonly o: OutgoingTransfersOptions) {
    this.#chat = new TransferorChat(o);
  }

  /** Resolves when the other side has agreed or refused. */
  async begin(
    chat: Chat,
    o: { readonly to: string; readonly reason?: string; readonly text?: string; readonly by?: string },
  ): Promise<OutgoingTransfer> {
    const { config, clock, ids } = this.o;
    const [state, effects] = newTransferor({
      callId: chat.callId,
      from: chat.centre.publicUri,
      to: o.to,
      ...(o.reason !== undefined && { reasonText: o.reason }),
      recorded: chat.sequence,
      timing: {
        stallMs: config.transfer.stall,
        executionSeconds: Math.ceil(config.transfer.execution / 1_000),
      },
    });
    const going = this.#add({
      version: 1,
      transfer: transferKey(clock.wall(), ids.token(8)),
      role: 'out',
      centre: chat.centre.id,
      chat: chat.id,
      since: chat.sequence,
      startedAt: isoTime(clock.wall()),
      ...(o.text !== undefined && { text: o.text }),
      ...(o.by !== undefined && { by: o.by }),
      state,
    });
    const agreed = new Promise<void>((resolve) => {
      going.settled.push((phase) => {
        if (phase !== 'negotiating') resolve();
      });
    });
    try {
      await this.o.archive.put(going.record, going.tenure);
    } catch (error) {
      this.forget(going.record.transfer);
      throw error;
    }
    await going.run.begin(effects);
    await agreed;
    return going.record;
  }

  /** Whether a transfer of that chat is under way that is not decided yet. */
  isBusy(chat: Chat): boolean {
    const phase = this.#byChat.get(chat.id)?.run.state.phase;
    return phase !== undefined && phase !== 'done' && phase !== 'failed';
  }

  /** Whether a 265 that the APP refused says something to the machine rather than to the session. */
  claims(chat: Chat): boolean {
    return this.#byChat.get(chat.id)?.run.state.phase === 'reactivating';
  }

  outcome(chat: Chat, messageType: number, messageId: number, status: number): void {
    const going = this.#byChat.get(chat.id);
    if (!going) return;
    const at = this.o.clock.wall();
    if (messageType === MessageType.stopTransfer && going.stop?.record.messageId === messageId) {
      going.stop.status = status;
      void going.run.tell({ type: 'stalled', at, status, messageId });
    } else if (messageType === MessageType.startTransfer && going.claim?.record.messageId === messageId) {
      going.claim.status = status;
      void going.run.tell({ type: 'reactivated', at, status });
    }
  }

  /** A step of a chat that goes or went elsewhere. */
  stepped(chat: Chat, { event, before, made }: DoneStep): void {
    const transfer = chat.details.transferOut;
    const going = this.#byChat.get(chat.id);
    if (!going && (transfer === undefined || chat.state.phase !== 'handed-over')) return;
    if (going && cameBack(going, chat)) return;
    const at = this.o.clock.wall();
    // What came from where the chat is now is nothing that anybody lacks there.
    const there = going?.record.state.to ?? chat.details.handedTo;
    const sequence = made.find((m) => m.direction === 'in' && m.imported !== (there ?? ''))?.sequence;
    const over = chat.state.phase === 'closed' && before !== 'closed' && event.type === 'received';
    if (sequence === undefined && !over) return;
    void this.#living(transfer, going).then((found) => {
      if (sequence !== undefined) void found?.run.tell({ type: 'recorded', at, sequence });
      if (over) void found?.run.tell({ type: 'closed', at });
    });
  }

  /** Goes on with what was under way when the process ended. */
  async restore(record: OutgoingTransfer): Promise<void> {
    const going = this.#add(record);
    if (record.state.phase === 'failed' && this.#byChat.get(record.chat) === going) {
      return this.#chat.settle(going);
    }
    if (
      this.#byChat.get(record.chat) === going ? wantsRestored(record.state) : isTransferorActive(record.state)
    ) {
      await this.#resume(going);
    }
  }

  get(transfer: string): OutgoingTransfer | undefined {
    return this.#known.get(transfer)?.record;
  }

  forget(transfer: string): void {
    const going = this.#known.get(transfer);
    if (!going) return;
    going.run.close();
    this.#known.delete(transfer);
    going.tenure.users.delete(going);
    if (this.#byChat.get(going.record.chat) === going) this.#byChat.delete(going.record.chat);
  }

  close(): void {
    for (const { run } of this.#known.values()) run.close();
  }

  #add(record: OutgoingTransfer): Going {
    const going: Going = {
      record,
      tenure: this.o.calls.tenure(record.state.callId),
      settled: [],
      run: new TransferRun(record.state, {
        machine: transferor,
        persist: (state) => this.#persist(going, state),
        perform: (effect) => this.#perform(going, effect),
        clock: this.o.clock,
        logger: this.o.logger,
      }),
    };
    this.#known.set(record.transfer, going);
    going.tenure.users.add(going);
    const last = this.#byChat.get(record.chat);
    if (!last || last.record.transfer < record.transfer) this.#byChat.set(record.chat, going);
    return going;
  }

  async #living(transfer: string | undefined, going: Going | undefined): Promise<Going | undefined> {
    if (going || transfer === undefined) return going;
    try {
      const record = await this.o.archive.get(transfer);
      if (record?.role !== 'out') return undefined;
      return this.#known.get(transfer) ?? this.#add(record);
    } catch (error) {
      this.o.logger.error('transfer not found again', { reason: messageOf(error) });
      return undefined;
    }
  }

  async #resume(going: Going): Promise<void> {
    const chat = await this.#chat.of(going);
    if (!chat || (cameBack(going, chat) && !going.run.state.confirming)) return;
    for (const record of await this.o.messages.messages(chat.id)) {
      if (record.direction !== 'out' || record.sequence <= going.record.since) continue;
      if (record.imported !== undefined) continue;
      const status = record.delivery === 'pending' ? undefined : record.status;
      if (record.messageType === MessageType.stopTransfer) going.stop = { record, status };
      if (record.messageType === MessageType.startTransfer) going.claim = { record, status };
    }
    void going.run.tell({ type: 'restored', at: this.o.clock.wall(), recorded: chat.sequence });
  }

  async #persist(going: Going, state: Transferor): Promise<void> {
    const before = going.record.state.phase;
    const record: OutgoingTransfer = { ...going.record, state };
    await this.o.archive.put(record, going.tenure);
    going.record = record;
    this.o.onChange(record, before === state.phase ? undefined : before);
    for (const settled of going.settled) settled(state.phase);
    // What was agreed is done at once; the machine gets it after this.
    if (state.phase === 'negotiated') {
      setImmediate(() => void going.run.tell({ type: 'begin', at: this.o.clock.wall() }));
    }
  }

  async #perform(going: Going, effect: TransferorEffect): Promise<void> {
    switch (effect.type) {
      case 'negotiate':
        return void this.#negotiate(going);
      case 'stall':
        return this.#chat.stall(going);
      case 'execute':
        return void this.#execute(going, effect);
      case 'reactivate':
        return this.#chat.reactivate(going);
      case 'keep':
        return this.#chat.keep(going);
      case 'hand-over':
        return this.#chat.handOver(going);
      case 'lost':
        // They are in our record, marked, for a call taker to see.
        this.o.logger.error('messages not passed on', { callId: going.run.state.callId });
        return;
      case 'persist':
      case 'set-timer':
      case 'cancel-timers':
        return;
    }
  }

  async #negotiate(going: Going): Promise<void> {
    const { callId, from, to, reasonText } = going.run.state;
    const peer = this.o.agreed(going.record.centre, to);
    const request = {
      CallId: callId,
      TransferFrom: from,
      TransferTo: to,
      ...(reasonText !== undefined && { ReasonText: reasonText }),
    };
    const answer = peer ? (await this.o.peers.negotiate(peer, request)).answer : undefined;
    void going.run.tell({
      type: 'negotiated',
      at: this.o.clock.wall(),
      ...(answer && { status: answer.StatusCode, expiryTime: answer.ExpiryTime }),
    });
  }

  async #execute(going: Going, effect: TransferorEffect & { type: 'execute' }): Promise<void> {
    const { attempt, upTo, messageId, expiryTime, history } = effect;
    const { callId, to } = going.run.state;
    let status: 200 | 503 | undefined;
    let final = false;
    try {
      const peer = this.o.agreed(going.record.centre, to);
      const data = history ? await this.#chat.history(going) : undefined;
      if (peer) {
        const answer = await this.o.peers.execute(peer, {
          CallId: callId,
          MessageId: messageId,
          ExpiryTime: expiryTime,
          ...(data && { Data: data }),
        });
        status = answer.answer?.StatusCode;
        final = answer.answer === undefined && answer.final;
      } else final = true;
    } catch (error) {
      this.o.logger.error('transfer not executed', { reason: messageOf(error) });
    }
    void going.run.tell({
      type: 'executed',
      at: this.o.clock.wall(),
      attempt,
      upTo,
      ...(status !== undefined && { status }),
      ...(final && { final }),
    });
  }
}
