/** Where a schema of ours is served: `…/chat-transfer/schemas/<name>.json`. */
export type SchemaName =
  'chattrnegrequ' | 'chattrnegresp' | 'chattrexerequ' | 'chattrexeresp' | 'chathistory';

const DRAFT = 'http://json-schema.org/draft-07/schema#';

/** TS 103 698 6.3.2, 6.3.3: the shortest expiry, in seconds. */
export const leastExpirySeconds = 10;

const callId = { type: 'string', description: 'Call Identifier of the chat' } as const;
const seconds = (of: string) =>
  ({ type: 'integer', minimum: leastExpirySeconds, description: `Seconds until ${of} is void` }) as const;

/**
 * The four documents of HTTP-3 (TS 103 698 Annex A), draft-07. Members that are not named here are allowed, as they
 * are there, and not kept.
 */
export const transferSchemas = {
  chattrnegrequ: {
    $schema: DRAFT,
    $id: '/chat-transfer/schemas/chattrnegrequ.json',
    title: 'Transfer negotiation, request',
    type: 'object',
    required: ['CallId', 'TransferFrom', 'TransferTo'],
    properties: {
      CallId: callId,
      TransferFrom: { type: 'string', description: 'SIP URI of the PSAP that has the chat' },
      TransferTo: { type: 'string', description: 'SIP URI of the PSAP that is asked to take it' },
      ReasonText: { type: 'string', description: 'Why, for people to read' },
    },
  },
  chattrnegresp: {
    $schema: DRAFT,
    $id: '/chat-transfer/schemas/chattrnegresp.json',
    title: 'Transfer negotiation, response',
    type: 'object',
    required: ['CallId', 'ExpiryTime', 'StatusCode'],
    properties: {
      CallId: callId,
      ExpiryTime: seconds('this consent'),
      StatusCode: { type: 'integer', enum: [202, 406], description: '202 accepted, 406 not acceptable' },
    },
  },
  chattrexerequ: {
    $schema: DRAFT,
    $id: '/chat-transfer/schemas/chattrexerequ.json',
    title: 'Transfer execution, request',
    type: 'object',
    required: ['CallId', 'MessageId', 'ExpiryTime'],
    properties: {
      CallId: callId,
      MessageId: {
        type: 'integer',
        minimum: 1,
        description: 'Message Identifier the transferor used last in this chat',
      },
      ExpiryTime: seconds('this request'),
      Data: { type: 'object', description: 'The chat so far: chathistory.json' },
    },
  },
  chattrexeresp: {
    $schema: DRAFT,
    $id: '/chat-transfer/schemas/chattrexeresp.json',
    title: 'Transfer execution, response',
    type: 'object',
    required: ['CallId', 'StatusCode'],
    properties: {
      CallId: callId,
      StatusCode: {
        type: 'integer',
        enum: [200, 503],
        description: '200: the chat was taken. 503: it was not, and will not be.',
      },
    },
  },
} as const satisfies Record<Exclude<SchemaName, 'chathistory'>, object>;

const text = { type: 'string' } as const;
const texts = { type: 'array', items: text } as const;
const time = { type: 'string', description: 'RFC 3339, UTC' } as const;

const historyMessage = {
  type: 'object',
  required: ['Direction', 'Sender', 'Reference', 'At'],
  properties: {
    Direction: { type: 'string', enum: ['in', 'out'], description: 'in: from the APP. out: from a PSAP.' },
    Sender: { type: 'string', description: 'URI it came from' },
    Reference: { type: 'string', description: 'Tells this message from all others of its sender' },
    At: time,
    MessageId: { type: 'integer', minimum: 0 },
    MessageType: { type: 'integer', minimum: 0, description: 'TS 103 698 6.2: 259 is in-chat' },
    Text: text,
    Centre: { type: 'string', description: 'URI of the PSAP that received or sent it' },
    Locations: { ...texts, description: 'PIDF-LO documents' },
    LocationUris: texts,
    Parts: {
      type: 'array',
      description: 'Attachments and other parts of the body, in their order',
      items: {
        type: 'object',
        required: ['ContentType', 'Bytes'],
        properties: {
          ContentType: text,
          ContentId: text,
          Bytes: { type: 'integer', minimum: 0 },
          Body: { type: 'string', description: 'base64; absent where it was left out for its size' },
        },
      },
    },
    Content: { type: 'string', description: 'Digest of text and parts, to know a message again' },
    Problems: { ...texts, description: 'What was wrong with it as received' },
  },
} as const;

const historyHead = {
  type: 'object',
  required: ['Version', 'AppUri', 'Sender', 'StartedAt', 'Centres', 'Messages'],
  properties: {
    Version: { type: 'integer', const: 1 },
    AppUri: { type: 'string', minLength: 1, description: 'SIP URI under which the APP is reached' },
    Sender: { type: 'string', description: 'URI the APP sends from' },
    Service: { type: 'string', description: 'Service URN of the start' },
    StartedAt: time,
    IncidentId: text,
    Centres: {
      ...texts,
      description: 'URIs of the PSAPs that had the chat, as in their Reply-To; the last is the transferor',
    },
    Languages: texts,
    Notes: {
      type: 'array',
      items: {
        type: 'object',
        required: ['At', 'By', 'Text'],
        properties: { At: time, By: text, Text: text },
      },
    },
    Omitted: { type: 'integer', minimum: 0, description: 'Bodies and texts left out for their size' },
  },
} as const;

/** `Data` of an execution request, version 1: documented in docs/chat-transfer.md. */
export const historySchema = {
  $schema: DRAFT,
  $id: '/chat-transfer/schemas/chathistory.json',
  title: 'Chat history, version 1',
  ...historyHead,
  properties: {
    ...historyHead.properties,
    Messages: { type: 'array', items: { $ref: '#/definitions/message' } },
  },
  definitions: { message: historyMessage },
} as const;

/** The same in two: a document with 100,000 wrong messages is not worth 100,000 sentences. */
export const historyParts = {
  head: { ...historyHead, properties: { ...historyHead.properties, Messages: { type: 'array' } } },
  message: historyMessage,
} as const;
