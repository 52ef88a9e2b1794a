/** RFC 5222 section 13.1. */
export const LOST_ERROR_CODES = [
  'badRequest',
  'forbidden',
  'internalError',
  'locationProfileUnrecognized',
  'locationInvalid',
  'SRSInvalid',
  'loop',
  'notFound',
  'serverError',
  'serverTimeout',
  'serviceNotImplemented',
] as const;

export type LostErrorCode = (typeof LOST_ERROR_CODES)[number];

/** The protocol's own answer to what went wrong. The message never quotes a location. */
export class LostError extends Error {
  override readonly name = 'LostError';

  /** `source`: the server that raised it, '' until a server puts its name there. */
  constructor(
    readonly code: LostErrorCode,
    message: string,
    readonly source = '',
    readonly unsupportedProfiles?: readonly string[],
  ) {
    super(message);
  }
}
