import type { ChatHistory, Transferee, TransfereeEffect, TransfereeEvent } from '@esinet/chat-transfer';
import type { ExecutionResponse, NegotiationResponse } from '@esinet/chat-transfer';
import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import { MessageType } from '@esinet/lmpe';
import type { Centres } from '../centre.js';
import type { Chat } from '../chat.js';
import type { ChatPost } from '../chat-post.js';
import type { ChatSteps } from '../chat-steps.js';
import type { Chats } from '../chats.js';
import type { PsapConfig } from '../config.js';
import { type MessageRecord, chatIdOf } from '../message-record.js';
import type { Tenure } from '../pods/tenure.js';
import type { HistoryImport } from './history-import.js';
import type { TransferArchive } from './transfer-archive.js';
import type { IncomingTransfer } from './transfer-record.js';
import type { TransferRun } from './transfer-run.js';
import { fixedText } from './transfer-text.js';

/** An execution request that waits for its answer. */
export interface Execution {
  /** What it brought is in the records: before that it is not answered 200. */
  merged: boolean;
  readonly answer: (answer?: ExecutionResponse) => void;
}

/** One transfer of a chat to us, while it is in memory. */
export interface Coming {
  record: IncomingTransfer;
  readonly tenure: Tenure;
  readonly run: TransferRun<Transferee, TransfereeEvent, TransfereeEffect>;
  /** Our 265, and what the APP said to it last. */
  claim?: { readonly record: MessageRecord; status: number | undefined };
  readonly negotiations: ((answer: NegotiationResponse) => void)[];
  readonly executions: Execution[];
}

export interface TransfereeChatOptions {
  readonly config: PsapConfig;
  readonly centres: Centres;
  readonly archive: TransferArchive;
  readonly chats: Chats;
  readonly imports: HistoryImport;
  readonly steps: ChatSteps;
  readonly post: ChatPost;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** RFC 3261 21.4.9. */
const gone = 410;

/** What a transfer does to the chat it brings: its history, our 265, and that it is not ours after all. */
export class TransfereeChat {
  constructor(private readonly o: TransfereeChatOptions) {}

  async merge(coming: Coming, history: ChatHistory): Promise<void> {
    const centre = this.o.centres.get(coming.record.centre);
    if (!centre) return;
    const { callId, from, phase } = coming.run.state;
    const { transfer } = coming.record;
    const known = coming.record.chat;
    if (known !== undefined && known !== chatIdOf(callId, centre.id, history.Sender)) {
      this.o.logger.warn('history of another chat', { peer: coming.run.state.peer });
      return;
    }
    const chat = await this.o.imports.merge(history, { callId, centre, from, transfer });
    if (coming.record.chat !== chat.id) {
      const record: IncomingTransfer = { ...coming.record, chat: chat.id };
      await this.o.archive.put(record, coming.tenure);
      coming.record = record;
    }
    // After a crash between the state and the history, which comes again with the request.
    const { messageId } = coming.run.state;
    if (phase === 'taking' && !coming.claim && messageId !== undefined) await this.take(coming, messageId);
  }

  /** 265, under one number however often it is asked for, and not for the first time when it is too late. */
  async take(coming: Coming, lastMessageId: number): Promise<void> {
    const at = this.o.clock.wall();
    const chat = await this.of(coming);
    // Its history comes with the request again, or never.
    if (!chat) return;
    if (coming.claim) {
      const { record, status } = coming.claim;
      if (status !== undefined && ((status >= 200 && status < 300) || status === 403)) {
        return void coming.run.tell({ type: 'taken', at, status });
      }
      if (chat.state.phase === 'open') return void coming.run.tell({ type: 'heard', at });
      return this.o.post.post(chat, record);
    }
    if (at >= (coming.run.state.executionExpiresAt ?? 0)) {
      return void coming.run.tell({ type: 'restored', at, sent: false });
    }
    const { transfer, state } = coming.record;
    const made = await chat.enqueue(() =>
      this.o.steps.step(
        chat,
        { type: 'take', lastMessageId, text: fixedText(this.o.config, 'transferred', chat.centre) },
        { details: { transferIn: transfer, transferredFrom: state.from } },
      ),
    );
    const record = made.find(({ messageType }) => messageType === MessageType.startTransfer);
    if (record) coming.claim = { record, status: undefined };
    else this.o.logger.warn('transfer of a chat that is here', { callId: chat.callId });
  }

  async decline(coming: Coming): Promise<void> {
    const chat = await this.of(coming);
    if (chat?.state.phase !== 'taking') return;
    const { claim } = chat.state;
    // An offer that nobody answered is given up as one that was refused.
    const given = { messageType: MessageType.startTransfer, status: gone } as const;
    await chat.enqueue(() =>
      this.o.steps.step(
        chat,
        claim ? { type: 'outcome', ...given, messageId: claim.messageId } : { type: 'decline' },
      ),
    );
  }

  async of(coming: Coming): Promise<Chat | undefined> {
    const { transfer, state } = coming.record;
    // The history may be here although the process ended before it was noted whose it is.
    const chat = coming.record.chat ?? this.o.chats.takenBy(state.callId, transfer);
    if (chat === undefined) return undefined;
    try {
      const record = await this.o.chats.find(chat);
      return record && (await this.o.chats.living(record));
    } catch (error) {
      this.o.logger.error('transferred chat not found', { reason: messageOf(error) });
      throw error;
    }
  }
}
