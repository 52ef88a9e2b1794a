import {
  type DeliverMessage,
  type DeliveryObject,
  type HandoverItem,
  type PeerProfile,
  type SchemaValidator,
  halved,
  readMessage,
  writeDeliverMessage,
  writeItems,
} from '@esinet/handover';
import { type Result, err, ok } from '@esinet/kernel';
import type { Seal, SealedObject } from './model.js';
import { headerFor, sha256, withSchemaContent } from './sealing.js';

/** A document in another envelope. */
export interface Resealed {
  readonly seal: Seal;
  readonly bytes: Buffer;
}

export interface ResealingContext {
  readonly profile: PeerProfile;
  readonly validator: SchemaValidator;
  readonly uuid: () => string;
  readonly wallMs: number;
}

/** `single`: there is nothing to divide. `altered`: it would not say the same. */
export type SplitProblem = 'single' | 'altered';

/**
 * The halves of a document that was too large (TS 103 120 Annex D 3022): the same items, in their order, each as it was
 * approved. A collection becomes two DeliveryObjects with numbers of their own; where each item is a DeliveryObject
 * anyway they are told in two messages and stay what they are.
 */
export function splitInTwo(
  seal: Seal,
  document: Buffer,
  o: ResealingContext,
): Result<readonly [Resealed, Resealed], SplitProblem> {
  const message = deliverMessageOf(document, o.profile);
  if (!message) return err('altered');
  const [first, second] = halvesOf(message, o.uuid) ?? [];
  if (!first || !second) return err('single');
  const withSchema = document.includes('<schemaContent>');
  const again = withSchema && o.profile.schemaContent === 'always';
  const parts = [resealed(first, seal, withSchema, o), resealed(second, seal, again, o)] as const;
  return saysTheSame(document, parts, o)
    ? ok([
        { ...parts[0], seal: objectsOf(parts[0], seal) },
        { ...parts[1], seal: objectsOf(parts[1], seal) },
      ])
    : err('altered');
}

/** A document behind a split one that was not sent yet: its numbers move on. */
export function renumbered(
  seal: Seal,
  document: Buffer,
  by: number,
  o: ResealingContext,
): Result<Resealed, SplitProblem> {
  const message = deliverMessageOf(document, o.profile);
  if (!message) return err('altered');
  const objects = message.objects.map((object) => ({
    ...object,
    sequenceNumber: (object.sequenceNumber ?? 0) + by,
  }));
  const moved = resealed(objects, seal, document.includes('<schemaContent>'), o);
  return saysTheSame(document, [moved], o) ? ok(moved) : err('altered');
}

function halvesOf(
  message: DeliverMessage,
  uuid: () => string,
): readonly [readonly DeliveryObject[], readonly DeliveryObject[]] | undefined {
  const [object] = message.objects;
  if (!object) return undefined;
  if (!object.asCollection) {
    const middle = Math.ceil(message.objects.length / 2);
    const later = message.objects.slice(middle);
    return later.length === 0 ? undefined : [message.objects.slice(0, middle), later];
  }
  const halves = halved(message);
  if (!halves) return undefined;
  const part = (items: readonly HandoverItem[], more: number, isLast: boolean): DeliveryObject => ({
    ...object,
    objectId: uuid(),
    sequenceNumber: (object.sequenceNumber ?? 0) + more,
    lastSequence: isLast && object.lastSequence === true,
    items,
  });
  return [[part(halves[0], 0, false)], [part(halves[1], 1, true)]];
}

function resealed(
  objects: readonly DeliveryObject[],
  seal: Seal,
  withSchema: boolean,
  { profile, uuid, wallMs }: ResealingContext,
): Resealed {
  const transactionId = uuid();
  const header = headerFor(profile, transactionId, wallMs);
  const bytes = written({ kind: 'deliver', header, objects }, withSchema, profile);
  return {
    bytes,
    seal: {
      ...{ id: uuid(), transactionId, objectIds: objects.map(({ objectId }) => objectId) },
      ...{ digest: sha256(bytes), bytes: bytes.length, objects: seal.objects },
      items: objects.reduce((sum, object) => sum + object.items.length, 0),
    },
  };
}

/** Those of the sealed objects that this part speaks of. */
function objectsOf({ seal, bytes }: Resealed, whole: Seal): Seal {
  const urls = itemsOf(bytes).flatMap((item) => item.objects.map(({ url }) => url));
  const named = (object: SealedObject): boolean => urls.some((url) => url.includes(object.id));
  return { ...seal, objects: whole.objects.filter(named) };
}

/** Read again, every item is there once, in its order and word by word, and nothing else is. */
function saysTheSame(
  document: Buffer,
  parts: readonly Resealed[],
  { profile, validator }: ResealingContext,
): boolean {
  const said = (items: readonly HandoverItem[]): string => writeItems(items, false, profile.namespace);
  return (
    said(itemsOf(document)) === said(parts.flatMap(({ bytes }) => itemsOf(bytes))) &&
    parts.every(({ bytes }) => deliverMessageOf(bytes, profile) && validator.validate(bytes).ok)
  );
}

function itemsOf(document: Buffer): HandoverItem[] {
  const read = readMessage(document);
  return read.ok && read.value.kind === 'deliver'
    ? read.value.objects.flatMap(({ items }) => [...items])
    : [];
}

/** Only where nothing of it was left unread: written again it is the same document, octet by octet. */
function deliverMessageOf(document: Buffer, profile: PeerProfile): DeliverMessage | undefined {
  const read = readMessage(document);
  if (!read.ok || read.value.kind !== 'deliver') return undefined;
  const again = written(read.value, document.includes('<schemaContent>'), profile);
  return again.equals(document) ? read.value : undefined;
}

function written(message: DeliverMessage, withSchema: boolean, profile: PeerProfile): Buffer {
  const [first, ...rest] = message.objects;
  const objects =
    first && withSchema ? [{ ...first, items: withSchemaContent(first.items) }, ...rest] : message.objects;
  return Buffer.from(writeDeliverMessage({ ...message, objects }, profile));
}
