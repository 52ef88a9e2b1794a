/** GeoJSON rings (RFC 7946 3.1.6): positions [lon, lat], an altitude may follow. */
export type BoundaryRing = readonly (readonly number[])[];

export type BoundaryGeometry =
  | { readonly type: 'Polygon'; readonly coordinates: readonly BoundaryRing[] }
  | { readonly type: 'MultiPolygon'; readonly coordinates: readonly (readonly BoundaryRing[])[] };

/** Where a service is provided, by whom (NENA GIS data model, service boundary layer), without the shape of it. */
export interface BoundaryAttributes {
  /** NGUID. */
  readonly id: string;
  readonly serviceUri: string;
  readonly serviceUrn: string;
  readonly serviceNumber?: string;
  readonly displayName: string;
  readonly agencyId?: string;
  /** Wall-clock milliseconds. */
  readonly effective?: number;
  readonly expires?: number;
  /** BCP 47, of the display name. */
  readonly language?: string;
}

export interface ServiceBoundary extends BoundaryAttributes {
  readonly geometry: BoundaryGeometry;
}

/** The polygons of a boundary, each a list of rings. */
export function polygonsOf(geometry: BoundaryGeometry): readonly (readonly BoundaryRing[])[] {
  return geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
}
