import { createHash } from 'node:crypto';
import { type MessageKind, messageKey, messageKind } from '@esinet/lmpe';
import type { CivicAddress, Shape } from '@esinet/location';
import type { IncomingMessage } from './incoming-message.js';
import type { DataBlock } from './reading/additional-data.js';
import type { DataReference } from './reading/message-data.js';

/** Location as shown beside a message. */
export interface RecordedLocation {
  readonly source: 'value' | 'reference';
  readonly document: string;
  readonly shapes: readonly Shape[];
  readonly civics: readonly CivicAddress[];
  readonly timestamp?: string;
}

/** One message of a chat, as kept in the collection `messages`. */
export interface MessageRecord {
  readonly version: 1;
  readonly chat: string;
  readonly callId: string;
  readonly centre: string;
  /** Order within the chat, from 1. */
  readonly sequence: number;
  /** Order over all chats of the process that recorded it (see `Ingress`); it gets it when it is stored. */
  readonly ingress?: number;
  /** RFC 3339, when it was taken in or sent. */
  readonly at: string;
  readonly direction: 'in' | 'out';
  readonly sender: string;
  readonly to: string;
  readonly messageId?: number;
  readonly messageType?: number;
  readonly kind: MessageKind;
  readonly text?: string;
  readonly replyTo?: string;
  readonly reference: string;
  /** What came with it and what was fetched for it. */
  readonly locations?: readonly RecordedLocation[];
  readonly locationReferences?: readonly string[];
  readonly otherParts?: IncomingMessage['others'];
  /** Digest of the attachments among them. */
  readonly content?: string;
  /** Additional data that came with it or was fetched for it (RFC 7852), and where more of it was to be had. */
  readonly data?: readonly DataBlock[];
  readonly dataReferences?: readonly DataReference[];
  readonly problems?: readonly string[];
  /** Why it came here, as the network said: values of Reason and of History-Info. TS 103 698 6.1.2.6 */
  readonly reasons?: readonly string[];
  readonly history?: readonly string[];
  /** The request as received, in base64: every part byte by byte. */
  readonly raw?: string;
  /** Of our own: what became of it. */
  readonly delivery?: 'pending' | 'delivered' | 'failed';
  /** The last answer to it, 0 if there was none. */
  readonly status?: number;
  readonly callBack?: 'incident' | 'plain';
  /** Of our own: the call taker who said it. */
  readonly by?: string;
  /** URI of the centre that sent it or took it in before the chat came here. */
  readonly imported?: string;
  /** Of an imported message, which has no `raw`: octets of `otherParts` in base64 by the number of the part. */
  readonly bodies?: Readonly<Record<string, string>>;
  /** What was noted of it when it came: `gap`, `late`, `after-hand-over` and the like. */
  readonly marks?: readonly string[];
}

/** What becomes known of a chat while it runs. */
export interface ChatDetails {
  /** The call taker whose chat it is. */
  readonly taker?: string;
  readonly incident?: string;
  /** URIs of the centres it came from and went to. */
  readonly transferredFrom?: string;
  readonly handedTo?: string;
  /** The transfers it came and went by last. */
  readonly transferIn?: string;
  readonly transferOut?: string;
  /** As the caller prefers them (RFC 5646). */
  readonly languages?: readonly string[];
  /** TS 103 698 6.1.2.11 */
  readonly did?: string;
  /** P-Access-Network-Info, as it came. */
  readonly accessNetwork?: string;
  /** What the border calls the source: it reports bad actors by it. */
  readonly source?: string;
}

/** One chat, as kept in the collection `chats`. */
export interface ChatRecord extends ChatDetails {
  readonly version: 1;
  readonly chat: string;
  readonly callId: string;
  readonly centre: string;
  readonly caller: string;
  readonly sender: string;
  readonly service?: string;
  readonly test: boolean;
  /** Of a test call: the text that ends it. */
  readonly testAnswer?: string;
  readonly startedAt: string;
  readonly phase: string;
  readonly closedAt?: string;
  /** The Call Identifier is ours, because there was none. */
  readonly madeUp: boolean;
}

/**
 * Collections of Records. `chats-by-time` has a key per chat, `<RFC 3339 start>/<chat>`. `chats-by-call` has one as well
 * where several processes share the records: `<key of its call>/<chat>`, and one by its sender where the Call Identifier is ours.
 */
export const collections = {
  messages: 'messages',
  chats: 'chats',
  byTime: 'chats-by-time',
  byCall: 'chats-by-call',
  transfers: 'transfers',
} as const;

/** One caller, one centre, one Call Identifier: what a stranger sends under a known Call Identifier stays apart. */
export function chatIdOf(callId: string, centre: string, sender: string): string {
  return digest(`${callId}\n${centre}\n${sender}`);
}

/** Key of a message, the same for each copy of it. The direction keeps a caller from taking the key of an answer. */
export function recordKey(
  r: Pick<MessageRecord, 'chat' | 'direction' | 'sender' | 'messageId' | 'messageType' | 'reference'>,
): string {
  return `${r.chat}/${r.direction}-${digest(messageKey({ sender: r.sender, reference: r.reference, ...ids(r) }))}`;
}

/** Key for a message whose own key is taken by another text or content: a sender that does not count its messages. */
export function reusedKey(key: string, r: Pick<MessageRecord, 'text' | 'content' | 'reference'>): string {
  return `${key}-${digest(`${r.reference}\n${r.content ?? ''}\n${r.text ?? ''}`)}`;
}

/** Whether two records under one key are copies of one message. */
export function sameMessage(a: MessageRecord, b: Pick<MessageRecord, 'text' | 'content'>): boolean {
  return a.text === b.text && a.content === b.content;
}

export function isMessageRecord(value: unknown): value is MessageRecord {
  return hasVersion(value) && 'sequence' in value && 'direction' in value;
}

export function isChatRecord(value: unknown): value is ChatRecord {
  return hasVersion(value) && 'startedAt' in value && 'phase' in value;
}

export function ids(r: {
  readonly messageId?: number | undefined;
  readonly messageType?: number | undefined;
}): {
  messageId?: number;
  messageType?: number;
} {
  return {
    ...(r.messageId !== undefined && { messageId: r.messageId }),
    ...(r.messageType !== undefined && { messageType: r.messageType }),
  };
}

export function kindOf(messageType: number | undefined): MessageKind {
  return messageKind(messageType);
}

function hasVersion(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === 1;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 32);
}
