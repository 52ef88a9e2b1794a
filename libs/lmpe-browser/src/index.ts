export { BrowserChatError, type BrowserChatOptions, lateMs, openBrowserChat } from './open-browser-chat.js';
export { type Positions, currentPlace, positionAgeMs, positionWithinMs } from './current-place.js';
export { type Page, followPage } from './follow-page.js';
export { BrowserLink, type BrowserLinkOptions, holdMs, unheardMs, unregisterMs } from './browser-link.js';
export {
  type Connection,
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionPhase,
  connectWithinMs,
  connection,
  longestReconnectMs,
  reconnectWithinMs,
  registrationSeconds,
  unconnected,
} from './connection.js';
export { type IncomingBody, maxIncomingDepth, maxIncomingParts, readBody } from './read-body.js';
export { type OutgoingPart, writeBody } from './write-body.js';
// What a page needs besides.
export type {
  AdditionalData,
  Attachment,
  ChatClient,
  ChatMessage,
  FurtherLocation,
  Place,
  SendReport,
} from '@esinet/lmpe-client';
