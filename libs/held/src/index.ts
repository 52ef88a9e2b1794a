export * from './messages.js';
export { HELD_ERROR_CODES, HeldError, type HeldErrorCode } from './held-error.js';
export { canonicalAddress, identityKey, readDevice } from './device-identity.js';
export { identitiesOfFlow, readFlow } from './flow-identity.js';
export {
  AUTH_POLICY_CONTENT_TYPE,
  CIVIC_LEVELS,
  type CivicLevel,
  type PolicyGrant,
  type PolicyRule,
  policyGrant,
  readPolicy,
  writeDefaultPolicy,
} from './common-policy.js';
export { readHeldAnswer, readHeldRequest } from './read.js';
export { writeHeldAnswer, writeHeldRequest } from './write.js';
export { dereferenceRequest, locationIn } from './answered-location.js';
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
