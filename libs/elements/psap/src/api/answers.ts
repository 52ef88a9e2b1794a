import type { Result } from '@esinet/kernel';
import type { z } from 'zod';
import type { DeskEvent } from '../desk.js';
import { type ChatRecord, isChatRecord } from '../message-record.js';
import { Problem, type ProblemCode } from './problem.js';
import { chatSchema } from './schemas.js';

/** The value, or the problem that says why there is none. @throws Problem */
export function valueOf<T>(result: Result<T, { readonly code: ProblemCode; readonly message: string }>): T {
  if (result.ok) return result.value;
  throw new Problem(result.error.code, result.error.message);
}

const chatFields = Object.keys(chatSchema.shape) as (keyof typeof chatSchema.shape)[];

/** What call takers see of a chat's record. */
export function shownChat(
  record: ChatRecord,
  unansweredSince: string | undefined,
): z.input<typeof chatSchema> {
  const all = { ...record, ...(unansweredSince !== undefined && { unansweredSince }) };
  const known = new Set<string>(chatFields);
  return Object.fromEntries(Object.entries(all).filter(([name]) => known.has(name))) as z.input<
    typeof chatSchema
  >;
}

/** An event as those who listen get it. */
export function shownEvent(
  event: DeskEvent,
  takers: { unansweredSince(chat: string): string | undefined },
): DeskEvent {
  const { type, chat, data } = event;
  if (type !== 'chat' || chat === undefined || !isChatRecord(data)) return event;
  return { ...event, data: shownChat(data, takers.unansweredSince(chat)) };
}
