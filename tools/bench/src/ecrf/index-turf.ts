import { booleanPointInPolygon } from '@turf/boolean-point-in-polygon';
import type { Position, ServiceBoundary } from '@esinet/location';

/**
 * What it is compared with: turf asked about every boundary, each with its bounding box, which turf looks at first;
 * `atBoxes` asks it only about boundaries whose box was found to hold the point by a loop of our own.
 */
export class TurfLookup {
  readonly #boxes: Float64Array;
  readonly #geometries: Parameters<typeof booleanPointInPolygon>[1][];

  constructor(private readonly boundaries: readonly ServiceBoundary[]) {
    this.#boxes = new Float64Array(boundaries.length * 4);
    boundaries.forEach(({ geometry }, n) => {
      const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
      let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
      for (const [x = 0, y = 0] of polygons.flatMap((rings) => rings[0] ?? [])) {
        minX = Math.min(minX, x);
        minY = Math.min(minY, y);
        maxX = Math.max(maxX, x);
        maxY = Math.max(maxY, y);
      }
      this.#boxes.set([minX, minY, maxX, maxY], n * 4);
    });
    this.#geometries = boundaries.map((b, n) => {
      const bbox = [...this.#boxes.subarray(n * 4, n * 4 + 4)];
      return { type: 'Feature', bbox, properties: {}, geometry: b.geometry } as never;
    });
  }

  at(p: Position): ServiceBoundary[] {
    return this.boundaries.filter((_, n) => booleanPointInPolygon([p[0], p[1]], this.#geometries[n]!));
  }

  atBoxes([x, y]: Position): ServiceBoundary[] {
    const found: ServiceBoundary[] = [];
    const boxes = this.#boxes;
    for (let n = 0; n < this.boundaries.length; n += 1) {
      const b = n * 4;
      if (x < boxes[b]! || x > boxes[b + 2]! || y < boxes[b + 1]! || y > boxes[b + 3]!) continue;
      if (booleanPointInPolygon([x, y], this.#geometries[n]!)) found.push(this.boundaries[n]!);
    }
    return found;
  }
}
