import { z } from 'zod';

/** What the OpenAPI document knows by a name. */
export const named = z.registry<{ id: string; description?: string }>();

const time = z.string().describe('RFC 3339, UTC');
const chatId = z.string().describe('Digest of Call Identifier, centre and sender');
const callIdOf = z.string().describe('Emergency Call Identifier (TS 103 698 6.1.2.7)');
const centreId = z.string().describe('User part of the URI of the centre');
const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();

const position = z
  .tuple([z.number(), z.number()])
  .readonly()
  .describe('[longitude, latitude], degrees, WGS 84');
const shape = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('point'), position }),
    z.object({ type: z.literal('circle'), center: position, radius: z.number() }),
    z.object({
      type: z.literal('ellipse'),
      center: position,
      semiMajor: z.number(),
      semiMinor: z.number(),
      orientation: z.number(),
    }),
    z.object({
      type: z.literal('arcband'),
      center: position,
      innerRadius: z.number(),
      outerRadius: z.number(),
      startAngle: z.number(),
      openingAngle: z.number(),
    }),
    z.object({ type: z.literal('polygon'), rings: list(list(position)) }),
  ])
  .register(named, { id: 'Shape', description: 'RFC 5491. Lengths in metres, angles in degrees from north' });

const civic = z
  .object({
    lang: z.string().optional(),
    elements: list(z.object({ name: z.string(), value: z.string(), uri: z.string().optional() })),
  })
  .register(named, { id: 'CivicAddress', description: 'RFC 5139, RFC 6848' });

const location = z
  .object({
    source: z.enum(['value', 'reference']),
    shapes: list(shape),
    civics: list(civic),
    timestamp: z.string().optional(),
  })
  .register(named, { id: 'Location' });

export const messageSchema = z
  .object({
    sequence: z.int().describe('Order in which it was recorded, from 1'),
    direction: z.enum(['in', 'out']),
    messageId: z.int().optional(),
    messageType: z.int().optional(),
    kind: z.string().describe('Name of the message type'),
    text: z.string().optional(),
    at: time,
    sender: z.string(),
    by: z.string().optional().describe('The call taker who said it'),
    locations: list(location).optional(),
    otherParts: list(
      z.object({
        part: z.int().describe('Its number among all parts, from 0'),
        contentType: z.string(),
        contentId: z.string().optional(),
        filename: z.string().optional(),
        bytes: z.int(),
      }),
    ).optional(),
    data: list(
      z.object({
        type: z.string(),
        source: z.enum(['value', 'provided-by', 'reference']),
        part: z.int().optional(),
        uri: z.string().optional(),
        fields: list(z.object({ name: z.string(), value: z.string() })),
        problem: z.string().optional(),
      }),
    )
      .optional()
      .describe('Additional data that came with it (RFC 7852)'),
    problems: list(z.string()).optional().describe('What was wrong with it'),
    marks: list(z.string())
      .optional()
      .describe('What was noted when it came: `gap`, `late`, `after-hand-over`'),
    imported: z.string().optional().describe('URI of the centre it came from in a transfer'),
    reasons: list(z.string()).optional(),
    history: list(z.string()).optional(),
    delivery: z.string().optional().describe('Of our own: `pending`, `delivered` or `failed`'),
  })
  .register(named, { id: 'Message' });

export const chatSchema = z
  .object({
    chat: chatId,
    callId: callIdOf,
    centre: centreId,
    caller: z.string().describe('URI that is answered'),
    sender: z.string(),
    service: z.string().optional().describe('Service URN asked for'),
    test: z.boolean(),
    startedAt: time,
    phase: z
      .string()
      .describe('`waiting`, `open`, `closed`, `transferring`, `handed-over`, `taking` or `declined`'),
    closedAt: time.optional(),
    madeUp: z.boolean().describe('The Call Identifier is ours, because the caller gave none'),
    taker: z.string().optional().describe('Who has it, or had it last'),
    incident: z.string().optional(),
    transferredFrom: z.string().optional(),
    handedTo: z.string().optional(),
    languages: list(z.string()).optional(),
    did: z.string().optional(),
    accessNetwork: z.string().optional(),
    source: z.string().optional().describe('What the border calls its source; a bad actor is reported by it'),
    unansweredSince: time.optional().describe('Since when the caller waits for a word of a person'),
  })
  .register(named, { id: 'Chat' });

