import { z } from 'zod';
import { alertSchema } from '../alerts/alert-schemas.js';
import { chatSchema, messageSchema, named, noteSchema, takerSchema, transferSchema } from './schemas.js';

const at = z.string().describe('RFC 3339, UTC');

/** What every event of a kind carries, and the thing itself. */
function event<T extends z.ZodType>(id: string, data: T, description: string) {
  return z
    .object({
      at,
      chat: z.string().optional().describe('The chat it belongs to'),
      callId: z.string().optional(),
      centre: z.string().optional(),
      data,
    })
    .register(named, { id, description });
}

/** Events of the stream by their type. `ready` and `missed` carry nothing. */
export const eventSchemas = {
  ready: z.object({}).register(named, { id: 'ReadyEvent', description: 'The stream begins here' }),
  missed: z.object({}).register(named, {
    id: 'MissedEvent',
    description: 'What happened since Last-Event-ID is not kept: everything has to be fetched anew',
  }),
  chat: event('ChatEvent', chatSchema, 'A chat began, changed its phase, or has another call taker'),
  message: event(
    'MessageEvent',
    messageSchema,
    'Something was said; or, under the same `sequence` again, more became known of it, such as its delivery',
  ),
  note: event(
    'NoteEvent',
    z.union([
      z.object({ written: noteSchema }),
      z.looseObject({ note: z.string().describe('Such as `silent`, `gap`, `undelivered`') }),
    ]),
    'A colleague wrote something down, or the session noted something',
  ),
  transfer: event('TransferEvent', transferSchema, 'A transfer went on (TS 103 698 6.2.6)'),
  queue: event(
    'QueueEvent',
    z.object({
      centre: z.string(),
      length: z.int(),
      oldest: at.optional().describe('Since when the one waits that has waited longest'),
    }),
    'The queue of a centre changed',
  ),
  taker: event(
    'TakerEvent',
    takerSchema.extend({ signedOn: z.boolean() }),
    'A call taker signed on or off, took a chat or gave one back',
  ),
  alert: event('AlertEvent', alertSchema, 'A thing called (RFC 8876), or more became known of its alert'),
} as const;

export type EventSchemas = typeof eventSchemas;
