import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Clock, Logger } from '@esinet/kernel';
import { OverloadControl, type TransactionLayer } from '@esinet/sip';
import type { Metrics } from '../telemetry/metrics.js';
import type { OverloadConfig } from './overload-config.js';

/** The overload control of an edge, at its transaction layer, with its metrics and its log line. */
export function edgeOverload(
  config: OverloadConfig,
  o: {
    readonly element: string;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly metrics: Metrics;
    readonly transactions: TransactionLayer;
    readonly busy?: () => number;
  },
): OverloadControl {
  const { clock, logger, metrics, transactions } = o;
  const control = new OverloadControl({
    clock,
    busy: o.busy ?? busyShare(),
    repeatMs: transactions.timers.timeout,
    settings: {
      targetMs: config.target,
      busy: config.busy,
      initialRate: config.initialRate,
      minRate: config.minRate,
      maxRate: config.maxRate,
      burstMs: config.burst,
      reservedPercent: config.reserved,
      status: config.status,
      retryAfter: config.retryAfter,
    },
  });
  const shed = metrics.counter('esinet_sip_shed_total', 'Requests refused for want of room, by class', [
    'class',
  ]);
  const byClass = {
    emergency: shed.labelled({ class: 'emergency' }),
    other: shed.labelled({ class: 'other' }),
  };
  const rate = metrics.gauge('esinet_sip_overload_rate', 'Requests a second that are taken on at most');
  const delay = metrics.gauge(
    'esinet_sip_overload_delay_seconds',
    'How late the process was in the last interval',
  );
  const active = metrics.gauge('esinet_sip_overloaded', '1 while requests are being shed');
  rate.set(control.limiter.rate);
  active.set(0);
  control.onShed = (load) => byClass[load].inc();
  control.onInterval = () => {
    rate.set(control.limiter.rate);
    delay.set(control.counters.latencyMs / 1_000);
  };
  control.onOverload((on) => {
    active.set(on ? 1 : 0);
    const figures = { rate: Math.round(control.limiter.rate), shed: transactions.counters.shed };
    if (on) logger.warn('sip-overload', figures);
    else logger.info('sip-overload-over', figures);
  });
  transactions.admission = control;
  return control;
}

/** Share of the time since the last call in which the event loop had something to do. */
function busyShare(): () => number {
  let last: EventLoopUtilization = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
