import { createHash } from 'node:crypto';
import {
  type BinaryObject,
  type HandoverItem,
  type MessageHeader,
  type PeerProfile,
  type SchemaValidator,
  type ValidationProblem,
  batchesOf,
  lmpeRecordSchemaText,
  qualifiedMicroseconds,
  unspecified,
  writeDeliverMessage,
} from '@esinet/handover';
import { type Result, err, ok } from '@esinet/kernel';
import { isInRange } from './in-force.js';
import { categoriesOf, mapMessage } from './map-record.js';
import { type PartKind, kindOf, messageParts } from './message-parts.js';
import type { Authorisation, Authority, Levels, Seal, SealedObject, Selected } from './model.js';
import type { FrozenMessage } from './snapshot.js';

export type { Levels } from './model.js';

export const noLevels: Levels = { byCallId: {}, nextSequence: 1 };

/** What a reviewer decided about one message of the snapshot, by its place in it. */
export interface ReviewDecision {
  readonly index: number;
  readonly withhold: 'message' | 'text' | 'parts' | 'location';
  readonly reason: 'third-party' | 'privileged' | 'reviewer';
}

export interface SealedDocument {
  readonly seal: Seal;
  readonly bytes: Buffer;
  readonly objects: ReadonlyMap<string, { readonly octets: Buffer; readonly contentType: string }>;
}

export type SealingProblem =
  | { readonly kind: 'invalid'; readonly problems: readonly ValidationProblem[] }
  /** The second look at what was built found something that was not granted. */
  | { readonly kind: 'beyond-the-order'; readonly message: string }
  | { readonly kind: 'nothing' };

/**
 * Builds the documents of a case from its snapshot, looks at them a second time without knowing how they were made, and
 * validates them. What comes out is what is approved and sent, byte by byte.
 */
export function sealed(
  messages: readonly FrozenMessage[],
  decisions: readonly ReviewDecision[],
  o: {
    readonly authorisation: Authorisation;
    readonly authority: Authority;
    readonly levels: Levels;
    readonly validator: SchemaValidator;
    readonly uuid: () => string;
    readonly wallMs: number;
    /** Until when an object can be fetched, RFC 3339 in whole seconds. */
    readonly expiry: string;
    /** Where objects are fetched from us, ending with a slash: Model A. */
    readonly objectsUrl: string;
    /** Whether the peer has seen our schema before. */
    readonly knowsSchema: boolean;
    /** Whether nothing follows under this reference. */
    readonly isLast: boolean;
    /** The delivery that it goes on with; a new one where there is none. */
    readonly deliveryId?: string;
  },
): Result<{ readonly documents: readonly SealedDocument[]; readonly levels: Levels }, SealingProblem> {
  const { authority, authorisation } = o;
  const { profile } = authority;
  const base = profile.binary === 'A' ? o.objectsUrl : (authority.objectsUrl ?? '');
  const byCallId = new Map<string, { readonly id: number; next: number }>(
    Object.entries(o.levels.byCallId).map(([callId, level]) => [callId, { ...level }]),
  );
  const selected: Selected[] = [];
  const objectIds = new Map<string, string>();
  for (const [index, frozen] of messages.entries()) {
    // The Call Identifier is somebody else's text: never the name of a member.
    const level = byCallId.get(frozen.chat.callId) ?? { id: byCallId.size + 1, next: 0 };
    byCallId.set(frozen.chat.callId, level);
    // Of what is not told at all there is nothing to withhold.
    const own = frozen.scope === 'in-scope' ? decisions.filter((decision) => decision.index === index) : [];
    const whole = own.find(({ withhold }) => withhold === 'message');
    const withheldParts = new Set(own.map(({ withhold }) => withhold));
    const mapped = mapMessage(frozen.message, frozen.chat, whole ? 'third-party' : frozen.scope, {
      authorisation,
      selector: frozen.selector,
      levelId: level.id,
      sequenceNumber: level.next,
      parts: messageParts(frozen.message.raw),
      objectUrl: (identifier) => {
        const id = o.uuid();
        objectIds.set(identifier, id);
        return { url: `${base}${id}${profile.binary === 'B' ? '/' : ''}`, expiry: o.expiry };
      },
    });
    level.next++;
    selected.push(reviewed(mapped, withheldParts, own));
  }
  if (selected.length === 0) return err({ kind: 'nothing' });
  const beyond = secondLook(selected, authorisation);
  if (beyond !== undefined) return err({ kind: 'beyond-the-order', message: beyond });
  const items = selected.map(({ item }) => item);
  const octets = new Map(selected.flatMap(({ objects }) => [...objects]));
  const wantsSchema =
    profile.schemaContent === 'always' || (profile.schemaContent === 'first' && !o.knowsSchema);
  const withSchema = wantsSchema ? withSchemaContent(items) : items;
  const batches = batchesOf(withSchema, {
    ...{
      profile,
      reference: authorisation.reference,
      objectId: o.uuid,
      deliveryId: o.deliveryId ?? o.uuid(),
    },
    ...{ firstSequence: o.levels.nextSequence, isLast: o.isLast },
  });
  const documents: SealedDocument[] = [];
  let nextSequence = o.levels.nextSequence;
  for (const { objects } of batches) {
    const transactionId = o.uuid();
    const header = headerFor(profile, transactionId, o.wallMs);
    const bytes = Buffer.from(writeDeliverMessage({ kind: 'deliver', header, objects }, profile));
    const valid = o.validator.validate(bytes);
    if (!valid.ok) return err({ kind: 'invalid', problems: valid.error });
    nextSequence += objects.length;
    const own = objects.flatMap((object) => object.items).flatMap((item) => item.objects);
    const sealedObjects = own.flatMap(({ cspDefinedIdentifier = '' }): [SealedObject, Buffer][] => {
      const found = octets.get(cspDefinedIdentifier);
      const id = objectIds.get(cspDefinedIdentifier);
      if (!found || id === undefined) return [];
      const { contentType } = found;
      return [[{ id, contentType, bytes: found.octets.length, digest: sha256(found.octets) }, found.octets]];
    });
    documents.push({
      bytes,
      seal: {
        id: o.uuid(),
        transactionId,
        objectIds: objects.map(({ objectId }) => objectId),
        digest: sha256(bytes),
        bytes: bytes.length,
        items: objects.reduce((sum, object) => sum + object.items.length, 0),
        objects: sealedObjects.map(([object]) => object),
      },
      objects: new Map(sealedObjects.map(([{ id, contentType }, own]) => [id, { octets: own, contentType }])),
    });
  }
  return ok({ documents, levels: { byCallId: Object.fromEntries(byCallId), nextSequence } });
}

