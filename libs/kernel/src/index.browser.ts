/** What of the kernel works without Node: everything but its HTTP. Chosen by the `browser` condition of package.json. */
export { type Clock, type Timer, isoTime, systemClock } from './clock.js';
export { ManualClock } from './manual-clock.js';
export { type LogFields, type Logger, messageOf, silentLogger } from './logger.js';
export { type Result, err, ok } from './result.js';
export { type IdSource, countingIds, randomIds } from './ids.js';
