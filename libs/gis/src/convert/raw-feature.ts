/** A feature on its way from one form to another: what it says, and a GeoJSON geometry as it came. */
export interface RawFeature {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly geometry: unknown;
}

/** The polygons of a geometry whose rings are lists; none of what is broken. */
export function polygonsOfRaw({ geometry }: RawFeature): number[][][][] {
  if (typeof geometry !== 'object' || geometry === null) return [];
  const { type, coordinates } = geometry as { readonly type?: unknown; readonly coordinates?: unknown };
  const polygons: unknown = type === 'Polygon' ? [coordinates] : type === 'MultiPolygon' ? coordinates : [];
  if (!Array.isArray(polygons)) return [];
  return (polygons as unknown[]).flatMap((rings) => (Array.isArray(rings) ? [ringsOf(rings)] : []));
}

function ringsOf(rings: readonly unknown[]): number[][][] {
  return rings.flatMap((ring) => (Array.isArray(ring) ? [(ring as unknown[]).filter(isPosition)] : []));
}

function isPosition(value: unknown): value is number[] {
  return Array.isArray(value) && Number.isFinite(value[0]) && Number.isFinite(value[1]);
}
