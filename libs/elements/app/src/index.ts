export {
  type AdditionalData,
  type Attachment,
  ChatClient,
  type ChatMessage,
  type FurtherLocation,
  type Introduction,
  type Place,
  type SendReport,
  type CapAlert,
  additionalDataOf,
  appAttempts,
  appFirstPauseMs,
  readCap,
} from '@esinet/lmpe-client';
export { type Via, type WireMessage, reopenPauseMs, udpBodyOctets } from './link.js';
export {
  type OpenChatOptions,
  RegistrationError,
  type SentChat,
  openChat,
  openChatOverSockets,
  sendChat,
} from './open-chat.js';
export { type RegisterOptions, registrationPauseMs, registrationSeconds } from './registration.js';
export { parseDevice } from './device.js';
export { type Position, type PositionQuestion, askPosition } from './position.js';
export type { CivicAddress } from '@esinet/location';
export type { LocationValidation } from '@esinet/lost';
export { type ServicesAnswer, type WhereAnswer, type WhereQuestion, askServices, askWhere } from './where.js';
export {
  type LocationWatch,
  type WatchEnd,
  type WatchLocationOptions,
  type WatchedPosition,
  watchLocation,
} from './watch-location.js';
export { type SendAlertOptions, type SentAlert, sendAlert } from './send-alert.js';
export { answerTo, appLink } from './sip-link.js';
