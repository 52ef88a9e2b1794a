declare module 'topojson-client' {
  interface DecodedFeature {
    readonly id?: string | number;
    readonly properties: Readonly<Record<string, unknown>>;
    readonly geometry:
      | { readonly type: 'Polygon'; readonly coordinates: number[][][] }
      | { readonly type: 'MultiPolygon'; readonly coordinates: number[][][][] };
  }
  /** Decodes one object of a topology; a GeometryCollection becomes features. */
  export function feature(
    topology: unknown,
    object: unknown,
  ): { readonly features: readonly DecodedFeature[] };
}
