export { type PsapConfig, type PsapScript, psapConfigSchema } from './config.js';
export { type Centre, Centres } from './centre.js';
export { type IncomingLocation, type IncomingMessage, readIncoming } from './incoming-message.js';
export { outgoingRequest } from './outgoing-request.js';
export {
  type ChatDetails,
  type ChatRecord,
  type MessageRecord,
  type RecordedLocation,
  collections,
} from './message-record.js';
export { ChatDesk, type ChatDeskOptions, type DeskAnswer } from './chat-desk.js';
export type { ChatQuery, Desk, DeskEvent, DeskRefusal, TransferView } from './desk.js';
export { DeskEvents } from './desk-events.js';
export type { DeskWatcher } from './desk-watcher.js';
export { type ShownMessage, shownMessage } from './shown-message.js';
export type { Chat } from './chat.js';
export { PsapService } from './psap-service.js';
export { psapModule } from './psap.module.js';
export { startPsap } from './start-psap.js';
export { offeredCollections } from './records-view.js';
export { received } from './reception.js';
export { alertDeskOf, lookupsOf, testDeskOf } from './side-desks.js';
export { PsapStates } from './states/psap-states.js';
