import { createHash } from 'node:crypto';
import {
  type BinaryObject,
  type HandoverItem,
  type LmpeRecord,
  type MessagingParty,
  type RecordLocation,
  type RecordPart,
  type Withheld,
  carried,
  fileName,
  lmpeRecordSchema,
  longString,
  qualifiedDateTime,
  qualifiedMicroseconds,
  shortString,
  timeOf,
  wgs84,
} from '@esinet/handover';
import { messageKind } from '@esinet/lmpe';
import { centroidOf, uncertaintyOf } from '@esinet/location';
import type { MessagePart, PartKind } from './message-parts.js';
import type { Authorisation, Category, Selected, Selector } from './model.js';
import type { MessageScope } from './selection.js';
import { canonicalUri } from './selectors.js';
import { type StoredChat, type StoredMessage, storedShapeSchema } from './stored-chats.js';

export interface MappingContext {
  readonly authorisation: Pick<Authorisation, 'categories'>;
  /** Which of the authorisation's selectors the chat was found by. */
  readonly selector: Selector;
  /** The chat's number within the reference, from 1. */
  readonly levelId: number;
  /** The message's place in it, from 0, over everything that is handed over under the reference. */
  readonly sequenceNumber: number;
  /** Body parts of the message as it was received. */
  readonly parts: readonly MessagePart[];
  /** URL of the object with this `cspDefinedIdentifier`, and until when it is there. */
  readonly objectUrl: (identifier: string) => { readonly url: string; readonly expiry: string };
}

/** One message as it is handed over: what was granted of it, and a mark for each thing that was not. */
export function mapMessage(
  message: StoredMessage,
  chat: StoredChat,
  scope: Exclude<MessageScope, 'outside'>,
  o: MappingContext,
): Selected {
  const wall = timeOf(message.at) ?? 0;
  const correlation = { levelId: o.levelId, sequenceNumber: o.sequenceNumber };
  const timestamp = qualifiedDateTime(wall);
  if (scope !== 'in-scope') {
    const record = { ...bare(message, wall), withheld: [{ what: 'message', reason: scope } as const] };
    return {
      item: { correlation, receivers: [], timestamp, objects: [], metadata: [csp(record)] },
      objects: new Map(),
    };
  }
  const granted = new Set(o.authorisation.categories);
  const withheld: Withheld[] = [];
  const taken: { object: BinaryObject; part: RecordPart; octets: Buffer; kind: PartKind; name?: string }[] =
    [];
  const parts: RecordPart[] = [];
  for (const part of o.parts) {
    const contentType = shortString(part.contentType);
    const contentId = part.contentId === undefined ? {} : { contentId: shortString(part.contentId) };
    const wanted =
      categoriesOf[part.kind].every((category) => granted.has(category)) &&
      (part.kind !== 'text' || part.repaired);
    if (!wanted) {
      if (part.kind !== 'text') {
        const what = part.kind === 'location' ? 'location' : 'part';
        withheld.push({ what, reason: 'not-in-scope', part: part.index });
      }
      if (granted.has('traffic') || granted.has('content'))
        parts.push({ index: part.index, contentType, ...contentId });
      continue;
    }
    const identifier = `${o.levelId}/${o.sequenceNumber}/${part.index}`;
    const name = part.filename === undefined ? undefined : fileName(part.filename);
    const object: BinaryObject = {
      ...o.objectUrl(identifier),
      contentLength: part.octets.length,
      contentType,
      checksum: createHash('sha256').update(part.octets).digest('hex'),
      ...(name !== undefined && { originalFilename: name }),
      cspDefinedIdentifier: identifier,
    };
    const listed: RecordPart = { index: part.index, contentType, ...contentId, object: identifier };
    parts.push(listed);
    const { octets, kind } = part;
    taken.push({ object, part: listed, octets, kind, ...(name !== undefined && { name }) });
  }
  const text = message.text === undefined ? undefined : carried(message.text);
  if (text && !granted.has('content')) withheld.push({ what: 'text', reason: 'not-in-scope' });
  const location = locationOf(message, taken);
  if (location && !granted.has('location') && !withheld.some(({ what }) => what === 'location')) {
    withheld.push({ what: 'location', reason: 'not-in-scope' });
  }
  const plain = o.parts.find(({ kind }) => kind === 'text');
  const textPart = plain?.index ?? 0;
  const repaired = text?.repaired === true || plain?.repaired === true;
  const record: LmpeRecord = {
    ...bare(message, wall),
    identities:
      granted.has('traffic') || granted.has('subscriber') ? identitiesOf(message, chat, granted) : [],
    ...(message.replyTo !== undefined && granted.has('traffic') && message.direction === 'in'
      ? { replyTo: longString(message.replyTo) }
      : {}),
    testCall: chat.test,
    texts:
      text && granted.has('content')
        ? [{ part: textPart, text: text.text, ...(repaired && { repaired: true }) }]
        : [],
    ...(location && granted.has('location') && { location }),
    parts,
    withheld,
  };
  const { sender, receivers } = partiesOf(message, chat, o.selector, granted);
  const item: HandoverItem = {
    correlation,
    sender,
    receivers,
    timestamp,
    objects: taken.map(({ object }) => object),
    metadata: [csp(record)],
  };
  const objects = new Map(
    taken.map(({ object, octets, kind, name }) => [
      object.cspDefinedIdentifier ?? '',
      {
        octets,
        contentType: object.contentType ?? 'application/octet-stream',
        kind,
        ...(name !== undefined && { name }),
      },
    ]),
  );
  return { item, objects };
}

