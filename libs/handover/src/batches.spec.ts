import { describe, expect, it } from 'vitest';
import { batchesOf, halved } from './batches.js';
import { countingUuids, deliverMessage, profile111, profile151 } from './handover-fixture.js';
import type { PeerProfile } from './peer-profile.js';
import { readMessage } from './read-message.js';
import { seededItems } from './seeded-items.js';
import { SchemaValidator } from './validator.js';
import { writeDeliverMessage } from './write-message.js';

const validator = new SchemaValidator();
const reference = { kind: 'LIID', value: 'a-1' } as const;

function batches(profile: PeerProfile, count: number, seed = 1) {
  return batchesOf(seededItems(seed, count), {
    ...{ profile, reference, objectId: countingUuids(), firstSequence: 7, isLast: true },
    deliveryId: countingUuids()(),
  });
}

describe('batches', () => {
  it.each([
    ['collections', { ...profile151, maxItems: 10 }],
    ['single items', { ...profile111, maxItems: 10 }],
  ])('of %s number their objects on, and the last one says that it is', (_, profile) => {
    const made = batches(profile, 35);
    expect(made).toHaveLength(4);
    const objects = made.flatMap((batch) => batch.objects);
    expect(objects.map(({ sequenceNumber }) => sequenceNumber)).toEqual(objects.map((_each, i) => 7 + i));
    expect(objects.filter(({ lastSequence }) => lastSequence)).toEqual([objects.at(-1)]);
    expect(objects.flatMap(({ items }) => items)).toEqual(seededItems(1, 35));
  });

  it('stay below the agreed size, but for an item that is larger by itself', () => {
    const profile = { ...profile151, maxBytes: 40_000 };
    for (const { objects } of batches(profile, 60)) {
      const size = Buffer.byteLength(writeDeliverMessage(deliverMessage(objects), profile));
      if (objects.flatMap(({ items }) => items).length > 1) expect(size).toBeLessThanOrEqual(40_000);
    }
  });

  it('are divided in two until there is one item', () => {
    const [batch] = batches(profile151, 3);
    if (!batch) throw new Error('there is a batch');
    expect(halved(batch)?.map((half) => half.length)).toEqual([2, 1]);
    expect(
      halved({ objects: batch.objects.map((o) => ({ ...o, items: o.items.slice(0, 1) })) }),
    ).toBeUndefined();
  });

  it('nothing that people or programs write makes a document that is invalid, or that says something else', () => {
    for (let seed = 1; seed <= 6; seed++) {
      for (const profile of [profile151, profile111]) {
        for (const { objects } of batches(profile, 10, seed)) {
          const text = writeDeliverMessage(deliverMessage(objects), profile);
          const bytes = Buffer.from(text);
          expect(validator.validate(bytes), `seed ${seed}`).toEqual({ ok: true, value: undefined });
          const read = readMessage(bytes);
          if (!read.ok || read.value.kind !== 'deliver') throw new Error(`seed ${seed} is not read`);
          const told = read.value.objects.flatMap(({ items }) => items);
          const meant = objects.flatMap(({ items }) => items);
          expect(told.map(({ correlation }) => correlation)).toEqual(
            meant.map(({ correlation }) => correlation),
          );
          expect(told.map(({ metadata }) => metadata[0]?.record?.texts)).toEqual(
            meant.map(({ metadata }) => metadata[0]?.record?.texts),
          );
        }
      }
    }
  });
});
