export * from './messages.js';
export { HELD_ERROR_CODES, HeldError, type HeldErrorCode } from './held-error.js';
export { canonicalAddress, identityKey, readDevice } from './device-identity.js';
export { readHeldAnswer, readHeldRequest } from './read.js';
export { writeHeldAnswer, writeHeldRequest } from './write.js';
export { isAllowedHost } from './allowed-hosts.js';
export {
  HELD_MAX_ANSWER_BYTES,
  HELD_TIMEOUT_MS,
  PIDF_LO_MAX_BYTES,
  type HeldClient,
  type HeldClientError,
  type HttpHeldClientOptions,
  httpHeldClient,
} from './http-held-client.js';
