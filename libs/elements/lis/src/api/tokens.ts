export const LIS = Symbol('esinet.lis');
export const LIS_CONFIG = Symbol('esinet.lis.config');
/** `Provisioning` */
export const PROVISIONING = Symbol('esinet.lis.provisioning');
/** `PeerList`: who may provision. */
export const PROVISIONERS = Symbol('esinet.lis.provisioners');
/** `LostClient` that is asked for routes, or null. */
export const LOST = Symbol('esinet.lis.lost');
