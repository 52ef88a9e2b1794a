import {
  type Agreement,
  type ChatHistory,
  type ExecutionRequest,
  type ExecutionResponse,
  type NegotiationRequest,
  type NegotiationResponse,
  type TransferHandler,
  type Transferee,
  type TransfereeEffect,
  executedBy,
  isTransfereeActive,
  mayNegotiateAgain,
  newTransferee,
  readHistory,
  transferee,
} from '@esinet/chat-transfer';
import { type IdSource, isoTime } from '@esinet/kernel';
import { MessageType } from '@esinet/lmpe';
import { isSipUri } from '@esinet/platform';
import type { CentreAgreement } from '../agreement.js';
import type { Centre } from '../centre.js';
import type { Chat } from '../chat.js';
import type { ChatArchive } from '../chat-archive.js';
import type { DoneStep } from '../chat-steps.js';
import type { Calls } from '../pods/calls.js';
import { type IncomingTransfer, transferKey } from './transfer-record.js';
import { TransferRun } from './transfer-run.js';
import {
  type Coming,
  type Execution,
  TransfereeChat,
  type TransfereeChatOptions,
} from './transferee-chat.js';

export interface IncomingTransfersOptions extends TransfereeChatOptions {
  readonly messages: ChatArchive;
  readonly calls: Calls;
  readonly ids: IdSource;
  /** Whether a call taker of that centre is to be asked. */
  readonly asks: (centre: Centre) => boolean;
  /** After a change is durable. */
  readonly onChange: (record: IncomingTransfer, before: Transferee['phase'] | undefined) => void;
}

/** ExpiryTime of a 406, which says nothing. */
const nothing = 10;

/** What comes with an execution request. */
interface Asked {
  readonly execution: Execution;
  readonly history?: ChatHistory;
}

/** TS 103 698 6.2.6, 6.3, the transferee: does what the machine of @esinet/chat-transfer decides. */
export class IncomingTransfers implements TransferHandler {
  readonly #known = new Map<string, Coming>();
  readonly #byCall = new Map<string, Coming[]>();

  readonly #chat: TransfereeChat;

  constructor(private readonly o: IncomingTransfersOptions) {
    this.#chat = new TransfereeChat(o);
  }

  async negotiate(request: NegotiationRequest, peer: CentreAgreement): Promise<NegotiationResponse> {
    const { CallId: callId, TransferFrom: from, TransferTo: to } = request;
    const refusal: NegotiationResponse = { CallId: callId, ExpiryTime: nothing, StatusCode: 406 };
    const centre = this.o.centres.at(to);
    if (!centre || !(peer.centres?.includes(centre.id) ?? true)) return refusal;
    await this.o.calls.own(callId);
    if (!isSipUri(from) || this.o.chats.has(callId, centre.id)) return refusal;
    const last = this.#of(callId, peer).findLast((c) => c.record.centre === centre.id);
    const waiting = last && ['asked', 'accepted'].includes(last.run.state.phase) ? last : undefined;
    if (!waiting && !mayNegotiateAgain(last?.run.state)) return refusal;
    if (!waiting) return this.#begin(centre, request, peer);
    return new Promise((resolve) => {
      waiting.negotiations.push(resolve);
      void waiting.run.tell({ type: 'negotiate', at: this.o.clock.wall() });
    });
  }

