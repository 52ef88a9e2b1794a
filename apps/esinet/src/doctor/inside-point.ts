type Ring = readonly (readonly number[])[];

/** A position within the largest polygon of a GeoJSON Polygon or MultiPolygon: the middle of its widest part at half height. */
export function insidePoint(geometry: unknown): { readonly lon: number; readonly lat: number } | undefined {
  const { type, coordinates } = (geometry ?? {}) as {
    readonly type?: string;
    readonly coordinates?: unknown;
  };
  const polygons = (
    type === 'Polygon' ? [coordinates] : type === 'MultiPolygon' ? coordinates : []
  ) as readonly (readonly Ring[])[];
  let best: { lon: number; lat: number; width: number } | undefined;
  for (const rings of polygons) {
    const [outer] = rings;
    if (!outer || outer.length < 4) continue;
    const lats = outer.map(([, lat]) => lat!);
    const [least, most] = [Math.min(...lats), Math.max(...lats)];
    // Not at a height where many outlines have a corner.
    const lat = least + (most - least) * 0.4871;
    const crossings = rings.flatMap((ring) => crossingsOf(ring, lat)).sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const width = crossings[i + 1]! - crossings[i]!;
      if (!best || width > best.width) best = { lon: crossings[i]! + width / 2, lat, width };
    }
  }
  return best && { lon: best.lon, lat: best.lat };
}

function crossingsOf(ring: Ring, lat: number): number[] {
  const found: number[] = [];
  for (let i = 0; i + 1 < ring.length; i++) {
    const [x1, y1] = ring[i]!;
    const [x2, y2] = ring[i + 1]!;
    if (y1! > lat !== y2! > lat) found.push(x1! + ((lat - y1!) / (y2! - y1!)) * (x2! - x1!));
  }
  return found;
}