export const chatWithMessagesSchema = chatSchema
  .extend({ messages: list(messageSchema).describe('In the order a person reads them') })
  .register(named, { id: 'ChatWithMessages' });

export const chatsSchema = z
  .object({ chats: list(chatSchema) })
  .register(named, { id: 'Chats', description: 'Newest first' });

export const noteSchema = z
  .object({
    note: z.string(),
    chat: chatId,
    at: time,
    by: z.string().optional(),
    text: z.string(),
    from: z.string().optional().describe('URI of the centre it came from in a transfer'),
  })
  .register(named, { id: 'Note' });

export const notesSchema = z
  .object({ notes: list(noteSchema) })
  .register(named, { id: 'Notes', description: 'Oldest first' });

export const transferSchema = z
  .object({
    transfer: z.string(),
    chat: chatId.optional(),
    callId: callIdOf,
    role: z.enum(['out', 'in']),
    from: z.string(),
    to: z.string(),
    reason: z.string().optional(),
    phase: z.string(),
    outcome: z.string().optional(),
    expiresAt: time.optional(),
  })
  .register(named, { id: 'Transfer', description: 'TS 103 698 6.2.6' });

export const transfersSchema = z
  .object({ transfers: list(transferSchema) })
  .register(named, { id: 'Transfers' });

export const waitingSchema = z
  .object({
    chat: chatId,
    callId: callIdOf,
    centre: centreId,
    startedAt: time,
    waitingSince: time,
    transferred: z.boolean().describe('It came from another centre'),
    unansweredSince: time.optional(),
  })
  .register(named, { id: 'WaitingChat' });

export const queueSchema = z.object({ length: z.int(), chats: list(waitingSchema) }).register(named, {
  id: 'Queue',
  description: 'In their turn: handed over from another centre first, then the oldest',
});

export const takerSchema = z
  .object({
    taker: z.string(),
    name: z.string(),
    centres: list(centreId).optional().describe('All of them if absent'),
    seats: z.int().describe('Chats held at once'),
    used: z.int(),
    signedOnAt: time,
    chats: list(
      z.object({ chat: chatId, callId: callIdOf, centre: centreId, unansweredSince: time.optional() }),
    ),
  })
  .register(named, { id: 'Taker' });

export const takersSchema = z.object({ takers: list(takerSchema) }).register(named, { id: 'Takers' });

export const snippetsSchema = z
  .object({
    snippets: list(z.object({ id: z.string(), text: z.string(), language: z.string().optional() })),
  })
  .register(named, { id: 'Snippets' });

export const centresSchema = z
  .object({
    centres: list(z.object({ id: centreId, uri: z.string(), name: z.string() })),
    acceptAny: z.boolean().describe('Every user of the domain is a centre'),
  })
  .register(named, { id: 'Centres' });

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe('Stable; see /api/problems'),
  })
  .register(named, { id: 'Problem', description: 'RFC 9457' });

const problemMeaning = z
  .object({ code: z.string(), status: z.int(), title: z.string(), meaning: z.string() })
  .register(named, { id: 'ProblemMeaning' });
export { problemMeaning as problemMeaningSchema };

export const problemMeaningsSchema = z
  .object({ problems: list(problemMeaning) })
  .register(named, { id: 'ProblemMeanings' });

/** TS 103 698 Annex C, as `parameterRegistry` of @esinet/lmpe makes it. */
export const registrySchema = z
  .object({
    specification: z.string(),
    messageTypes: list(
      z.object({
        value: z.int(),
        bits: z.string().describe('Sixteen of them'),
        name: z.string(),
        from: z.string(),
        meaning: z.string(),
        clause: z.string(),
      }),
    ),
    identifiers: list(
      z.object({
        name: z.string(),
        prefix: z.string().describe('As written'),
        purpose: z.string().describe('As written'),
        form: z.string(),
        clause: z.string(),
        prefixes: list(z.string()).describe('As read'),
        purposes: list(z.string()).describe('As read, in any case of letters'),
      }),
    ),
    testServices: list(z.object({ form: z.string(), example: z.string(), clause: z.string() })),
  })
  .register(named, { id: 'Registry' });

