import { isoTime } from '@esinet/kernel';
import { type QueueState, type Taker, heldBy, isWaiting, waiting } from './queue.js';
import type { Unanswered } from './unanswered.js';

/** A chat that waits for a call taker. Times are RFC 3339. */
export interface WaitingChat {
  readonly chat: string;
  readonly callId: string;
  readonly centre: string;
  readonly startedAt: string;
  readonly waitingSince: string;
  /** It came from another centre. */
  readonly transferred: boolean;
  /** Since when the caller waits for a word of a person. */
  readonly unansweredSince?: string;
}

export interface TakerView {
  readonly taker: string;
  readonly name: string;
  readonly centres?: readonly string[];
  readonly seats: number;
  readonly used: number;
  readonly signedOnAt: string;
  readonly chats: readonly { chat: string; callId: string; centre: string; unansweredSince?: string }[];
}

export interface QueueLine {
  readonly centre: string;
  readonly length: number;
  /** Since when the one waits that has waited longest. */
  readonly oldest?: string;
}

export function takerView(state: QueueState, taker: Taker, unanswered: Unanswered): TakerView {
  const chats = heldBy(state, taker.taker);
  return {
    taker: taker.taker,
    name: taker.name,
    ...(taker.centres && { centres: taker.centres }),
    seats: taker.seats,
    used: chats.length,
    signedOnAt: isoTime(taker.signedOnAt),
    chats: chats.map(({ chat, callId, centre }) => ({
      chat,
      callId,
      centre,
      ...sinceOf(unanswered, chat),
    })),
  };
}

/** In their turn. */
export function waitingChats(
  state: QueueState,
  unanswered: Unanswered,
  centre: string | undefined,
): WaitingChat[] {
  return waiting(state, (each) => centre === undefined || each === centre).map((c) => ({
    chat: c.chat,
    callId: c.callId,
    centre: c.centre,
    startedAt: isoTime(c.startedAt),
    waitingSince: isoTime(c.waitingSince),
    transferred: c.transferred,
    ...sinceOf(unanswered, c.chat),
  }));
}

export function queueLine(state: QueueState, centre: string): QueueLine {
  let length = 0;
  let oldest = Number.POSITIVE_INFINITY;
  for (const c of state.chats.values()) {
    if (!isWaiting(c) || c.centre !== centre) continue;
    length++;
    oldest = Math.min(oldest, c.waitingSince);
  }
  return { centre, length, ...(length > 0 && { oldest: isoTime(oldest) }) };
}

function sinceOf(unanswered: Unanswered, chat: string): { unansweredSince?: string } {
  const since = unanswered.since(chat);
  return since === undefined ? {} : { unansweredSince: isoTime(since) };
}
