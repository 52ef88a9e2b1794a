/** A place in degrees (WGS 84); a radius in metres makes it a circle. */
export interface Place {
  readonly lat: number;
  readonly lon: number;
  readonly radius?: number;
}

/**
 * A location beside the APP's own place (RFC 6442 4.1): a PIDF-LO somebody else made, as a LIS does, goes along by
 * value; a URI goes along as it is.
 */
export type FurtherLocation = { readonly pidfLo: string } | { readonly uri: string };