/** What requests carry. The desk judges the length of texts: it knows the limit. */
export const takerName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\w.@+-]+$/, 'letters, digits and . _ @ + -')
  .describe('A name for programs: letters, digits and . _ @ + -');
const text = z.string().min(1);
const by = takerName.optional().describe('Who does it; the header X-Taker says the same');
const target = z.string().min(1).max(2_048).describe('SIP URI of the other centre');
const centreQuery = z.string().min(1).max(256).describe('Only this centre');

export const idParameter = z
  .string()
  .min(1)
  .max(512)
  .describe('Identifier of the chat, or its Call Identifier (the newest chat of several)');

export const numberParameter = z.coerce
  .number()
  .pipe(z.int().min(0).max(1_000_000_000))
  .meta({ type: 'integer', minimum: 0 })
  .describe('As the message lists it');

export const sayBody = z
  .strictObject({
    text: text.optional().describe('Plain text of any language'),
    snippet: z.string().min(1).max(64).optional().describe('Name of a configured text, instead of `text`'),
    by,
  })
  .refine((b) => (b.text === undefined) !== (b.snippet === undefined), 'either text or snippet')
  .register(named, { id: 'Say', description: 'Either `text` or `snippet`' });

export const stopBody = z
  .strictObject({ text: z.string().optional().describe('Last words'), by })
  .register(named, { id: 'Stop' });
export const acceptBody = z.strictObject({ taker: takerName }).register(named, { id: 'WhoTakes' });
export const writeNoteBody = z.strictObject({ text, by }).register(named, { id: 'WriteNote' });
export const transferBody = z
  .strictObject({
    to: target,
    reason: z.string().max(1_000).optional().describe('For the other centre'),
    text: z.string().optional().describe('For the caller'),
    by,
  })
  .register(named, { id: 'StartTransfer' });
export const redirectBody = z
  .strictObject({ to: target, text: z.string().optional().describe('For the caller'), by })
  .register(named, { id: 'Redirect' });
export const callBackBody = z
  .strictObject({
    text,
    incident: z
      .boolean()
      .default(true)
      .describe('The incident still runs: the call has priority (RFC 7090). Else it is an ordinary message'),
    by,
  })
  .register(named, { id: 'CallBack' });
export const reportBadActorBody = z.strictObject({ by }).register(named, { id: 'ReportBadActor' });
export const badActorSchema = z
  .object({
    source: z.string().describe('The source identifier that was reported'),
    action: z.string().describe('`limit` or `block`; `unknown` where the border does not say'),
    until: time.optional(),
  })
  .register(named, { id: 'BadActor' });
export const decideBody = z.strictObject({ by }).register(named, { id: 'Decide' });
export const signOnBody = z
  .strictObject({
    name: z.string().min(1).max(200).describe('What colleagues read'),
    centres: z.array(z.string().min(1).max(256)).min(1).max(2_000).optional().describe('All if absent'),
    seats: z.int().min(1).max(1_000).optional().describe('Chats at once; default `psap.takers.seats`'),
  })
  .register(named, { id: 'SignOn' });

const count = (most: number, otherwise: number) =>
  z.coerce
    .number()
    .pipe(z.int().min(1).max(most))
    .default(otherwise)
    .meta({ type: 'integer', minimum: 1, maximum: most });

export const chatsQuery = z.strictObject({
  centre: centreQuery.optional(),
  phase: z.string().min(1).max(32).optional().describe('Only chats in this phase'),
  taker: takerName.optional().describe('Only chats of this call taker'),
  limit: count(1_000, 100).describe('Most chats to give'),
});
export const centreOnlyQuery = z.strictObject({ centre: centreQuery.optional() });
export const snippetsQuery = z.strictObject({
  language: z.string().min(2).max(35).optional().describe('BCP 47: what is of no language, and of this one'),
});
export const eventsQuery = z.strictObject({
  centre: centreQuery.optional(),
  lastEventId: z.string().max(96).optional().describe('Where the header Last-Event-ID cannot be set'),
});
