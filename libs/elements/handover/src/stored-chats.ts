import { z } from 'zod';

/**
 * Chats and messages as the PSAP keeps them, as far as a hand-over reads them. What is not as expected here is no record:
 * it is counted and told, never guessed.
 */
const shape = z.looseObject({ type: z.string() });

const position = z.tuple([z.number(), z.number()]).readonly();

/** A shape that can be reckoned with. One that cannot makes no message unreadable. */
export const storedShapeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('point'), position }),
  z.object({ type: z.literal('circle'), center: position, radius: z.number() }),
  z.object({
    ...{ type: z.literal('ellipse'), center: position },
    ...{ semiMajor: z.number(), semiMinor: z.number(), orientation: z.number() },
  }),
  z.object({
    ...{ type: z.literal('arcband'), center: position, innerRadius: z.number(), outerRadius: z.number() },
    ...{ startAngle: z.number(), openingAngle: z.number() },
  }),
  z.object({ type: z.literal('polygon'), rings: z.array(z.array(position).min(4)).min(1) }),
]);

export const storedMessageSchema = z.looseObject({
  version: z.literal(1),
  chat: z.string(),
  callId: z.string(),
  centre: z.string(),
  sequence: z.int().min(0),
  /** Order over all chats of the process that recorded it; older records have none. */
  ingress: z.int().min(0).optional(),
  at: z.string(),
  direction: z.enum(['in', 'out']),
  sender: z.string(),
  to: z.string(),
  messageId: z.number().optional(),
  messageType: z.number().optional(),
  kind: z.string(),
  text: z.string().optional(),
  replyTo: z.string().optional(),
  locations: z
    .array(
      z.looseObject({
        source: z.enum(['value', 'reference']),
        document: z.string(),
        shapes: z.array(shape),
        timestamp: z.string().optional(),
      }),
    )
    .optional(),
  locationReferences: z.array(z.string()).optional(),
  otherParts: z
    .array(
      z.looseObject({
        part: z.int(),
        contentType: z.string(),
        contentId: z.string().optional(),
        filename: z.string().optional(),
      }),
    )
    .optional(),
  /** The request as it was received, base64. */
  raw: z.string().optional(),
  /** Who took it in or sent it before the chat came here. */
  imported: z.string().optional(),
});

export type StoredMessage = z.infer<typeof storedMessageSchema>;

export const storedChatSchema = z.looseObject({
  version: z.literal(1),
  chat: z.string(),
  callId: z.string(),
  centre: z.string(),
  /** P-Asserted-Identity, else From. */
  caller: z.string(),
  /** From. */
  sender: z.string(),
  service: z.string().optional(),
  test: z.boolean(),
  startedAt: z.string(),
  phase: z.string().optional(),
  closedAt: z.string().optional(),
  did: z.string().optional(),
});

export type StoredChat = z.infer<typeof storedChatSchema>;
