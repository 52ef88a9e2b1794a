export { type Clock, type Timer, isoTime, systemClock } from './clock.js';
export { ManualClock } from './manual-clock.js';
export { type LogFields, type Logger, messageOf, silentLogger } from './logger.js';
export { type Result, err, ok } from './result.js';
export { type IdSource, countingIds, randomIds } from './ids.js';
export { HttpsAgent, type HttpsCredentials } from './https-agent.js';
export {
  type HttpExchangeAnswer,
  type HttpExchangeError,
  type HttpExchangeOptions,
  httpExchange,
} from './http-exchange.js';
