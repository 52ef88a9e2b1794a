import { createHash, randomUUID } from 'node:crypto';
import {
  type DeliveryObject,
  type HandoverItem,
  type PeerProfile,
  batchesOf,
  profileDefaults,
  qualifiedDateTime,
  qualifiedMicroseconds,
  writeDeliverMessage,
} from '@esinet/handover';

/** For specs: documents as a provider makes them. */
export const profiles: Record<'1.5.1' | '1.1.1', PeerProfile> = {
  '1.5.1': { ...profileDefaults['1.5.1'], ...one('1.5.1') },
  '1.1.1': { ...profileDefaults['1.1.1'], ...one('1.1.1') },
};

function one(specification: '1.5.1' | '1.1.1') {
  return { specification, sender: { countryCode: 'XX', uniqueIdentifier: 'psap-archive' } };
}

export const picture = Buffer.from('a picture of the stairs');

/** Messages of one chat; of each number in `pictures` one with a picture at `objectsUrl`. */
export function chat(
  count: number,
  o: { readonly pictures?: ReadonlyMap<number, string>; readonly first?: number } = {},
) {
  return Array.from({ length: count }, (_, i): HandoverItem => {
    const sequenceNumber = (o.first ?? 0) + i;
    const url = o.pictures?.get(sequenceNumber);
    return {
      correlation: { levelId: 1, sequenceNumber },
      sender: { identifiers: ['tel:+34600000001'], isTargetedParty: true },
      receivers: [{ identifiers: ['sip:madrid@esinet.lab'] }],
      timestamp: '2026-03-04T08:15:30Z',
      objects: url === undefined ? [] : [pictureAt(url)],
      metadata: [],
    };
  });
}

export function pictureAt(url: string): HandoverItem['objects'][number] {
  return {
    ...{ url, contentLength: picture.length, contentType: 'image/png' },
    expiry: qualifiedDateTime(Date.now() + 86_400_000),
    checksum: createHash('sha256').update(picture).digest('hex'),
    cspDefinedIdentifier: '1/0/1',
  };
}

/** Documents of these items, one after the other. */
export function documents(
  items: readonly HandoverItem[],
  o: {
    readonly profile?: PeerProfile;
    readonly firstSequence?: number;
    readonly isLast?: boolean;
    readonly change?: (object: DeliveryObject) => DeliveryObject;
  } = {},
): { readonly bytes: Buffer; readonly transactionId: string; readonly objectIds: readonly string[] }[] {
  const profile = o.profile ?? profiles['1.5.1'];
  const reference =
    profile.reference === 'LDID'
      ? ({ kind: 'LDID', value: 'ES-LAB-42' } as const)
      : ({ kind: 'LIID', value: 'LAB42' } as const);
  const batches = batchesOf(items, {
    ...{ profile, reference, objectId: randomUUID, deliveryId: randomUUID() },
    ...{ firstSequence: o.firstSequence ?? 1, isLast: o.isLast ?? true },
  });
  return batches.map(({ objects }) => {
    const transactionId = randomUUID();
    const header = {
      ...{ sender: profile.sender, receiver: profile.receiver, transactionId },
      timestamp: qualifiedMicroseconds(Date.now()),
      version: { etsi: profile.etsiVersion, nationalProfileOwner: 'N/A', nationalProfileVersion: 'N/A' },
    };
    const changed = objects.map((object) => o.change?.(object) ?? object);
    const text = writeDeliverMessage({ kind: 'deliver', header, objects: changed }, profile);
    return { bytes: Buffer.from(text), transactionId, objectIds: changed.map(({ objectId }) => objectId) };
  });
}
