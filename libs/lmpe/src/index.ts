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
