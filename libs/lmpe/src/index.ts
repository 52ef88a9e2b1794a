export {
  type IdentifierName,
  MessageType,
  identifierRegistry,
  maxIdentifierLength,
  uniquePart,
} from './registry.js';
export { type MessageKind, isKeepAlive, messageKind } from './message-type.js';
export {
  type LmpeIdentifiers,
  newCallId,
  newIncidentId,
  readIdentifiers,
  writeCallInfo,
} from './identifiers.js';
export { type EmergencyService, isEmergencyService } from './emergency-service.js';
export {
  type ArrivalNote,
  type Arrivals,
  type ReceivedMessage,
  followedSenders,
  messageKey,
  rememberedMessages,
} from './arrivals.js';
export {
  type SessionEffect,
  type SessionNote,
  type SessionTimer,
  type SessionTiming,
  appTiming,
  earlyTextMs,
  heartbeatsIntoSilence,
  psapTiming,
  queuedTexts,
} from './session-effect.js';
export { type AppEvent, type AppPhase, type AppSession, appSession, newAppSession } from './app-session.js';
export {
  type PsapEvent,
  type PsapPhase,
  type PsapSession,
  newPsapSession,
  psapSession,
} from './psap-session.js';
export {
  Outbox,
  type OutboxOptions,
  type OutgoingMessage,
  type SendOutcome,
  isDelivered,
  maxOutgoing,
  maxPauseMs,
  worthAnotherAttempt,
} from './outbox.js';
