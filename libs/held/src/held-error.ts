/** RFC 5985 section 6.3 and RFC 6155 section 7.3. */
export const HELD_ERROR_CODES = [
  'requestError',
  'xmlError',
  'generalLisError',
  'locationUnknown',
  'unsupportedMessage',
  'timeout',
  'cannotProvideLiType',
  'notLocatable',
  'badIdentifier',
] as const;

export type HeldErrorCode = (typeof HELD_ERROR_CODES)[number];

/** The protocol's own answer to what went wrong. The message quotes neither a location nor an identifier. */
export class HeldError extends Error {
  override readonly name = 'HeldError';

  constructor(
    readonly code: HeldErrorCode,
    message: string,
  ) {
    super(message);
  }
}