/** What has to be granted, all of it, for a part to be handed over. */
export const categoriesOf: Readonly<Record<PartKind, readonly Category[]>> = {
  location: ['location'],
  subscriber: ['subscriber'],
  text: ['content'],
  other: ['content'],
  mixed: ['content', 'location', 'subscriber'],
};

/** What is said of every message: that it was there, when, and of which kind. */
function bare(message: StoredMessage, wall: number): LmpeRecord {
  const type = message.messageType ?? 0;
  const number = Number.isSafeInteger(type) && type > 0 ? type : 0;
  return {
    callId: longString(message.callId),
    ...(message.messageId !== undefined && { messageId: String(message.messageId) }),
    messageType: { number, label: messageKind(message.messageType) },
    direction: message.direction === 'in' ? 'fromCaller' : 'fromPsap',
    recordedTime: qualifiedMicroseconds(wall),
    identities: [],
    texts: [],
    parts: [],
    withheld: [],
  };
}

function csp(record: LmpeRecord): HandoverItem['metadata'][number] {
  return { schema: { identifier: lmpeRecordSchema }, record };
}

/** Names of the caller: what the network vouches for first. Those of call takers are never among them. */
function partiesOf(
  { direction, to }: StoredMessage,
  chat: StoredChat,
  selector: Selector,
  granted: ReadonlySet<Category>,
): { readonly sender: MessagingParty; readonly receivers: readonly MessagingParty[] } {
  const all = [...new Set([chat.caller, chat.sender])].filter((name) => name !== '').map(longString);
  // Other names of the caller are data of their own: without them being granted there is the one that the order says.
  const told = granted.has('traffic') || granted.has('subscriber');
  const names = told ? all : all.filter((name) => canonicalUri(name) === selector.value);
  const isTargetedParty =
    selector.kind === 'uri' && names.some((name) => canonicalUri(name) === selector.value);
  const caller: MessagingParty = {
    identifiers: names.length > 0 ? names : ['unknown'],
    ...(isTargetedParty && { isTargetedParty }),
  };
  const service = chat.service === undefined ? [] : [chat.service];
  const asked = direction === 'in' && to.startsWith('urn:service:') ? [to] : service;
  const centre: MessagingParty = { identifiers: [longString(asked[0] ?? 'urn:service:sos')] };
  return direction === 'in'
    ? { sender: caller, receivers: [centre] }
    : { sender: centre, receivers: [caller] };
}

function identitiesOf(
  message: StoredMessage,
  chat: StoredChat,
  granted: ReadonlySet<Authorisation['categories'][number]>,
): LmpeRecord['identities'] {
  if (message.direction === 'out') return [];
  const asserted = chat.caller !== chat.sender && chat.caller !== '' ? [chat.caller] : [];
  return [
    ...asserted.map((value) => ({ provenance: 'asserted' as const, value: longString(value) })),
    ...(message.sender === '' ? [] : [{ provenance: 'from' as const, value: longString(message.sender) }]),
    ...(chat.did !== undefined && granted.has('subscriber')
      ? [{ provenance: 'device' as const, value: longString(chat.did) }]
      : []),
  ];
}

function locationOf(
  message: StoredMessage,
  taken: readonly { readonly part: RecordPart }[],
): RecordLocation | undefined {
  const [first] = message.locations ?? [];
  if (!first) {
    const [uri] = message.locationReferences ?? [];
    // It is told where it could have been asked for; nobody asks at this time.
    return uri === undefined ? undefined : { conveyed: 'reference', uri: longString(uri) };
  }
  // A shape that is none is not told; the document is handed over as it was.
  const shape = storedShapeSchema.safeParse(first.shapes[0]).data;
  const centre = shape && centroidOf(shape);
  const point = centre && wgs84(centre[1], centre[0]);
  const uncertainty = shape && uncertaintyOf(shape);
  const time = first.timestamp === undefined ? undefined : timeOf(first.timestamp);
  const object = taken.find(({ part }) => part.contentType.startsWith('application/pidf+xml'))?.part.object;
  return {
    conveyed: first.source,
    ...(point && { point }),
    ...(uncertainty !== undefined && isOnEarth(uncertainty) && { uncertainty }),
    ...(time !== undefined && { time: qualifiedDateTime(time) }),
    ...(object !== undefined && { object }),
  };
}

/** Metres around a point: half a circumference of the earth is everywhere. */
function isOnEarth(metres: number): boolean {
  return metres >= 0 && metres <= 20_037_509;
}
