export * from './state.js';
export {
  type StateKind,
  type StateOf,
  stateKindOf,
  stateKinds,
  statePackages,
  wordOf,
} from './state-packages.js';
export { stateMembers, writeState } from './write-state.js';
export { type AskedName, type StateFlaw, maxStateBytes, readState, readStateBody } from './read-state.js';
export { type QueueStateSource, type StateSource, StateValue, derived } from './state-source.js';
export { StatePackage, type StatePackageOptions, defaultStateRates } from './state-package.js';
export {
  type KnownState,
  type StateOrigin,
  StateTable,
  type StateTableOptions,
  queueKey,
} from './state-table.js';
export {
  StateWatch,
  type StateWatchOptions,
  type StateWatchTimes,
  defaultStateWatchTimes,
} from './state-watch.js';
