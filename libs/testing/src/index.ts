export { busContract } from './bus-contract.js';
export { storeContract } from './store-contract.js';
export { recordsContract } from './records-contract.js';
export { freePort, freePorts } from './free-port.js';
export { type OutsideProgram, programPath, requireProgram, startProgram } from './outside-program.js';
export { temporaryFolder } from './temp-folder.js';
export { type LoopbackAgent, loopbackAgent } from './loopback-agent.js';
export { leaving, sipMessage } from './proxied-message.js';
export { until } from './until.js';
export { type NameServer, type NameServerAnswer, nameServer } from './name-server.js';
export {
  type CertificateAuthority,
  type CertificateWish,
  certificateAuthority,
  selfSigned,
} from './certificate-authority.js';
export type { TestServer } from './test-server.js';
export { natsServer } from './nats-server.js';
export { redisServer } from './redis-server.js';
export { redisCluster, redisSentinel } from './redis-cluster.js';
export { postgresFolder, postgresServer } from './postgres-server.js';
