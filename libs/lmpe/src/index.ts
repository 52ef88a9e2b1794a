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
  type Arrivals,
  type ReadText,
  type ReceivedMessage,
  heldTexts,
  messageKey,
  rememberedMessages,
} from './arrivals.js';
export { followedSenders, rememberedNumbers } from './message-count.js';
export {
  type PlainNote,
  type SessionEffect,
  type SessionNote,
  type SessionTimer,
  type SessionTiming,
  answerOf,
  appTiming,
  earlyTextMs,
  gapMs,
  heartbeatsIntoSilence,
  psapTiming,
  queuedTexts,
  stallMs,
} from './session-effect.js';
export {
  type AppEvent,
  type AppPhase,
  type AppSession,
  appSession,
  destinationOf,
  newAppSession,
} from './app-session.js';
export {
  type PsapEvent,
  type PsapPhase,
  type PsapSession,
  newPsapSession,
  psapSession,
} from './psap-session.js';
export { type OutgoingMessage, outgoingOf } from './outgoing-message.js';
export {
  Outbox,
  type OutboxOptions,
  type SendOutcome,
  isDelivered,
  maxOutgoing,
  maxPauseMs,
  overtakenAfterMs,
  worthAnotherAttempt,
} from './outbox.js';
export { type ReadableMessage, inReadingOrder } from './reading-order.js';
export {
  type IdentifierEntry,
  type MessageTypeEntry,
  type ParameterRegistry,
  type TestServiceEntry,
  parameterRegistry,
  registryMarkdown,
} from './registry-document.js';
