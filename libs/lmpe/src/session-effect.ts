import type { MessageKind } from './message-type.js';

export type SessionTimer = 'heartbeat' | 'silence' | 'early' | 'gap' | 'stall';

/** Something a person should be told beside the texts. */
export type SessionNote =
  | { readonly type: 'note'; readonly note: PlainNote }
  /** Numbers that did not come in time. */
  | { readonly type: 'note'; readonly note: 'gap'; readonly missing: number };

export type PlainNote =
  | 'duplicate'
  | 'late' // shown after what follows it
  | 'reused-id'
  | 'held' // waits to be shown, since something is missing before it
  | 'released'
  | 'silent' // nothing heard for long; the chat stays open
  | 'heard-again'
  | 'inactive' // the APP went to the background
  | 'active'
  | 'unknown-type'
  | 'no-start' // a chat that did not begin with a start
  | 'repeated-start'
  | 'reopened'
  | 'after-stop'
  | 'refused-transfer' // a 265, 266 or 274 that is not taken: answered 403
  | 'heartbeat-paused'
  | 'queued'
  | 'refused' // asked for at a time when it cannot be done
  | 'undelivered'
  | 'stalled' // the APP has answered the 266: it waits for a 265
  | 'stall-failed' // it has not, or has refused to go elsewhere
  | 'after-hand-over' // came here after the chat went elsewhere
  | 'stalled-long' // no PSAP has taken the chat up for long
  | 'redirect-failed'
  | 'call-back'
  | 'transfer-lost'; // our 265 was refused: somebody else has the chat

/** What a session wants done, in order. */
export type SessionEffect =
  | {
      readonly type: 'send';
      /** URI the message goes to. */
      readonly to: string;
      readonly messageType: number;
      /** Absent in keep-alives (TS 103 698 6.2.5). */
      readonly messageId?: number;
      readonly text?: string;
      readonly withLocation: boolean;
      /** URI for a History-Info header (TS 103 698 6.2.7). */
      readonly historyInfo?: string;
      /** URI for the Reply-To header, where it is not the sender's own: the target of a redirect (6.2.7). */
      readonly replyTo?: string;
      /** A call-back (6.1.2.5): within an incident it is marked, outside it is not. */
      readonly callBack?: 'incident' | 'plain';
    }
  | { readonly type: 'set-timer'; readonly timer: SessionTimer; readonly ms: number }
  | { readonly type: 'cancel-timer'; readonly timer: SessionTimer }
  /** To be made durable before the message is answered (`in`) or sent (`out`, the next `send`). */
  | {
      readonly type: 'record';
      readonly direction: 'in' | 'out';
      readonly messageType?: number;
      readonly messageId?: number;
      readonly text?: string;
      /** Of a 274: where it sends the APP. */
      readonly replyTo?: string;
    }
  /** The status of the answer to what was received, where it is not 200. */
  | { readonly type: 'answer'; readonly status: number }
  | {
      readonly type: 'show';
      readonly sender: string;
      readonly kind: MessageKind;
      readonly messageId?: number;
      readonly text: string;
      /** Of the message it came in. */
      readonly reference: string;
      /** Shown behind a hole that was not filled in time, or after what follows it. */
      readonly mark?: 'gap' | 'late';
    }
  | { readonly type: 'phase'; readonly phase: string }
  | SessionNote;

/** The SIP status a session gives to what it received. */
export function answerOf(effects: readonly SessionEffect[]): number {
  for (const effect of effects) if (effect.type === 'answer') return effect.status;
  return 200;
}

export function note(name: PlainNote): SessionNote {
  return { type: 'note', note: name };
}

export interface SessionTiming {
  readonly heartbeatMs: number;
  readonly silenceMs: number;
  /** How long what follows a hole in the Message Identifiers waits to be shown. Default `gapMs`. */
  readonly gapMs?: number;
  /** Of the APP: how long texts wait for the PSAP that takes a chat up. Default `stallMs`. */
  readonly stallMs?: number;
}

/** A message overtaken by the next one is seldom two seconds late. */
export const gapMs = 2_000;

/** As long as a silence: whoever waits for a transfer is not kept without any PSAP for longer. */
export const stallMs = 60_000;

/**
 * TS 103 698 6.2.5 asks for a keep-alive at least every 20 s: the APP leaves room for a slow network, the PSAP for a
 * slow timer. Three missed ones make a silence.
 */
export const appTiming: SessionTiming = { heartbeatMs: 15_000, silenceMs: 60_000, gapMs, stallMs };
export const psapTiming: SessionTiming = { heartbeatMs: 19_000, silenceMs: 60_000, gapMs };

/** How long texts wait for the first message of the PSAP before they follow the start on its way. */
export const earlyTextMs = 5_000;

/** Texts that may wait for a PSAP; the oldest are sent first, what is over is refused. */
export const queuedTexts = 100;

/** Keep-alives into a silence before the PSAP rests until the caller is heard again (half an hour at 19 s). */
export const heartbeatsIntoSilence = 95;
