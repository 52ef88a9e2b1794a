export type LocationErrorCode = 'xml' | 'namespace' | 'no-location' | 'shape' | 'range' | 'srs';

/** Why there is no location. The message never quotes a coordinate or an address: they are personal data. */
export interface LocationError {
  readonly code: LocationErrorCode;
  readonly message: string;
}
