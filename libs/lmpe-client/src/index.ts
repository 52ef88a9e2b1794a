export type { FurtherLocation, Place } from './place.js';
export type { AppIncoming, AppLink, AppPart, AppRequest } from './app-link.js';
export {
  type AdditionalData,
  type DeviceInfo,
  type ProviderInfo,
  additionalDataOf,
} from './additional-data.js';
export {
  type AppLocation,
  type Attachment,
  type Introduction,
  additionalDataPieces,
  appRequest,
  locationOf,
  retentionMs,
} from './app-request.js';
export {
  ChatClient,
  type ChatClientOptions,
  type ChatMessage,
  type SendReport,
  appAttempts,
  appFirstPauseMs,
} from './chat-client.js';
export { CAP_CONTENT_TYPE, CAP_NS, type CapAlert, maxCapOctets, readCap } from './cap.js';
export { alertRequest } from './alert-request.js';
