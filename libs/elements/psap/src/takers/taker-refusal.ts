import { type Result, err } from '@esinet/kernel';
import type { QueueRefusal } from './queue.js';

/** Why a call taker did not get what was asked for. */
export interface TakerRefusal {
  readonly code: QueueRefusal | 'not-found' | 'not-stored' | 'too-many-takers' | 'no-speaker';
  readonly message: string;
}

const sentences: Readonly<Record<QueueRefusal, string>> = {
  'not-signed-on': 'this call taker is not signed on',
  'not-in-queue': 'the chat does not wait for a call taker',
  'queue-empty': 'no chat waits',
  taken: 'another call taker has the chat',
  'no-seat': 'the call taker has as many chats as seats',
  'other-centre': 'the call taker does not answer for this centre',
  'not-yours': 'the call taker does not have this chat',
};

export function refusalOf(code: QueueRefusal): TakerRefusal {
  return { code, message: sentences[code] };
}

export function refused(code: QueueRefusal): Result<never, TakerRefusal>;
export function refused(code: TakerRefusal['code'], message: string): Result<never, TakerRefusal>;
export function refused(code: TakerRefusal['code'], message?: string): Result<never, TakerRefusal> {
  return err({ code, message: message ?? sentences[code as QueueRefusal] });
}

export function notStored(): Result<never, TakerRefusal> {
  return refused('not-stored', 'it cannot be recorded now');
}
