export { answer, errorAnswer } from './answer.js';
export { type CivicLayer, type CivicLayerOptions, DEFAULT_SIDE_OFFSET_METRES } from './civic-layer.js';
export { type CivicDataConfig, civicDataSchema } from './civic-config.js';
export { type EcrfConfig, ecrfConfigSchema } from './ecrf-config.js';
export { ECRF, type EcrfExtras, EcrfModule, NoBoundariesError, ecrfModule } from './ecrf.module.js';
export { Ecrf, resultOf } from './ecrf.js';
export {
  type CivicRule,
  type DefaultMapping,
  type EcrfLayers,
  type LayerTraits,
  type LayersOptions,
  type LayersPolicy,
  type ServedBoundary,
  type ServedPart,
  type UncertaintyPolicy,
  buildLayers,
  isInForce,
  layersOf,
} from './layers.js';
export { BoundaryReload, type ReloadOutcome, type ReloadTrigger } from './boundary-reload.js';
export { packAside } from './pack-aside.js';
export { type PackPlan, type PackedFiles, packFiles } from './pack-files.js';
export { type ServiceSet, SetPacker, transferablesOf } from './packed-set.js';
export {
  type BoundarySource,
  type LoadProblem,
  type LoadedBoundaries,
  type LoadedBoundary,
  loadBoundaries,
  readBoundaryFile,
} from './load-boundaries.js';
export { type CivicPlan, type LabCivic, type PackedCivic, packCivic } from './civic-plan.js';
export { Coverage, type CoverageRegion, readCoverage } from './coverage.js';
export type { Referral, ResolveContext } from './resolve-context.js';
export { resolve } from './resolve.js';
export { childTowards, normalServiceUrn, serviceCandidates, topLevelService } from './service-urn.js';
export { startEcrf } from './start-ecrf.js';
