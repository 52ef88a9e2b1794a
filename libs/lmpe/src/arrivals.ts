import { type MessageCounts, count, countOf, hasHole, rememberedNumbers, settle } from './message-count.js';
import type { SessionNote } from './session-effect.js';
import { type MessageKind, isKeepAlive, messageKind } from './message-type.js';

/** How many messages of a chat are remembered to know a repeated one. Keep-alives are not among them. */
export const rememberedMessages = 512;

/** Texts of a chat that wait for what is missing before them. More are shown at once. */
export const heldTexts = 64;

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
  /** It came with the history of a transferred chat, not from its sender: it tells nothing of where the chat is. */
  readonly imported?: boolean;
  /** RFC 7090: marked as a call-back. */
  readonly callBack?: boolean;
}

/** What a person is to read of a message. */
export interface ReadText {
  readonly sender: string;
  readonly kind: MessageKind;
  readonly messageId?: number;
  readonly text: string;
  readonly reference: string;
}

/** What has come in, as far as repeated, missing and overtaken messages can be told from it. */
export interface Arrivals {
  readonly seen: readonly { readonly key: string; readonly print: string }[];
  /** By sender. */
  readonly counts: MessageCounts;
  /** Texts that wait to be shown, in the order in which they came. */
  readonly held: readonly ReadText[];
}

/** A text to show now. */
export interface Shown extends ReadText {
  readonly mark?: 'gap' | 'late';
}

/** What came of a message: whether a hole began or ended is seen from `waits` before and after. */
export interface Arrival {
  readonly next: Arrivals;
  readonly notes: readonly SessionNote[];
  readonly shown: readonly Shown[];
}

export const noArrivals: Arrivals = { seen: [], counts: {}, held: [] };

/** Something is missing that may still come. */
export function waits(arrivals: Arrivals): boolean {
  return Object.values(arrivals.counts).some(hasHole);
}

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

/** A known key with the same text and content. Under another text it is a message of its own. */
export function isDuplicate(arrivals: Arrivals, m: ReceivedMessage): boolean {
  const key = messageKey(m);
  const print = printOf(m);
  return arrivals.seen.some((s) => s.key === key && s.print === print);
}

/**
 * Takes in a message that is no duplicate. A text behind a hole in the numbers waits to be shown; whatever else comes
 * takes effect at once, and ends the wait of all that is held.
 */
export function arrive(arrivals: Arrivals, m: ReceivedMessage): Arrival {
  const kind = messageKind(m.messageType);
  if (isKeepAlive(kind)) return arriveCounted(arrivals, m, kind);
  const key = messageKey(m);
  const reused = arrivals.seen.some((s) => s.key === key);
  const seen = [...arrivals.seen.slice(-(rememberedMessages - 1)), { key, print: printOf(m) }];
  const { counts, late } = count(arrivals.counts, m, kind);
  const marked = late && !reused;
  const notes: SessionNote[] = [];
  if (reused) notes.push({ type: 'note', note: 'reused-id' });
  if (marked) notes.push({ type: 'note', note: 'late' });
  const next: Arrivals = { ...arrivals, seen, counts };
  const text = textOf(m, kind);
  const effective = m.imported !== true && kind !== 'in-chat' && kind !== 'unknown';
  if (text && !effective && !marked && m.imported !== true && isAhead(counts, m)) {
    const behind = { ...next, held: [...next.held, text] };
    notes.push({ type: 'note', note: 'held' });
    return behind.held.length > heldTexts
      ? withNotes(notes, giveUp(behind))
      : { next: behind, notes, shown: [] };
  }
  const now: Shown[] = text ? [marked ? { ...text, mark: 'late' } : text] : [];
  return withNotes(notes, effective ? giveUp(next, now) : release(next, now));
}

/** Takes in a message of which only the number matters. */
export function arriveCounted(arrivals: Arrivals, m: ReceivedMessage, kind: MessageKind): Arrival {
  const text = textOf(m, kind);
  const { counts } = count(arrivals.counts, m, kind);
  return release({ ...arrivals, counts }, text ? [text] : []);
}

/** What is missing is not waited for any longer: everything is shown, each sender's texts in their order. */
export function giveUp(arrivals: Arrivals, now: readonly Shown[] = []): Arrival {
  const notes: SessionNote[] = [];
  const counts: Record<string, MessageCounts[string]> = { ...arrivals.counts };
  const gaps = new Map<string, number>();
  for (const [sender, before] of Object.entries(arrivals.counts)) {
    const { count: settled, missing } = settle(before);
    counts[sender] = settled;
    if (missing === 0) continue;
    notes.push({ type: 'note', note: 'gap', missing });
    gaps.set(sender, before.settled);
  }
  const held = arrivals.held.map((text): Shown => {
    const from = gaps.get(text.sender);
    return from !== undefined && (text.messageId ?? 0) > from ? { ...text, mark: 'gap' } : text;
  });
  if (held.length > 0) notes.push({ type: 'note', note: 'released' });
  return { next: { ...arrivals, counts, held: [] }, notes, shown: inOrder(held, now) };
}

/** What no longer waits for anything. */
function release(arrivals: Arrivals, now: readonly Shown[]): Arrival {
  if (Object.values(arrivals.counts).some((c) => c.ahead.length > rememberedNumbers)) {
    return giveUp(arrivals, now);
  }
  const free = arrivals.held.filter((text) => !isAhead(arrivals.counts, text));
  if (free.length === 0) return { next: arrivals, notes: [], shown: now };
  return {
    next: { ...arrivals, held: arrivals.held.filter((text) => isAhead(arrivals.counts, text)) },
    notes: [{ type: 'note', note: 'released' }],
    shown: inOrder(free, now),
  };
}

/** Each sender's by number; what came now goes last where the numbers say nothing. */
function inOrder(held: readonly Shown[], now: readonly Shown[]): Shown[] {
  const ordered: Shown[] = [];
  for (const text of [...held, ...now]) {
    let place = ordered.length;
    for (let i = ordered.length - 1; i >= 0; i--) {
      const other = ordered[i];
      if (other?.sender !== text.sender) continue;
      if ((other.messageId ?? 0) <= (text.messageId ?? Number.MAX_SAFE_INTEGER)) break;
      place = i;
    }
    ordered.splice(place, 0, text);
  }
  return ordered;
}

function isAhead(
  counts: MessageCounts,
  m: { readonly sender: string; readonly messageId?: number | undefined },
): boolean {
  return m.messageId !== undefined && m.messageId > (countOf(counts, m.sender)?.settled ?? Infinity);
}

function textOf(m: ReceivedMessage, kind: MessageKind): ReadText | undefined {
  if (m.text === undefined || m.text === '') return undefined;
  return {
    sender: m.sender,
    kind,
    text: m.text,
    reference: m.reference,
    ...(m.messageId !== undefined && { messageId: m.messageId }),
  };
}

function withNotes(notes: readonly SessionNote[], arrival: Arrival): Arrival {
  return { ...arrival, notes: [...notes, ...arrival.notes] };
}

/** Tells texts apart without keeping them: two FNV-1a hashes of different seeds, and the length. */
function printOf(m: ReceivedMessage): string {
  const text = m.text === undefined ? '-' : hashOf(m.text);
  return m.content === undefined ? text : `${text} ${m.content}`;
}

function hashOf(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code ^ (b >>> 15), 0x85ebca6b);
  }
  return `${text.length}.${a >>> 0}.${b >>> 0}`;
}
