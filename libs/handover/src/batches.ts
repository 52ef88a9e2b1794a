import type { DeliveryObject, HandoverItem, Reference } from './model.js';
import type { PeerProfile } from './peer-profile.js';
import { writeItems } from './write-item.js';

/** What one HI1Message will deliver. */
export interface Batch {
  readonly objects: readonly DeliveryObject[];
}

/** Octets of a message beside its objects, and of an object beside its items, at most. */
const envelopeBytes = 2_048;
const objectBytes = 1_024;

/**
 * Puts items into objects and objects into messages as the peer takes them: collections where it knows them, one item
 * an object where not, and no message over the agreed size. An item that is too large by itself gets a message of its
 * own: what the peer says to it (3022) is an answer too.
 */
export function batchesOf(
  items: readonly HandoverItem[],
  o: {
    readonly profile: PeerProfile;
    readonly reference: Reference;
    /** A new UUID for each object. */
    readonly objectId: () => string;
    readonly deliveryId: string;
    /** The number of the first object; 1 at the beginning of a reference. */
    readonly firstSequence: number;
    /** Whether nothing follows under this delivery. */
    readonly isLast: boolean;
  },
): Batch[] {
  const { profile } = o;
  const groups = grouped(items, profile);
  const count = profile.collections ? groups.length : items.length;
  let number = 0;
  const object = (own: readonly HandoverItem[]): DeliveryObject => ({
    objectId: o.objectId(),
    countryCode: profile.receiver.countryCode,
    owner: profile.receiver.uniqueIdentifier.slice(0, 255),
    reference: o.reference,
    deliveryId: o.deliveryId,
    sequenceNumber: o.firstSequence + number++,
    lastSequence: o.isLast && number === count,
    manifest: profile.manifest,
    items: own,
    asCollection: profile.collections,
  });
  return groups.map((group) => ({
    objects: profile.collections ? [object(group)] : group.map((item) => object([item])),
  }));
}

function grouped(items: readonly HandoverItem[], profile: PeerProfile): HandoverItem[][] {
  const groups: HandoverItem[][] = [];
  let bytes = 0;
  for (const item of items) {
    const own =
      Buffer.byteLength(writeItems([item], false, profile.namespace)) +
      (profile.collections ? 0 : objectBytes);
    const group = groups.at(-1);
    if (group && group.length < profile.maxItems && bytes + own + envelopeBytes <= profile.maxBytes) {
      group.push(item);
      bytes += own;
    } else {
      groups.push([item]);
      bytes = own + objectBytes;
    }
  }
  return groups;
}

/** What the peer found too large, in two halves; undefined where there is nothing to divide. */
export function halved(
  batch: Batch,
): readonly [readonly HandoverItem[], readonly HandoverItem[]] | undefined {
  const items = batch.objects.flatMap((object) => object.items);
  if (items.length < 2) return undefined;
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}
