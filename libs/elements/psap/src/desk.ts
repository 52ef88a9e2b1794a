import type { Result } from '@esinet/kernel';
import type { ChatRecord, MessageRecord } from './message-record.js';

/** Why something a call taker asked for was not done. */
export interface DeskRefusal {
  readonly code:
    | 'not-found'
    | 'not-open'
    | 'too-long'
    | 'not-stored'
    /** No agreement with that PSAP allows it (TS 103 698 6.2.6). */
    | 'no-agreement'
    /** The other PSAP said no, or could not be asked. */
    | 'refused'
    /** Another transfer of the chat is under way. */
    | 'busy'
    /** Not a SIP URI, or the centre the chat is at. */
    | 'bad-target'
    /** Another call taker has the chat. */
    | 'taken';
  readonly message: string;
}

/** A transfer as call takers see it. */
export interface TransferView {
  readonly transfer: string;
  /** Absent in an incoming transfer until the chat is here. */
  readonly chat?: string;
  readonly callId: string;
  readonly role: 'out' | 'in';
  /** SIP URIs of the two centres. */
  readonly from: string;
  readonly to: string;
  readonly reason?: string;
  /** Of the transferor's or the transferee's machine (@esinet/chat-transfer). */
  readonly phase: string;
  /** Why it ended as it did. */
  readonly outcome?: string;
  /** RFC 3339 */
  readonly expiresAt?: string;
}

/** What happened, for those who look on. Texts and names in `data` are for call takers and never for the log. */
export interface DeskEvent {
  /** Increasing, also from one process to the next. */
  readonly id: number;
  /** RFC 3339 */
  readonly at: string;
  readonly type: 'chat' | 'message' | 'note' | 'transfer' | 'queue' | 'taker' | 'alert';
  readonly chat?: string;
  readonly callId?: string;
  readonly centre?: string;
  /** The process it comes from, if that is another one. */
  readonly pod?: string;
  readonly data: object;
}

export interface ChatQuery {
  readonly limit: number;
  /** Identifier of a centre: `madrid`. */
  readonly centre?: string;
  readonly phase?: string;
  readonly taker?: string;
  /** Test calls instead of real ones. */
  readonly test?: boolean;
}

/** What call takers do. A chat is named by its own identifier or by its Call Identifier (the newest of several). */
export interface Desk {
  /** Newest first. */
  list(query: ChatQuery): Promise<ChatRecord[]>;
  /** Chats in memory: all that are not over, after a restart too, as long as there is room. */
  present(): ChatRecord[];
  /** Whether a chat is in memory, by its own identifier. */
  has(chat: string): boolean;
  find(id: string): Promise<ChatRecord | undefined>;
  /** In the order a person reads them. */
  messages(chat: string): Promise<MessageRecord[]>;
  say(id: string, text: string, by?: string): Promise<Result<MessageRecord, DeskRefusal>>;
  stop(id: string, text?: string, by?: string): Promise<Result<MessageRecord, DeskRefusal>>;
  /** TS 103 698 6.2.6. Resolves when the other side has agreed or refused; the execution goes on by itself. */
  transfer(
    id: string,
    o: { readonly to: string; readonly reason?: string; readonly text?: string; readonly by?: string },
  ): Promise<Result<TransferView, DeskRefusal>>;
  /** TS 103 698 6.2.7 */
  redirect(
    id: string,
    o: { readonly to: string; readonly text?: string; readonly by?: string },
  ): Promise<Result<MessageRecord, DeskRefusal>>;
  /** TS 103 698 6.1.2.5: speaks to the caller of a chat that was closed. */
  callBack(
    id: string,
    o: { readonly text: string; readonly incident: boolean; readonly by?: string },
  ): Promise<Result<MessageRecord, DeskRefusal>>;
  /** Whose chat it is from now on; nobody's without a taker. */
  assign(id: string, taker: string | undefined): Promise<Result<ChatRecord, DeskRefusal>>;
  /** Those under way and the latest that are over. */
  transfers(query?: { readonly centre?: string }): TransferView[];
  /** A call taker's answer to an incoming transfer. */
  decide(transfer: string, accept: boolean, by?: string): Promise<Result<TransferView, DeskRefusal>>;
  /** Gives what ends it. */
  watch(listener: (event: DeskEvent) => void): () => void;
}
