import type { ArrivalNote } from './arrivals.js';
import type { MessageKind } from './message-type.js';

export type SessionTimer = 'heartbeat' | 'silence' | 'early';

/** Something a person should be told beside the texts. */
export type SessionNote =
  | ArrivalNote
  | {
      readonly type: 'note';
      readonly note:
        | 'silent' // nothing heard for long; the chat stays open
        | 'heard-again'
        | 'inactive' // the APP went to the background
        | 'active'
        | 'unknown-type'
        | 'no-start' // a chat that did not begin with a start
        | 'repeated-start'
        | 'reopened'
        | 'after-stop'
        | 'refused-transfer'
        | 'heartbeat-paused'
        | 'queued'
        | 'refused' // said at a time when nothing can be sent
        | 'undelivered';
    };

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
    }
  | {
      readonly type: 'show';
      readonly sender: string;
      readonly kind: MessageKind;
      readonly messageId?: number;
      readonly text: string;
    }
  | { readonly type: 'phase'; readonly phase: string }
  | SessionNote;

export interface SessionTiming {
  readonly heartbeatMs: number;
  readonly silenceMs: number;
}

/**
 * TS 103 698 6.2.5 asks for a keep-alive at least every 20 s: the APP leaves room for a slow network, the PSAP for a
 * slow timer. Three missed ones make a silence.
 */
export const appTiming: SessionTiming = { heartbeatMs: 15_000, silenceMs: 60_000 };
export const psapTiming: SessionTiming = { heartbeatMs: 19_000, silenceMs: 60_000 };

/** How long texts wait for the first message of the PSAP before they follow the start on its way. */
export const earlyTextMs = 5_000;

/** Texts that may wait for a PSAP; the oldest are sent first, what is over is refused. */
export const queuedTexts = 100;

/** Keep-alives into a silence before the PSAP rests until the caller is heard again (half an hour at 19 s). */
export const heartbeatsIntoSilence = 95;
