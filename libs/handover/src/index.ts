export { handoverNames, lmpeRecordSchema, namespaces, ownFormats, unspecified } from './names.js';
export {
  isQualifiedDateTime,
  isQualifiedMicroseconds,
  qualifiedDateTime,
  qualifiedMicroseconds,
  timeOf,
} from './etsi-time.js';
export { type Wgs84, degreesOf, wgs84 } from './wgs84.js';
export type {
  ActionOutcome,
  BinaryObject,
  CspMetadata,
  DeliverMessage,
  DeliveryObject,
  EndpointId,
  ErrorInformation,
  HandoverItem,
  MessageHeader,
  MessagingParty,
  Reference,
  ResponseMessage,
} from './model.js';
export type {
  LmpeRecord,
  ProvenIdentity,
  RecordLocation,
  RecordPart,
  RecordText,
  Withheld,
} from './lmpe-record.js';
export { type PeerProfile, isReference, profileDefaults, profileProblems } from './peer-profile.js';
export { type ErrorAction, actionOn, errorCodes } from './error-codes.js';
export { writeItems } from './write-item.js';
export { writeDeliverMessage, writeResponseMessage } from './write-message.js';
export { type MessageRefusal, defaultHandoverLimits } from './read-envelope.js';
export { readMessage } from './read-message.js';
export { type RequestAction, type RequestMessage, readRequest } from './read-request.js';
export type {
  AuthorisationObject,
  TaskDestination,
  TaskObject,
  TaskSelector,
  TaskedObject,
} from './request-model.js';
export { SchemaValidator, type ValidationProblem, lmpeRecordSchemaText, ownSchema } from './validator.js';
export { carried, fileName, languageTag, longString, shortString } from './fitting.js';
export { type Batch, batchesOf, halved } from './batches.js';
