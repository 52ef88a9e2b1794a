import Flatbush from 'flatbush';
import { buildGrid, type CellGrid } from './cell-grid.js';
import { RingPacker, type PackedRings } from './packed-rings.js';
import { Regions } from './regions.js';
import type { BoundaryGeometry } from './service-boundary.js';
import { buildSlabs, type SlabIndex } from './slab-index.js';

/**
 * All that is known of the geometries of a set of boundaries, coordinates and index, as typed arrays. Made in a worker
 * and handed over by transfer (`buffersOf`), a set of any size becomes a BoundaryIndex without work.
 */
export interface PackedBoundaries extends PackedRings, SlabIndex, CellGrid {
  /** Edges. */
  readonly vertices: number;
  /** A Flatbush of the extents of the regions; empty where there are none. */
  readonly tree: ArrayBuffer;
}

/** @throws RangeError beyond MAX_SET_POSITIONS */
export function packBoundaries(
  boundaries: Iterable<{ readonly geometry: BoundaryGeometry }>,
): PackedBoundaries {
  const packer = new RingPacker();
  for (const { geometry } of boundaries) packer.add(geometry);
  return indexRings(packer.finish());
}

export function indexRings(rings: PackedRings): PackedBoundaries {
  const slabs = buildSlabs(rings);
  const packed = { ...rings, ...slabs };
  let vertices = 0;
  for (const size of rings.ringSize) vertices += Math.max(0, size - 1);
  return {
    ...packed,
    ...buildGrid(packed, new Regions(packed)),
    vertices,
    tree: treeOf(slabs.boxes),
  };
}

function treeOf(boxes: Float64Array): ArrayBuffer {
  const count = boxes.length / 4;
  if (count === 0) return new ArrayBuffer(0);
  const tree = new Flatbush(count);
  for (let b = 0; b < boxes.length; b += 4) tree.add(boxes[b]!, boxes[b + 1]!, boxes[b + 2]!, boxes[b + 3]!);
  tree.finish();
  return tree.data as ArrayBuffer;
}

/** What to transfer so that nothing is copied. */
export function buffersOf(packed: PackedBoundaries): ArrayBuffer[] {
  return Object.values(packed).flatMap((part: unknown) => {
    if (part instanceof ArrayBuffer) return [part];
    return ArrayBuffer.isView(part) ? [part.buffer as ArrayBuffer] : [];
  });
}

/** Octets of coordinates and index together. */
export function bytesOf(packed: PackedBoundaries): number {
  return buffersOf(packed).reduce((sum, buffer) => sum + buffer.byteLength, 0);
}
