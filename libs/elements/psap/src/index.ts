export { type PsapConfig, type PsapScript, psapConfigSchema } from './config.js';
export { type Centre, Centres } from './centre.js';
export { type IncomingLocation, type IncomingMessage, readIncoming } from './incoming-message.js';
export { outgoingRequest } from './outgoing-request.js';
export { type ChatRecord, type MessageRecord, type RecordedLocation, collections } from './message-record.js';
export {
  ChatDesk,
  type ChatDeskOptions,
  type DeskAnswer,
  type DeskRefusal,
  type DeskWatcher,
} from './chat-desk.js';
export type { Chat } from './chat.js';
export { PsapService } from './psap-service.js';
export { psapModule } from './psap.module.js';
export { startPsap } from './start-psap.js';
