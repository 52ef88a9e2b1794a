export { type Cluster, type ClusterEvent, type ClusterOptions, startCluster } from './lab/start-cluster.js';
