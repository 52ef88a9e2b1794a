export * from './bus/bus.js';
export { dialogSecret, dialogsSchema, keptSecret } from './sip/dialog-secret.js';
export { type BusLimits, InProcessBus, defaultBusLimits } from './bus/in-process-bus.js';
export { type BusConfig, type NatsConfig, busSchema } from './bus/bus-config.js';
export { openBus } from './bus/open-bus.js';
export type { NatsBus } from './bus/nats-bus.js';
export { patternProblem, subjectProblem, subjectToken } from './bus/subject.js';
export * from './store/store.js';
export { type AdapterPorts, type Adapters, openAdapters } from './cluster/open-adapters.js';
export { MemoryStore, defaultMaxEntries } from './store/memory-store.js';
export { Leases, leasePrefix } from './store/leases.js';
export { LocalValues } from './store/local-values.js';
export { ResilientStore } from './store/resilient-store.js';
export { openStore } from './store/open-store.js';
export { type RedisConfig, type StoreConfig, storeSchema } from './store/store-config.js';
export {
  type Fence,
  type ListOptions,
  type RecordWrite,
  type Records,
  RecordsError,
  type RecordsErrorCode,
  type StoredRecord,
  type WriteOutcome,
} from './records/records.js';
export {
  LevelRecords,
  type RecordsDatabase,
  type RecordsLimits,
  defaultRecordsLimits,
} from './records/level-records.js';
export { Spool, type SpoolLimits } from './records/spool.js';
export { type ServedRecords, SpooledRecords, asideCollections } from './records/spooled-records.js';
export { type PostgresConfig } from './records/records-config.js';
export { openRecords, postgresOptions } from './records/open-records.js';
export { type RecordsReader, openPostgresView } from './records/open-view.js';
export {
  type PostgresViewConfig,
  type RecordsConfig,
  postgresViewSchema,
  recordsSchema,
} from './records/records-config.js';
export { MemoryRecords } from './records/memory-records.js';
export { absentRecords } from './records/absent-records.js';
export {
  BUS,
  CLOCK,
  ELEMENT,
  HEALTH,
  IDS,
  INSTANCE,
  LIMITS,
  LOGGER,
  METRICS,
  RECORDS,
  STORE,
} from './nest/tokens.js';
export { PlatformModule, type PlatformOptions } from './nest/platform-module.js';
export {
  type ClientCertificate,
  type ElementOptions,
  type ElementServer,
  type RunningElement,
  type SecureSide,
  startElement,
} from './nest/start-element.js';
export type { FastHandler, FastRequest, FastResponse, FastRoutes } from './http/fast-route.js';
export { type HttpLimits, defaultHttpLimits } from './http/http-limits.js';
export { ListenError } from './http/http-front.js';
export { type TlsSide, tlsIdentity, tlsSideSchema, withTlsSide } from './http/tls-side.js';
export { type Health, HealthChecks, type HealthReport } from './telemetry/health.js';
export { portOwner } from './http/port-owner.js';
export { type CounterMetric, type Labels, type Metrics, PrometheusMetrics } from './telemetry/metrics.js';
export { environment } from './config/environment.js';
export { durationOf } from './config/duration.js';
export {
  domainSchema,
  durationSchema,
  hostPort,
  hostSchema,
  httpUrlSchema,
  isHost,
  isSipUri,
  listenSchema,
  portSchema,
  sipUriSchema,
} from './config/values.js';
export { type Limits, type ProxyTimes, defaultLimits, limitsSchema } from './config/limits.js';
export { type ConfigProblem, formatProblem } from './config/problem.js';
export {
  type LoadOptions,
  type LoadedConfig,
  loadConfig,
  loadConfigWithOrigins,
  readConfig,
} from './config/load-config.js';
export {
  type SipListener,
  destinationSchema,
  parseDestination,
  sipListenersSchema,
} from './sip/destination-text.js';
export { type NextHop, nextHopSchema, nextHopsSchema, towards } from './sip/next-hop.js';
export { type SipPorts, sipPortListeners, sipPortsSchema } from './sip/sip-ports.js';
export type { EdgeOverload } from './sip/edge-overload.js';
export { type OverloadConfig, overloadSchema } from './sip/overload-config.js';
export { hopsOfAnotherEsinet } from './sip/room-on-the-way.js';
export {
  SipEdge,
  type SipEdgeConfig,
  type SipExtras,
  defaultDrainMs,
  sipEdgeProvider,
} from './sip/sip-edge.js';
export * from './pki/pki.js';
export {
  type CertificateWatch,
  type WatchLimits,
  defaultWatchLimits,
  watchCertificates,
} from './pki/certificate-watch.js';
export { type LiveTls, liveTls } from './pki/live-tls.js';
export { BusClient, BusServer, MessagePattern, Payload } from './bus/nest-transport.js';
export { type LogLevel, type LogOptions, createLogger } from './telemetry/logger.js';
export { eventLoopDelayP99 } from './telemetry/event-loop.js';
export { type CommonConfig, appConfigSchema, commonShape } from './app/app-config.js';
export { type App, runApp } from './app/run-app.js';
export { ElementHealth } from './states/element-health.js';
export { type NamedState, StateAnnouncer, hearStates } from './states/state-announcer.js';
export {
  StatesEdge,
  type StatesEdgeOptions,
  type StatesEdgePorts,
  type ToldStates,
  isMutual,
} from './states/states-edge.js';
export { type StateTellingConfig, stateTellingSchema, stateTellingShape } from './states/states-config.js';
export { type WatchFilesOptions, watchFiles } from './config/watch-files.js';
