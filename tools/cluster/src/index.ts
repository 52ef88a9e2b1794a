export { type Cluster, type ClusterEvent, type ClusterOptions, startCluster } from './lab/start-cluster.js';
export { Load, type LoadShape, ordinaryLoad } from './load/load.js';
export { type Verdict, isClean, judge } from './ledger/judge.js';
export { gapsOf, quantile, recoveryOf } from './ledger/gaps.js';
