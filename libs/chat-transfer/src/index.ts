export { type SchemaName, historySchema, leastExpirySeconds, transferSchemas } from './schemas.js';
export {
  type ExecutionRequest,
  type ExecutionResponse,
  type NegotiationRequest,
  type NegotiationResponse,
  longestExpirySeconds,
  readExecutionRequest,
  readExecutionResponse,
  readNegotiationRequest,
  readNegotiationResponse,
} from './messages.js';
export {
  type ChatHistory,
  type HistoryMessage,
  type HistoryNote,
  type HistoryPart,
  maxHistoryMessages,
  readHistory,
} from './history.js';
export { fitHistory, maxHistoryBytes } from './fit-history.js';
export { type Agreement, agreementOfNames, agreementOfUri, covers } from './agreement.js';
export { certificateNames } from './certificate-names.js';
export { type TransferTiming, transferTiming } from './transfer-timing.js';
export {
  type TransferFailureReason,
  type TransfereeVerdict,
  type Transferor,
  type TransferorEffect,
  type TransferorEvent,
  type TransferorPhase,
  type TransferorTimer,
  newTransferor,
} from './transferor-state.js';
export { isTransferorActive, transferor, wantsRestored } from './transferor.js';
export {
  type Transferee,
  type TransfereeEffect,
  type TransfereeEvent,
  type TransfereePhase,
  type TransfereeReason,
  type TransfereeTimer,
  executedBy,
  isTransfereeActive,
  mayNegotiateAgain,
  newTransferee,
  transferee,
} from './transferee.js';
export {
  type RefusalReason,
  type TransferHandler,
  type TransferHttpRequest,
  type TransferHttpResponse,
  type TransferRoutesOptions,
  maxTransferBytes,
  transferPath,
  transferRoutes,
} from './routes.js';
export {
  type ExpectedPeer,
  NEGOTIATION_TIMEOUT_MS,
  type TransferClientOptions,
  type TransferFailure,
  type TransferPeer,
  isFinalFailure,
  transferClient,
} from './client.js';
