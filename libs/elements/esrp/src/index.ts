export { type EsrpConfig, esrpConfigSchema } from './config.js';
export { esrpModule, startEsrp } from './esrp.module.js';
export type { Failure, RoutingPolicy } from './policy.js';
export { type CallLocation, callLocation } from './call-location.js';
export { EcrfBreaker } from './ecrf-breaker.js';
export { type CachedMapping, MappingCache } from './mapping-cache.js';
export { type MappingPorts, type ServiceMapping, serviceMapping } from './service-mapping.js';
export { type NextHops, type RouteDeps, type RouteExplanation, type Routed, route } from './route.js';
