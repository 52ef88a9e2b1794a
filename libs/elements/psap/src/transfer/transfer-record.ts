import type { Transferee, Transferor } from '@esinet/chat-transfer';
import { isoTime } from '@esinet/kernel';
import type { TransferView } from '../desk.js';

interface TransferHead {
  readonly version: 1;
  /** Its key in the collection `transfers`: begins with the time, so that the keys are in its order. */
  readonly transfer: string;
  /** Identifier of the centre of this process it belongs to. */
  readonly centre: string;
  /** RFC 3339 */
  readonly startedAt: string;
}

/** A chat of ours that goes elsewhere. */
export interface OutgoingTransfer extends TransferHead {
  readonly role: 'out';
  readonly chat: string;
  /** Sequence of the chat's record when it began: what was sent for it comes after. */
  readonly since: number;
  /** Text of the 266, if the call taker wrote one, and who that was. */
  readonly text?: string;
  readonly by?: string;
  readonly state: Transferor;
}

/** A chat of somebody else that comes here. */
export interface IncomingTransfer extends TransferHead {
  readonly role: 'in';
  /** Once its history is here. */
  readonly chat?: string;
  readonly by?: string;
  readonly state: Transferee;
}

/** One side of a transfer, as kept: everything that is needed to go on after a restart. */
export type TransferRecord = OutgoingTransfer | IncomingTransfer;

/** A key in the order of time that nobody can guess. */
export function transferKey(wallMs: number, token: string): string {
  return `${isoTime(wallMs)}-${token}`;
}

export function isTransferRecord(value: unknown): value is TransferRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'transfer' in value &&
    'state' in value &&
    typeof value.state === 'object'
  );
}

export function viewOf(record: TransferRecord): TransferView {
  const { transfer, role, chat, state } = record;
  const { callId, from, to, phase, reasonText } = state;
  const expires =
    phase === 'executing' || phase === 'asking' || phase === 'taking'
      ? state.executionExpiresAt
      : state.negotiationExpiresAt;
  return {
    transfer,
    ...(chat !== undefined && { chat }),
    callId,
    role,
    from,
    to,
    ...(reasonText !== undefined && { reason: reasonText }),
    phase,
    ...(state.reason !== undefined && { outcome: state.reason }),
    ...(expires !== undefined && { expiresAt: isoTime(expires) }),
  };
}
