import { type TransferTiming, transferTiming } from './transfer-timing.js';

/**
 * - `negotiating`: the transferee is asked whether it would
 * - `negotiated`: it would; nothing has happened to the chat yet
 * - `stalling`: 266 is on its way to the APP
 * - `executing`: the APP waits, the transferee is asked to take the chat
 * - `asking`: the execution expired; the transferee is asked once more what became of it
 * - `reactivating`: our own 265 is on its way to the APP
 * - `done`: the APP is with the transferee. Messages that it does not have yet are still passed on.
 * - `failed`: the chat is ours
 */
export type TransferorPhase =
  'negotiating' | 'negotiated' | 'stalling' | 'executing' | 'asking' | 'reactivating' | 'done' | 'failed';

export type TransferFailureReason =
  | 'declined'
  | 'no-answer'
  | 'negotiation-expired'
  | 'stall-failed'
  | 'execution-declined'
  | 'execution-expired'
  | 'refused-by-both'
  | 'app-unreachable'
  | 'cancelled'
  | 'closed'
  | 'restarted';

/**
 * What is known of the transferee: nothing was asked of it; it may have taken the chat; it has not and never will; it
 * has.
 */
export type TransfereeVerdict = 'none' | 'unknown' | 'no' | 'yes';

/** The transferor's side of one transfer. Plain data: this is what is persisted. Times are wall milliseconds. */
export interface Transferor {
  readonly role: 'transferor';
  readonly phase: TransferorPhase;
  readonly reason?: TransferFailureReason;
  readonly callId: string;
  /** SIP URIs of the two PSAPs. */
  readonly from: string;
  readonly to: string;
  readonly reasonText?: string;
  /** The Message Identifier of the 266: the last one used. */
  readonly messageId?: number;
  readonly negotiationExpiresAt?: number;
  readonly executionExpiresAt?: number;
  readonly verdict: TransfereeVerdict;
  /** Sequences of the chat's record: the last one made, and the last one known to be with the transferee. */
  readonly recorded: number;
  readonly passed: number;
  /** Number of the execution request sent last. */
  readonly attempt: number;
  /** That one was neither answered nor given up. */
  readonly asking: boolean;
  /** Failed in a row. */
  readonly failures: number;
  /** When our 265 went out first; until when it is tried. */
  readonly reactivatedAt?: number;
  /** When the chat was handed over. */
  readonly doneAt?: number;
  /** The last outcome of our 265 said nothing. */
  readonly unheard: boolean;
  /** `keep` or `hand-over` may not have been done yet: a restart asks for it again. */
  readonly confirming: boolean;
  /** The chat ended meanwhile: there is nothing to re-activate. */
  readonly closed: boolean;
  readonly timing: TransferTiming;
}

export type TransferorTimer = 'negotiation' | 'stall' | 'expiry' | 'ask' | 'retry' | 'again';

/** `at` is the wall time of the event in milliseconds. */
export type TransferorEvent =
  /** The negotiation was answered; `status` is absent where no valid answer came. */
  | {
      readonly type: 'negotiated';
      readonly at: number;
      readonly status?: 202 | 406;
      readonly expiryTime?: number;
    }
  /** Go on with what was negotiated. */
  | { readonly type: 'begin'; readonly at: number }
  /** The call taker changed their mind. Counts until the 266 is sent. */
  | { readonly type: 'cancel'; readonly at: number }
  /** What became of the 266: `status` 0 if nothing came until the outbox gave up. */
  | { readonly type: 'stalled'; readonly at: number; readonly status: number; readonly messageId: number }
  /** An execution request was answered; `status` is absent where no valid answer came. Echo the effect. */
  | {
      readonly type: 'executed';
      readonly at: number;
      readonly attempt: number;
      readonly upTo: number;
      readonly status?: 200 | 503;
      /** No valid answer, and there will be none: the peer refuses us (HTTP 4xx). */
      readonly final?: boolean;
    }
  /** What became of our 265: `status` 0 if nothing came until the outbox gave up. */
  | { readonly type: 'reactivated'; readonly at: number; readonly status: number }
  /** The chat's record grew to this sequence by a message of the APP. */
  | { readonly type: 'recorded'; readonly at: number; readonly sequence: number }
  /** The APP ended the chat. */
  | { readonly type: 'closed'; readonly at: number }
  | { readonly type: 'timer'; readonly at: number; readonly timer: TransferorTimer }
  /** The process was started again; `recorded` is the last sequence of the chat's record. No timer runs. */
  | { readonly type: 'restored'; readonly at: number; readonly recorded: number };

/**
 * In their order; what comes after `persist` waits until the new state is durable. After a restart `stall`,
 * `reactivate` and `hand-over` come again: each one does nothing that was done, and says the outcome if it is known.
 */
export type TransferorEffect =
  | { readonly type: 'persist' }
  | { readonly type: 'negotiate' }
  /** Send 266 (PsapEvent `transfer`), unless it is recorded; tell `stalled`. */
  | { readonly type: 'stall' }
  /**
   * Send an execution request, with the whole history in `Data` or without any; tell `executed` with `attempt` and
   * `upTo`. Without a history the request only asks what became of it: it makes nobody take a chat.
   */
  | {
      readonly type: 'execute';
      readonly messageId: number;
      readonly expiryTime: number;
      readonly history: boolean;
      readonly attempt: number;
      readonly upTo: number;
    }
  /**
   * The chat is ours again: send 265 (PsapEvent `reactivate`), the same one if it is recorded; tell `reactivated`.
   * Where no 266 was recorded there is nothing to take back: tell 200.
   */
  | { readonly type: 'reactivate' }
  /** The chat is ours after all and no 265 is wanted: our own was refused as the APP does not wait. */
  | { readonly type: 'keep' }
  /** The APP is with the transferee (PsapEvent `handed-over`); a 265 of ours that waits is withdrawn. */
  | { readonly type: 'hand-over' }
  /** Messages that the transferee should have were not passed on for too long: they are in our record alone. */
  | { readonly type: 'lost' }
  | { readonly type: 'set-timer'; readonly timer: TransferorTimer; readonly ms: number }
  | { readonly type: 'cancel-timers' };

export type TransferorStep = [Transferor, TransferorEffect[]];

export function newTransferor(o: {
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly reasonText?: string;
  /** Last sequence of the chat's record. */
  readonly recorded: number;
  readonly timing?: Partial<TransferTiming>;
}): [Transferor, TransferorEffect[]] {
  const state: Transferor = {
    role: 'transferor',
    phase: 'negotiating',
    callId: o.callId,
    from: o.from,
    to: o.to,
    ...(o.reasonText !== undefined && { reasonText: o.reasonText }),
    verdict: 'none',
    recorded: o.recorded,
    passed: 0,
    attempt: 0,
    asking: false,
    failures: 0,
    unheard: false,
    confirming: false,
    closed: false,
    timing: { ...transferTiming, ...o.timing },
  };
  return [state, [{ type: 'persist' }, { type: 'negotiate' }]];
}
