import { setImmediate } from 'node:timers/promises';
import { isoTime } from '@esinet/kernel';
import type { EcrfLayers, ServedBoundary } from './layers.js';

/** Positions written before others get their turn, some milliseconds' work. */
const POSITIONS_AT_ONCE = 5_000;

/**
 * The boundaries as GeoJSON, for maps. Made when it is asked for, in slices, and kept by nobody. Of a set with more
 * positions than `maxPositions` only every so manieth is shown, which the collection says.
 */
export async function boundariesMap(layers: EcrfLayers, maxPositions: number): Promise<Buffer> {
  let total = 0;
  for (const index of layers.services.values()) total += index.vertices;
  const step = Math.max(1, Math.ceil(total / maxPositions));
  const slices: Buffer[] = [];
  let text = `{"type":"FeatureCollection",${step > 1 ? `"simplified":${step},` : ''}"features":[`;
  let written = 0;
  let isFirst = true;
  for (const served of layers.served.values()) {
    text += isFirst ? propertiesOf(served) : `,${propertiesOf(served)}`;
    isFirst = false;
    let between = '';
    for (const part of served.parts) {
      const { shape } = part;
      const rings = shape.type === 'polygon' ? shape.rings.map((ring) => thinned(ring, step)) : [];
      text += between + JSON.stringify(rings);
      between = ',';
      written += part.vertices / step;
      if (written < POSITIONS_AT_ONCE) continue;
      written = 0;
      slices.push(Buffer.from(text));
      text = '';
      await setImmediate();
    }
    text += served.isMulti ? ']}}' : '}}';
  }
  slices.push(Buffer.from(`${text}]}`));
  return Buffer.concat(slices);
}

/** A feature up to the polygons in its geometry. */
function propertiesOf({ boundary, lastUpdated, source, isMulti }: ServedBoundary): string {
  const { effective, expires, ...properties } = boundary;
  const told = JSON.stringify({
    ...properties,
    source,
    lastUpdated: isoTime(lastUpdated),
    ...(effective === undefined ? {} : { effective: isoTime(effective) }),
    ...(expires === undefined ? {} : { expires: isoTime(expires) }),
  });
  return `{"type":"Feature","id":${JSON.stringify(boundary.id)},"properties":${told},"geometry":{"type":"${isMulti ? 'MultiPolygon' : 'Polygon'}","coordinates":${isMulti ? '[' : ''}`;
}

/** Still closed, and still a ring. */
function thinned<T>(ring: readonly T[], step: number): readonly T[] {
  const every = Math.min(step, Math.max(1, Math.floor((ring.length - 1) / 3)));
  return every === 1 ? ring : ring.filter((_, i) => i % every === 0 || i === ring.length - 1);
}
