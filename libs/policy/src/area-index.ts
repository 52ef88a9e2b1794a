import { createHash } from 'node:crypto';
import { type BoundaryGeometry, BoundaryIndex, type Shape } from '@esinet/location';

/** An area of a condition; two of one geometry have one key. */
export interface Area {
  readonly key: string;
  readonly geometry: BoundaryGeometry;
}

export function areaOfGeometry(geometry: BoundaryGeometry): Area {
  return { key: createHash('sha256').update(JSON.stringify(geometry)).digest('base64url'), geometry };
}

/** Which part of a location lies in which area. One index for all areas of a set: one look-up for a call. */
export class AreaIndex {
  readonly #index: BoundaryIndex;

  constructor(areas: Iterable<Area>) {
    const all = new Map([...areas].map((area) => [area.key, area.geometry]));
    this.#index = new BoundaryIndex(
      [...all].map(([id, geometry]) => ({ id, serviceUri: '', serviceUrn: '', displayName: '', geometry })),
    );
  }

  /** By the key of the area, more than 0 and at most 1; areas that are not touched are not in it. */
  sharesOf(shape: Shape): ReadonlyMap<string, number> {
    return new Map(this.#index.covering(shape).map(({ boundary, share }) => [boundary.id, share]));
  }
}
