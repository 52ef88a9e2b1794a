export * from './messages.js';
export { LOST_ERROR_CODES, LostError, type LostErrorCode } from './lost-error.js';
export { MAX_PATH, readLostRequest } from './read-request.js';
export { lostAnswerTo } from './answer-to.js';
export { readLostAnswer } from './read-answer.js';
export { writeLostRequest } from './write-request.js';
export { writeLostAnswer } from './write-answer.js';
export {
  LOST_MAX_ANSWER_BYTES,
  LOST_TIMEOUT_MS,
  type HttpLostClientOptions,
  type LostClient,
  type LostClientError,
  httpLostClient,
} from './http-lost-client.js';
export {
  type DiscoveryLimits,
  LostDiscovery,
  type LostDns,
  type LostRule,
  type NaptrRecord,
  defaultDiscoveryLimits,
  lostRule,
  nodeLostDns,
} from './discover-server.js';
export { guardedLookup, isInnerAddress } from './address-policy.js';
export * from './sync-messages.js';
export { readSyncAnswer, readSyncRequest } from './read-sync.js';
export { writeSyncAnswer, writeSyncRequest } from './write-sync.js';
export { type HttpSyncClientOptions, type SyncClient, httpSyncClient } from './http-sync-client.js';
