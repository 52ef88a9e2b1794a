export { type EsrpConfig, esrpConfigSchema } from './config.js';
export { esrpModule, startEsrp } from './esrp.module.js';
export type { Failure, RoutingPolicy } from './policy.js';
export { type FoundLocation, type GivenLocations, givenLocations } from './call-location.js';
export { EcrfBreaker } from './ecrf-breaker.js';
export { type CachedMapping, MappingCache } from './mapping-cache.js';
export { type MappingPorts, type ServiceMapping, serviceMapping } from './service-mapping.js';
export { EsrpStates, type EsrpStatesOptions } from './states/esrp-states.js';
export { ownQueueUri } from './states/own-queues.js';
export { type PoliciesConfig, policiesConfigSchema } from './policies/config.js';
export { Policies, type PoliciesPorts, type PolicyReload } from './policies/policies.js';
export type { WaysOut } from './ways-out.js';
export type { PoliciesPort } from './verdict.js';
export type { QueuesPort } from './admission.js';
export { type RouteDeps, type Routed, route } from './route.js';
export type { RouteExplanation } from './explanation/route-explanation.js';
export type { RecordedFacts } from './explanation/recorded-facts.js';
export { decide, hopUris } from './explanation/decide.js';
export { decoded, jsonAnswer, listed, operatorOnly, withReplay } from './explanation/explanations-http.js';
export {
  type CallOutcome,
  type Explanation,
  Explanations,
  type Replay,
  type RoutedEvent,
} from './explanation/explanations.js';
