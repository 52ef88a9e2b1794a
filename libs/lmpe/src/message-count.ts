import type { MessageKind } from './message-type.js';
import { isKeepAlive } from './message-type.js';

/** Senders of one chat whose numbers are followed: more are strangers that try identifiers. */
export const followedSenders = 32;

/** Numbers beyond a hole that are told apart, and missing ones that are remembered to know a late one. */
export const rememberedNumbers = 64;

/** Where the Message Identifiers of one sender stand. */
export interface MessageCount {
  readonly highest: number;
  /** Every number up to it has come or is not waited for. */
  readonly settled: number;
  /** Numbers that came beyond a hole, ascending. */
  readonly ahead: readonly number[];
  /** Numbers waited for in vain, the newest ones. */
  readonly lost: readonly number[];
}

export type MessageCounts = Readonly<Record<string, MessageCount>>;

export function countOf(counts: MessageCounts, sender: string): MessageCount | undefined {
  return Object.hasOwn(counts, sender) ? counts[sender] : undefined;
}

export function hasHole(count: MessageCount): boolean {
  return count.settled < count.highest;
}

/** 266 and 274 carry the number of the message before them (TS 103 698 6.2.6, 6.2.7). */
export function repeatsNumber(kind: MessageKind): boolean {
  return kind === 'stop-transfer' || kind === 'stop-redirect';
}

/**
 * Whether the sender has moved on since it sent this. Of 266 and 274 an equal number is the rule, of others it is that
 * of another message.
 */
export function isOvertaken(
  counts: MessageCounts,
  m: { readonly sender: string; readonly messageId?: number },
  kind: MessageKind,
): boolean {
  const highest = countOf(counts, m.sender)?.highest;
  if (highest === undefined || m.messageId === undefined) return false;
  return repeatsNumber(kind) ? m.messageId < highest : m.messageId <= highest;
}

/** The counts after a message, and whether it is later than those behind it. A hole stays open until it is closed. */
export function count(
  counts: MessageCounts,
  m: { readonly sender: string; readonly messageId?: number },
  kind: MessageKind,
): { readonly counts: MessageCounts; readonly late: boolean } {
  const id = m.messageId;
  if (id === undefined) return { counts, late: false };
  const known = countOf(counts, m.sender);
  if (!known && Object.keys(counts).length >= followedSenders) return { counts, late: false };
  let now = known ?? beginning(counts, id, kind);
  if (id <= now.settled) {
    const late = now.lost.includes(id) || (id < now.highest && !repeatsNumber(kind));
    if (now.lost.includes(id)) now = { ...now, lost: now.lost.filter((n) => n !== id) };
    return { counts: { ...counts, [m.sender]: now }, late };
  }
  // A start is where its sender begins to count: what is below it was meant for somebody else, or was never sent.
  if (isStart(kind) && now.settled === 0 && now.ahead.every((n) => n > id)) now = { ...now, settled: id - 1 };
  // Between two turns of one PSAP the numbers were another's.
  if (kind === 'start-transfer' && now.ahead.every((n) => n > id)) {
    const base = Math.max(now.settled, Math.min(highestOf(counts), id - 1));
    now = { ...now, settled: base, highest: Math.max(now.highest, base) };
  }
  if (repeatsNumber(kind)) now = { ...now, highest: Math.max(now.highest, id) };
  else now = withNumber(now, id);
  return { counts: { ...counts, [m.sender]: now }, late: false };
}

/** The hole is not waited for any longer. `missing`: how many numbers did not come. */
export function settle(c: MessageCount): { readonly count: MessageCount; readonly missing: number } {
  if (!hasHole(c)) return { count: c, missing: 0 };
  const lost: number[] = [];
  for (let n = c.highest; n > c.settled && lost.length < rememberedNumbers; n--) {
    if (!c.ahead.includes(n)) lost.unshift(n);
  }
  return {
    count: {
      highest: c.highest,
      settled: c.highest,
      ahead: [],
      lost: [...c.lost, ...lost].slice(-rememberedNumbers),
    },
    missing: c.highest - c.settled - c.ahead.length,
  };
}

/** A transferee counts on from where the transferor stopped (6.2.6); a redirected APP goes on counting (6.2.7). */
function beginning(counts: MessageCounts, id: number, kind: MessageKind): MessageCount {
  const base = isStart(kind) || isKeepAlive(kind) ? id - 1 : Math.min(highestOf(counts), id - 1);
  return { highest: base, settled: base, ahead: [], lost: [] };
}

function highestOf(counts: MessageCounts): number {
  return Math.max(0, ...Object.values(counts).map((c) => c.highest));
}

function withNumber(c: MessageCount, id: number): MessageCount {
  if (c.ahead.includes(id)) return c;
  const ahead = [...c.ahead, id].sort((a, b) => a - b);
  let { settled } = c;
  while (ahead[0] === settled + 1) {
    settled++;
    ahead.shift();
  }
  return { ...c, highest: Math.max(c.highest, id), settled, ahead };
}

function isStart(kind: MessageKind): boolean {
  return kind === 'start' || kind === 'start-redirect';
}