  async execute(request: ExecutionRequest, peer: Agreement): Promise<ExecutionResponse | undefined> {
    const { CallId: callId, MessageId: messageId, ExpiryTime: expiryTime } = request;
    const known = this.#of(callId, peer).map((coming) => ({ coming, messageId: coming.run.state.messageId }));
    const coming = executedBy(
      known.map(({ coming: c, messageId: m }) => ({ coming: c, ...(m !== undefined && { messageId: m }) })),
      messageId,
    )?.coming;
    if (!coming) return { CallId: callId, StatusCode: 503 };
    const read = request.Data === undefined ? undefined : readHistory(request.Data);
    if (read && !read.ok) this.o.logger.warn('transfer without a history', { problems: read.error.length });
    // Without an address of the APP nobody can take the chat.
    const history = read?.ok && isSipUri(read.value.AppUri) ? read.value : undefined;
    return new Promise((resolve) => {
      const timer = this.o.clock.after(expiryTime * 1_000, () => this.#answer(coming, [execution]));
      const execution: Execution = {
        merged: history === undefined,
        answer: (answer) => {
          timer.cancel();
          resolve(answer);
        },
      };
      coming.executions.push(execution);
      const at = this.o.clock.wall();
      void coming.run.tell({ type: 'execute', at, messageId, expiryTime, history: history !== undefined }, {
        execution,
        ...(history && { history }),
      } satisfies Asked);
    });
  }

  /** Resolves when it is durable. */
  async decide(transfer: string, accept: boolean, by?: string): Promise<IncomingTransfer | undefined> {
    const coming = this.#known.get(transfer);
    if (coming?.run.state.phase !== 'asked') return undefined;
    if (by !== undefined) coming.record = { ...coming.record, by };
    await coming.run.tell({ type: 'decide', at: this.o.clock.wall(), accept });
    return coming.record;
  }

  outcome(chat: Chat, messageType: number, messageId: number, status: number): void {
    if (messageType !== MessageType.startTransfer) return;
    const coming = this.#ofChat(chat);
    if (coming?.claim?.record.messageId !== messageId) return;
    coming.claim.status = status;
    void coming.run.tell({ type: 'taken', at: this.o.clock.wall(), status });
  }

  /** R6: an APP that speaks to us has taken our offer. */
  stepped(chat: Chat, { event, before }: DoneStep): void {
    if (event.type !== 'received' || (before !== 'taking' && before !== 'declined')) return;
    if (chat.state.phase !== 'open') return;
    void this.#ofChat(chat)?.run.tell({ type: 'heard', at: this.o.clock.wall() });
  }

  /** Goes on with what was under way when the process ended. */
  async restore(record: IncomingTransfer): Promise<void> {
    const coming = this.#add(record, true);
    const { state } = record;
    const chat = await this.#chat.of(coming);
    if (chat && state.phase === 'declined' && chat.state.phase === 'taking') await this.#chat.decline(coming);
    if (!isTransfereeActive(state)) return;
    if (chat) {
      const messages = await this.o.messages.messages(chat.id);
      const claim = messages.findLast(
        (m) =>
          m.messageType === MessageType.startTransfer &&
          m.direction === 'out' &&
          m.imported === undefined &&
          (m.messageId ?? 0) > (state.messageId ?? 0),
      );
      const status = claim?.delivery === 'pending' ? undefined : claim?.status;
      if (claim) coming.claim = { record: claim, status };
    }
    const sent = coming.claim !== undefined;
    void coming.run.tell({ type: 'restored', at: this.o.clock.wall(), sent });
  }

  get(transfer: string): IncomingTransfer | undefined {
    return this.#known.get(transfer)?.record;
  }

  forget(transfer: string): void {
    const coming = this.#known.get(transfer);
    if (!coming) return;
    this.#end(coming);
    this.#known.delete(transfer);
    coming.tenure.users.delete(coming);
    const { callId } = coming.record.state;
    const others = (this.#byCall.get(callId) ?? []).filter((c) => c !== coming);
    if (others.length === 0) this.#byCall.delete(callId);
    else this.#byCall.set(callId, others);
  }

  close(): void {
    for (const coming of this.#known.values()) this.#end(coming);
  }

  /** Whoever waits is told that there is nothing to wait for here. */
  #end({ run, record, negotiations, executions }: Coming): void {
    run.close();
    const refusal: NegotiationResponse = {
      CallId: record.state.callId,
      ExpiryTime: nothing,
      StatusCode: 406,
    };
    for (const resolve of negotiations.splice(0)) resolve(refusal);
    // What became of it is asked of the next process.
    for (const { answer } of executions.splice(0)) answer();
  }

  async #begin(centre: Centre, request: NegotiationRequest, peer: Agreement): Promise<NegotiationResponse> {
    const { clock, config, ids } = this.o;
    const [state, effects] = newTransferee({
      callId: request.CallId,
      from: request.TransferFrom,
      to: request.TransferTo,
      peer: peer.name,
      ...(request.ReasonText !== undefined && { reasonText: request.ReasonText }),
      timing: {
        decideMs: config.transfer.answer,
        negotiationSeconds: Math.ceil(config.transfer.negotiation / 1_000),
      },
    });
    const coming = this.#add({
      version: 1,
      transfer: transferKey(clock.wall(), ids.token(8)),
      role: 'in',
      centre: centre.id,
      startedAt: isoTime(clock.wall()),
      state,
    });
    const answer = new Promise<NegotiationResponse>((resolve) => coming.negotiations.push(resolve));
    try {
      await this.o.archive.put(coming.record, coming.tenure);
    } catch (error) {
      this.forget(coming.record.transfer);
      throw error;
    }
    void coming.run.begin(effects);
    return answer;
  }

  /** Restored ones come the newest first. */
  #add(record: IncomingTransfer, restored = false): Coming {
    const coming: Coming = {
      record,
      tenure: this.o.calls.tenure(record.state.callId),
      negotiations: [],
      executions: [],
      run: new TransferRun(record.state, {
        machine: transferee,
        persist: (state) => this.#persist(coming, state),
        perform: (effect, input) => this.#perform(coming, effect, input as Asked | undefined),
        clock: this.o.clock,
        logger: this.o.logger,
      }),
    };
    this.#known.set(record.transfer, coming);
    coming.tenure.users.add(coming);
    const same = this.#byCall.get(record.state.callId) ?? [];
    this.#byCall.set(record.state.callId, restored ? [coming, ...same] : [...same, coming]);
    return coming;
  }

  #of(callId: string, peer: Agreement): Coming[] {
    return (this.#byCall.get(callId) ?? []).filter((coming) => coming.record.state.peer === peer.name);
  }

  #ofChat(chat: Chat): Coming | undefined {
    return (this.#byCall.get(chat.callId) ?? []).findLast((coming) => coming.record.chat === chat.id);
  }

  async #persist(coming: Coming, state: Transferee): Promise<void> {
    const before = coming.record.state.phase;
    const record: IncomingTransfer = { ...coming.record, state };
    await this.o.archive.put(record, coming.tenure);
    coming.record = record;
    this.o.onChange(record, before === state.phase ? undefined : before);
  }

  async #perform(coming: Coming, effect: TransfereeEffect, asked: Asked | undefined): Promise<void> {
    const { callId } = coming.run.state;
    switch (effect.type) {
      case 'ask':
        return this.#ask(coming);
      case 'answer-negotiation': {
        const { status, expiryTime } = effect;
        const answer = { CallId: callId, ExpiryTime: expiryTime, StatusCode: status };
        for (const resolve of coming.negotiations.splice(0)) resolve(answer);
        return;
      }
      case 'merge':
        if (!asked?.history) return;
        await this.#chat.merge(coming, asked.history);
        asked.execution.merged = true;
        return;
      case 'take':
        return this.#chat.take(coming, effect.lastMessageId);
      case 'answer': {
        const { status } = effect;
        const answered = coming.executions.filter(({ merged }) => status === 503 || merged);
        this.#answer(coming, answered, { CallId: callId, StatusCode: status });
        return;
      }
      case 'refuse':
        if (asked) this.#answer(coming, [asked.execution], { CallId: callId, StatusCode: 503 });
        return;
      case 'decline':
        return this.#chat.decline(coming);
      case 'persist':
      case 'set-timer':
      case 'cancel-timers':
        return;
    }
  }

  #answer({ executions }: Coming, answered: readonly Execution[], answer?: ExecutionResponse): void {
    const left = executions.filter((execution) => !answered.includes(execution));
    executions.splice(0, executions.length, ...left);
    for (const execution of answered) execution.answer(answer);
  }

  #ask(coming: Coming): void {
    const centre = this.o.centres.get(coming.record.centre);
    if (centre && this.o.asks(centre)) return;
    setImmediate(
      () => void coming.run.tell({ type: 'decide', at: this.o.clock.wall(), accept: this.o.chats.hasRoom }),
    );
  }
}
