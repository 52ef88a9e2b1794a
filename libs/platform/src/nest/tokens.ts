/** Injection tokens of the ports. `@Inject(BUS) private readonly bus: Bus` */
export const BUS = Symbol('esinet.bus');
export const STORE = Symbol('esinet.store');
export const RECORDS = Symbol('esinet.records');
export const CLOCK = Symbol('esinet.clock');
export const LOGGER = Symbol('esinet.logger');
export const IDS = Symbol('esinet.ids');
export const METRICS = Symbol('esinet.metrics');
export const HEALTH = Symbol('esinet.health');
/** The `Limits` of the configuration. */
export const LIMITS = Symbol('esinet.limits');
/** Name of the element the module belongs to. */
export const ELEMENT = Symbol('esinet.element');
/** Name of this process among those that share bus, store and records. */
export const INSTANCE = Symbol('esinet.instance');
/** `DrainTimes`: how long the element takes leave. */
export const DRAIN = Symbol('esinet.drain');
/** What the branches of all processes of the element are made from; null where each has its own. */
export const TRANSACTION_SECRET = Symbol('esinet.transaction-secret');
