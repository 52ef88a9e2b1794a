export {
  ChatClient,
  type ChatMessage,
  type SendReport,
  appAttempts,
  appFirstPauseMs,
} from './chat-client.js';
export { type Place, chatRequest } from './chat-request.js';
export type { Via, WireMessage } from './link.js';
export { type OpenChatOptions, RegistrationError, type SentChat, openChat, sendChat } from './open-chat.js';
export { type RegisterOptions, registrationPauseMs, registrationSeconds } from './registration.js';
export { type WhereAnswer, type WhereQuestion, askWhere } from './where.js';