/** TS 103 707 table 1 */
export function headerFor(profile: PeerProfile, transactionId: string, wallMs: number): MessageHeader {
  return {
    ...{ sender: profile.sender, receiver: profile.receiver, transactionId },
    timestamp: qualifiedMicroseconds(wallMs),
    version: {
      etsi: profile.etsiVersion,
      nationalProfileOwner: unspecified.profile,
      nationalProfileVersion: unspecified.profile,
    },
  };
}

/** What a reviewer withheld of a message that is handed over otherwise. */
function reviewed(
  { item, objects }: Selected,
  withhold: ReadonlySet<ReviewDecision['withhold']>,
  decisions: readonly ReviewDecision[],
): Selected {
  const whole = decisions.find((decision) => decision.withhold === 'message');
  if (whole) return { item: withReason(item, whole.reason), objects };
  if (withhold.size === 0) return { item, objects };
  const keeps = ({ cspDefinedIdentifier = '' }: BinaryObject): boolean => {
    const kind = objects.get(cspDefinedIdentifier)?.kind ?? 'mixed';
    return !keptBack[kind].some((what) => withhold.has(what));
  };
  const metadata = item.metadata.map((each) => {
    const { record } = each;
    if (!record) return each;
    const { location, ...rest } = record;
    const kept = new Set(item.objects.filter(keeps).map(({ cspDefinedIdentifier }) => cspDefinedIdentifier));
    return {
      ...each,
      record: {
        ...rest,
        texts: withhold.has('text') ? [] : record.texts,
        ...(location && !withhold.has('location') && { location }),
        parts: record.parts.map(({ object, ...part }) =>
          object !== undefined && kept.has(object) ? { ...part, object } : part,
        ),
        withheld: [
          ...record.withheld,
          ...decisions.map(({ withhold: what, reason }) => ({
            what: what === 'parts' ? ('part' as const) : (what as 'text' | 'location'),
            reason,
          })),
        ],
      },
    };
  });
  return {
    item: { ...item, objects: item.objects.filter(keeps), metadata },
    objects: new Map(
      [...objects].filter(([cspDefinedIdentifier]) => keeps({ url: '', cspDefinedIdentifier })),
    ),
  };
}

/** Which decisions keep an object back: the octets of a text are the text. */
const keptBack: Readonly<Record<PartKind, readonly ReviewDecision['withhold'][]>> = {
  text: ['text'],
  location: ['location'],
  subscriber: ['parts'],
  other: ['parts'],
  mixed: ['text', 'parts', 'location'],
};

/** A message that is withheld says why the reviewer did so. */
function withReason(item: HandoverItem, reason: ReviewDecision['reason']): HandoverItem {
  const metadata = item.metadata.map((each) =>
    each.record
      ? { ...each, record: { ...each.record, withheld: [{ what: 'message', reason } as const] } }
      : each,
  );
  return { ...item, metadata };
}

/** TS 103 707 4.2: a filter of its own over what was built. The first thing that was not granted, or undefined. */
export function secondLook(selected: readonly Selected[], authorisation: Authorisation): string | undefined {
  const granted = new Set(authorisation.categories);
  for (const { item, objects } of selected) {
    const record = item.metadata[0]?.record;
    if (!record) return 'a message without its record';
    if (!isInRange(record.recordedTime, authorisation)) return 'a message outside the range';
    if (!granted.has('content') && record.texts.length > 0) return 'text, which was not granted';
    if (!granted.has('location') && record.location) return 'a location, which was not granted';
    for (const { contentType = '' } of [...item.objects, ...objects.values()]) {
      const needed = categoriesOf[kindOf(contentType)];
      if (!needed.every((category) => granted.has(category)))
        return `an object of ${needed.join(', ')}, which was not granted`;
    }
    if (item.objects.length !== objects.size) return 'an object that is not among those that were made';
    const names = item.sender ? [item.sender, ...item.receivers] : [];
    const targeted = names.some(({ isTargetedParty }) => isTargetedParty);
    const byCall = authorisation.selectors.some(
      ({ kind, value }) => kind === 'call-id' && value === record.callId,
    );
    if (item.sender && !targeted && !byCall) return 'a chat that no selector names';
  }
  return undefined;
}

/** With the text of our schema in the first of them: once in a document is enough for who reads it. */
export function withSchemaContent(items: readonly HandoverItem[]): HandoverItem[] {
  const content = lmpeRecordSchemaText();
  return items.map((item, i) =>
    i > 0
      ? item
      : {
          ...item,
          metadata: item.metadata.map((each) => ({ ...each, schema: { ...each.schema, content } })),
        },
  );
}

export function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}
