import {
  type Transferor,
  type TransferorEffect,
  type TransferorEvent,
  fitHistory,
} from '@esinet/chat-transfer';
import type { Clock } from '@esinet/kernel';
import { MessageType } from '@esinet/lmpe';
import type { Limits, Records } from '@esinet/platform';
import type { Chat } from '../chat.js';
import type { ChatArchive } from '../chat-archive.js';
import type { ChatPost } from '../chat-post.js';
import type { ChatSteps } from '../chat-steps.js';
import type { Chats } from '../chats.js';
import type { PsapConfig } from '../config.js';
import type { MessageRecord } from '../message-record.js';
import type { Tenure } from '../pods/tenure.js';
import { notesForHistory } from '../takers/history-notes.js';
import { historyOf } from './chat-history.js';
import type { OutgoingTransfer } from './transfer-record.js';
import type { TransferRun } from './transfer-run.js';
import { fixedText } from './transfer-text.js';

/** One transfer of a chat of ours, while it is in memory. */
export interface Going {
  record: OutgoingTransfer;
  readonly tenure: Tenure;
  readonly run: TransferRun<Transferor, TransferorEvent, TransferorEffect>;
  /** Our 266 and 265, and what the APP said to them last. */
  stop?: { readonly record: MessageRecord; status: number | undefined };
  claim?: { readonly record: MessageRecord; status: number | undefined };
  readonly settled: ((phase: Transferor['phase']) => void)[];
}

export interface TransferorChatOptions {
  readonly config: PsapConfig;
  readonly chats: Chats;
  readonly messages: ChatArchive;
  readonly records: Records;
  readonly steps: ChatSteps;
  readonly post: ChatPost;
  readonly clock: Clock;
  readonly limits?: Pick<Limits, 'body'>;
}

/** Of a chat's history that notes may take: what was said comes first. */
const notesShare = 4;

/** What a transfer does to the chat it moves away: 266, our own 265, the end of it here, and its history. */
export class TransferorChat {
  constructor(private readonly o: TransferorChatOptions) {}

  /** 266, once. */
  async stall(going: Going): Promise<void> {
    const at = this.o.clock.wall();
    if (!going.stop) {
      const chat = await this.of(going);
      const { text, by, transfer } = going.record;
      const made = await chat?.enqueue(() =>
        this.o.steps.step(
          chat,
          { type: 'transfer', text: text ?? fixedText(this.o.config, 'transferring', chat.centre) },
          { ...(by !== undefined && { by }), details: { transferOut: transfer } },
        ),
      );
      const record = made?.find(({ messageType }) => messageType === MessageType.stopTransfer);
      if (record) going.stop = { record, status: undefined };
      // The chat ended, or somebody else has it.
      else void going.run.tell({ type: 'closed', at });
      return;
    }
    const { record, status } = going.stop;
    if (status !== undefined) {
      void going.run.tell({ type: 'stalled', at, status, messageId: record.messageId ?? 1 });
    }
  }

  async history(going: Going): Promise<object | undefined> {
    const chat = await this.of(going);
    if (!chat) return undefined;
    const { limits, config } = this.o;
    const history = historyOf(chat.record(), await this.o.messages.messages(chat.id), {
      centre: chat.centre.publicUri,
      ...(limits && { limits }),
    });
    const { historyBytes } = config.transfer;
    const notes = await notesForHistory(this.o.records, chat.id, historyBytes / notesShare);
    return fitHistory({ ...history, ...(notes.length > 0 && { Notes: notes }) }, historyBytes);
  }

  /** R2: our own 265, the same one however often it is asked for. */
  async reactivate(going: Going): Promise<void> {
    const at = this.o.clock.wall();
    const chat = await this.of(going);
    if (!chat) return;
    if (!going.stop) return void going.run.tell({ type: 'reactivated', at, status: 200 });
    if (!going.claim) {
      const made = await chat.enqueue(() =>
        this.o.steps.step(chat, {
          type: 'reactivate',
          text: fixedText(this.o.config, 'reactivated', chat.centre),
        }),
      );
      const record = made.find(({ messageType }) => messageType === MessageType.startTransfer);
      if (record) going.claim = { record, status: undefined };
      // Closed meanwhile, or spoken to by the APP.
      else void going.run.tell({ type: 'closed', at });
      return;
    }
    if (chat.state.phase === 'handed-over') await this.#takeUp(chat, going.claim.record);
    const { record, status } = going.claim;
    if (status !== undefined && ((status >= 200 && status < 300) || status === 403)) {
      return void going.run.tell({ type: 'reactivated', at, status });
    }
    this.o.post.post(chat, record);
  }

  /** The APP refused our 265 and nobody else can have it: it has been with us all the time. */
  async keep(going: Going): Promise<void> {
    const chat = await this.of(going);
    if (chat && going.claim) await this.#takeUp(chat, going.claim.record);
  }

  /** After a restart: that the chat is ours is known of the transfer, not of the answer to our 265. */
  async settle(going: Going): Promise<void> {
    const chat = this.o.chats.get(going.record.chat);
    const { claim, phase } = chat?.state ?? {};
    if (!chat || claim?.by !== 'reactivate' || phase !== 'open') return;
    await chat.enqueue(() =>
      this.o.steps.step(chat, {
        type: 'outcome',
        messageType: claim.messageType,
        messageId: claim.messageId,
        status: 200,
      }),
    );
  }

  /** The chat is ours, as if the APP had agreed to our 265: also when it had been given up. */
  async #takeUp(chat: Chat, claim: MessageRecord): Promise<void> {
    const { messageType = MessageType.startTransfer, messageId = 0 } = claim;
    await chat.enqueue(async () => {
      if (chat.state.phase !== 'open' && chat.state.phase !== 'handed-over') return;
      chat.state = {
        ...chat.state,
        claim: { messageType, messageId, by: 'reactivate', fate: 'unanswered' },
      };
      await this.o.steps.step(chat, { type: 'outcome', messageType, messageId, status: 200 });
    });
  }

  async handOver(going: Going): Promise<void> {
    const chat = await this.of(going);
    const { messageId } = going.run.state;
    if (!chat) return;
    await chat.enqueue(async () => {
      if (chat.state.phase === 'handed-over') return;
      await this.o.steps.step(
        chat,
        { type: 'handed-over', ...(messageId !== undefined && { messageId }) },
        { details: { handedTo: going.record.state.to } },
      );
    });
  }

  async of(going: Going): Promise<Chat | undefined> {
    const record = await this.o.chats.find(going.record.chat);
    return record && this.o.chats.living(record);
  }
}

/** The chat went elsewhere and is back: what is said to us now is for nobody else. */
export function cameBack(going: Going, { state }: Chat): boolean {
  if (going.run.state.phase !== 'done') return false;
  // Claimed back, and the transferee's yes not in force yet.
  const undecided = state.phase === 'open' && state.claim?.by === 'reactivate';
  return !undecided && state.phase !== 'handed-over' && state.phase !== 'transferring';
}
