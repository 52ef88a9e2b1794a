import { createHash } from 'node:crypto';
import {
  type BoundaryAttributes,
  type PackedBoundaries,
  RingPacker,
  type ServiceBoundary,
  buffersOf,
  indexRings,
} from '@esinet/location';
import { normalServiceUrn } from './service-urn.js';

/** Octets of the key of a part: 128 bits (RFC 5222 5.6). */
export const KEY_OCTETS = 16;

/** What is kept of a boundary beside its geometry. */
export interface SetBoundary {
  readonly boundary: BoundaryAttributes;
  /** Wall milliseconds of its last change. */
  readonly lastUpdated: number;
  /** Place of its layer in the configuration. */
  readonly layer: number;
}

/** The boundaries of one service. Typed arrays beside the attributes: handed over by a worker without copying. */
export interface ServiceSet {
  readonly urn: string;
  readonly boundaries: readonly SetBoundary[];
  readonly packed: PackedBoundaries;
  /** KEY_OCTETS for each region. */
  readonly keys: Uint8Array;
  /** Regions in the order of their keys. */
  readonly keyOrder: Uint32Array;
}

/** Takes boundaries one by one and keeps of each only what is served. */
export class SetPacker {
  readonly #services = new Map<string, { packer: RingPacker; boundaries: SetBoundary[] }>();

  constructor(private readonly source: string) {}

  /** @throws RangeError beyond MAX_SET_POSITIONS */
  add({ geometry, ...boundary }: ServiceBoundary, lastUpdated: number, layer = 0): void {
    const urn = normalServiceUrn(boundary.serviceUrn);
    const service = this.#services.get(urn) ?? { packer: new RingPacker(), boundaries: [] };
    this.#services.set(urn, service);
    service.packer.add(geometry);
    service.boundaries.push({ boundary, lastUpdated, layer });
  }

  finish(): ServiceSet[] {
    return [...this.#services].map(([urn, { packer, boundaries }]) => {
      const packed = indexRings(packer.finish());
      const keys = keysOf(this.source, boundaries, packed);
      return { urn, boundaries, packed, keys, keyOrder: orderOf(keys) };
    });
  }
}

export function transferablesOf(sets: readonly ServiceSet[]): ArrayBuffer[] {
  return sets.flatMap(({ packed, keys, keyOrder }) => [
    ...buffersOf(packed),
    keys.buffer as ArrayBuffer,
    keyOrder.buffer as ArrayBuffer,
  ]);
}

export function keyOfRegion({ keys }: ServiceSet, region: number): string {
  return Buffer.from(keys.buffer, keys.byteOffset + region * KEY_OCTETS, KEY_OCTETS).toString('hex');
}

export function regionOfKey(set: ServiceSet, key: string): number | undefined {
  if (key.length !== KEY_OCTETS * 2 || !/^[0-9a-f]+$/.test(key)) return undefined;
  const wanted = Buffer.from(key, 'hex');
  let low = 0;
  let high = set.keyOrder.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const region = set.keyOrder[middle]!;
    const order = wanted.compare(set.keys, region * KEY_OCTETS, (region + 1) * KEY_OCTETS);
    if (order === 0) return region;
    if (order < 0) high = middle - 1;
    else low = middle + 1;
  }
  return undefined;
}

/**
 * RFC 5222 section 5.6: 128 bits, another key for another boundary. A digest of what it names instead of a drawn
 * number, so that every replica and every restart gives the same key and a client keeps what it has.
 */
function keysOf(
  source: string,
  boundaries: readonly SetBoundary[],
  packed: PackedBoundaries,
): Uint8Array<ArrayBuffer> {
  const { xy, firstRegion, firstRing, ringGiven, ringGivenSize } = packed;
  const keys = new Uint8Array((firstRegion.at(-1) ?? 0) * KEY_OCTETS);
  boundaries.forEach(({ boundary }, n) => {
    for (let region = firstRegion[n]!; region < firstRegion[n + 1]!; region += 1) {
      const sizes = ringGivenSize.subarray(firstRing[region], firstRing[region + 1]);
      const hash = createHash('sha256').update(JSON.stringify([source, boundary.id, [...sizes]]));
      for (let ring = firstRing[region]!; ring < firstRing[region + 1]!; ring += 1) {
        const start = ringGiven[ring]! * 2;
        hash.update(xy.subarray(start, start + ringGivenSize[ring]! * 2));
      }
      keys.set(hash.digest().subarray(0, KEY_OCTETS), region * KEY_OCTETS);
    }
  });
  return keys;
}

function orderOf(keys: Uint8Array): Uint32Array {
  const buffer = Buffer.from(keys.buffer, keys.byteOffset, keys.length);
  const order = Uint32Array.from({ length: keys.length / KEY_OCTETS }, (_, region) => region);
  return order.sort((a, b) =>
    buffer.compare(buffer, b * KEY_OCTETS, (b + 1) * KEY_OCTETS, a * KEY_OCTETS, (a + 1) * KEY_OCTETS),
  );
}
