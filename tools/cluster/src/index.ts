export { type Cluster, type ClusterEvent, type ClusterOptions, startCluster } from './lab/start-cluster.js';
export { missingPrograms } from './lab/outside-servers.js';
export { faults } from './faults/all-faults.js';
export type { Fault } from './faults/fault.js';
export { type FaultResult, runFault } from './run/fault-run.js';
export { resultLine, wrongLines } from './run/report-text.js';
export { seeded } from './run/random.js';
export { type Verdict, isClean, judge } from './ledger/judge.js';
