import type { Clock, Logger } from '@esinet/kernel';
import type { TransactionLimits } from './transaction/limits.js';
import type { SipTimers } from './transaction/timers.js';
import { TransactionLayer } from './transaction/transaction-layer.js';
import type { WireEvent, WireMeter } from './transaction/wire-event.js';
import { TransportLayer, type TransportLayerOptions } from './transport/layer.js';

export interface SipStackOptions extends TransportLayerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Key of the branch hash; share it between workers of one cluster. Default: random. */
  readonly secret?: Buffer;
  readonly timers?: Partial<SipTimers>;
  readonly transactionLimits?: Partial<TransactionLimits>;
  /** Sees every message in and out. Personal data: for call ladders on request only. */
  readonly onWire?: (event: WireEvent) => void;
  readonly meter?: WireMeter;
}

export interface SipStack {
  readonly transport: TransportLayer;
  readonly transactions: TransactionLayer;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Transports and transactions, wired; nothing listens before `start`. */
export function createSipStack(o: SipStackOptions): SipStack {
  const transport = new TransportLayer(o);
  const transactions = new TransactionLayer({
    transport,
    clock: o.clock,
    logger: o.logger,
    ...(o.secret ? { secret: o.secret } : undefined),
    ...(o.timers ? { timers: o.timers } : undefined),
    ...(o.transactionLimits ? { limits: o.transactionLimits } : undefined),
    ...(o.onWire ? { onWire: o.onWire } : undefined),
    ...(o.meter ? { meter: o.meter } : undefined),
  });
  return {
    transport,
    transactions,
    start: () => transport.start(),
    stop: () => {
      transactions.stop();
      return transport.stop();
    },
  };
}
