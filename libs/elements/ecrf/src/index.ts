export { answer, errorAnswer } from './answer.js';
export { type EcrfConfig, ecrfConfigSchema } from './ecrf-config.js';
export { ECRF, type EcrfExtras, EcrfModule, NoBoundariesError, ecrfModule } from './ecrf.module.js';
export { Ecrf, LOST_QUERY_SUBJECT, resultOf } from './ecrf.js';
export {
  type CivicRule,
  type DefaultMapping,
  type EcrfLayers,
  type LayersOptions,
  type ServedBoundary,
  type ServedPart,
  buildLayers,
  isInForce,
} from './layers.js';
export {
  type BoundarySource,
  type LoadProblem,
  type LoadedBoundaries,
  type LoadedBoundary,
  loadBoundaries,
  readBoundaryFile,
} from './load-boundaries.js';
export { Coverage, type CoverageRegion, readCoverage } from './coverage.js';
export { type Referral, resolve } from './resolve.js';
export { childTowards, normalServiceUrn, serviceCandidates, topLevelService } from './service-urn.js';
export { startEcrf } from './start-ecrf.js';
