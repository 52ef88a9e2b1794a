/** How many messages of a chat are remembered to know a repeated one. Keep-alives are not among them. */
export const rememberedMessages = 512;

/** Senders of one chat whose numbers are followed: more are strangers that try identifiers. */
export const followedSenders = 32;

/** A message as a session sees it. Texts and URIs are the receiver's own copies. */
export interface ReceivedMessage {
  readonly type: 'received';
  /** URI of whom it came from. */
  readonly sender: string;
  readonly messageId?: number;
  readonly messageType?: number;
  readonly text?: string;
  /** Tells what else it carried (attachments, not the location) from other such content; absent where there was none. */
  readonly content?: string;
  /** Bare URI of the Reply-To header. */
  readonly replyTo?: string;
  /** Tells messages without a Message Identifier apart: SIP Call-ID and CSeq, or alike. */
  readonly reference: string;
}

/** What has come in, as far as repeated and missing messages can be told from it. */
export interface Arrivals {
  readonly seen: readonly { readonly key: string; readonly print: string }[];
  /** Highest Message Identifier by sender. */
  readonly highest: Readonly<Record<string, number>>;
}

export type ArrivalNote =
  | { readonly type: 'note'; readonly note: 'duplicate' }
  | { readonly type: 'note'; readonly note: 'late' }
  | { readonly type: 'note'; readonly note: 'reused-id' }
  | { readonly type: 'note'; readonly note: 'gap'; readonly missing: number };

export const noArrivals: Arrivals = { seen: [], highest: {} };

/**
 * One key for each message of a chat. The Message Identifier alone does not do: 266 and 274 use that of the message
 * before them (TS 103 698 6.2.6, 6.2.7), and either side counts for itself.
 */
export function messageKey(
  m: Pick<ReceivedMessage, 'sender' | 'messageId' | 'messageType' | 'reference'>,
): string {
  const id = m.messageId === undefined ? `r:${m.reference}` : String(m.messageId);
  return `${m.sender}|${id}|${m.messageType ?? ''}`;
}

/**
 * Takes a message in. A known key with the same text and content is a duplicate; with another it is a message of its own,
 * from a sender that does not count properly. A gap is noted and never waited for: the numbers need not be contiguous
 * (keep-alives may or may not count).
 */
export function arrive(
  arrivals: Arrivals,
  m: ReceivedMessage,
): { next: Arrivals; duplicate: boolean; notes: ArrivalNote[] } {
  const key = messageKey(m);
  const notes: ArrivalNote[] = [];
  const known = arrivals.seen.filter((s) => s.key === key);
  const print = m.content === undefined ? printOf(m.text) : `${printOf(m.text)} ${m.content}`;
  if (known.some((s) => s.print === print)) {
    return { next: arrivals, duplicate: true, notes: [{ type: 'note', note: 'duplicate' }] };
  }
  if (known.length > 0) notes.push({ type: 'note', note: 'reused-id' });
  const seen = [...arrivals.seen.slice(-(rememberedMessages - 1)), { key, print }];
  const { highest, note } = count(arrivals.highest, m);
  if (note && known.length === 0) notes.push(note);
  return { next: { seen, highest }, duplicate: false, notes };
}

/** Takes a keep-alive in: its number counts, but nothing is remembered of it. */
export function arriveKeepAlive(
  arrivals: Arrivals,
  m: ReceivedMessage,
): { next: Arrivals; notes: ArrivalNote[] } {
  const { highest, note } = count(arrivals.highest, m);
  return { next: { seen: arrivals.seen, highest }, notes: note?.note === 'gap' ? [note] : [] };
}

function count(
  before: Arrivals['highest'],
  m: ReceivedMessage,
): { highest: Arrivals['highest']; note: ArrivalNote | undefined } {
  if (m.messageId === undefined) return { highest: before, note: undefined };
  const last = Object.hasOwn(before, m.sender) ? before[m.sender] : undefined;
  if (last !== undefined && m.messageId <= last) {
    return { highest: before, note: m.messageId < last ? { type: 'note', note: 'late' } : undefined };
  }
  if (last === undefined && Object.keys(before).length >= followedSenders) {
    return { highest: before, note: undefined };
  }
  // A transferee counts on from where the transferor stopped (TS 103 698 6.2.6).
  const missing = m.messageId - (last ?? Math.max(0, ...Object.values(before))) - 1;
  return {
    highest: { ...before, [m.sender]: m.messageId },
    note: missing > 0 ? { type: 'note', note: 'gap', missing } : undefined,
  };
}

/** Tells texts apart without keeping them: two FNV-1a hashes of different seeds, and the length. */
function printOf(text: string | undefined): string {
  if (text === undefined) return '-';
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code ^ (b >>> 15), 0x85ebca6b);
  }
  return `${text.length}.${a >>> 0}.${b >>> 0}`;
}
