import { randomBytes } from 'node:crypto';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Clock, Logger } from '@esinet/kernel';
import { OverloadControl, Signalling, type TransactionLayer, UnreadStarts } from '@esinet/sip';
import type { Metrics } from '../telemetry/metrics.js';
import type { OverloadConfig } from './overload-config.js';

/** Milliseconds within which a chat has a message or a keep-alive, several times over. */
const chatMs = 1_800_000;

/** The overload control of an edge: what it takes on, and what it tells its neighbours and hears of them. */
export interface EdgeOverload {
  readonly control: OverloadControl;
  /** RFC 7339; undefined where it is turned off. */
  readonly signalling: Signalling | undefined;
  /** For the door of an element that strangers come to; undefined where all are to be answered. */
  readonly unread: UnreadStarts | undefined;
}

/** Puts it to work at the transaction layer, with its metrics and its log line. */
export function edgeOverload(
  config: OverloadConfig,
  o: {
    readonly element: string;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly metrics: Metrics;
    readonly transactions: TransactionLayer;
    /** Milliseconds that what arrives waits before it is read. */
    readonly waiting: () => number;
  },
): EdgeOverload {
  const { clock, logger, metrics, transactions } = o;
  const control = new OverloadControl({
    clock,
    busy: busyShare(),
    waiting: o.waiting,
    repeatMs: transactions.timers.timeout,
    settings: {
      targetMs: config.target,
      busy: config.busy,
      initialRate: config.initialRate,
      minRate: config.minRate,
      maxRate: config.maxRate,
      burstMs: config.burst,
      reservedPercent: config.reserved,
      refusing: config.refusing,
      status: config.status,
      retryAfter: config.retryAfter,
    },
  });
  const signalling = config.feedback
    ? new Signalling(clock, {
        algorithm: config.algorithm,
        validityMs: config.validity,
        silentAfter: config.silentAfter,
      })
    : undefined;
  const shed = metrics.counter('esinet_sip_shed_total', 'Requests refused for want of room, by class', [
    'class',
  ]);
  const byClass = {
    emergency: shed.labelled({ class: 'emergency' }),
    other: shed.labelled({ class: 'other' }),
  };
  const taken = metrics.gauge('esinet_sip_overload_rate', 'Requests a second that are taken on at most');
  const delay = metrics.gauge(
    'esinet_sip_overload_delay_seconds',
    'How late the process was in the last interval',
  );
  const active = metrics.gauge('esinet_sip_overloaded', '1 while requests are being shed');
  taken.set(control.limiter.rate);
  active.set(0);
  control.onShed = (load) => byClass[load].inc();
  control.onInterval = () => {
    taken.set(control.limiter.rate);
    delay.set(control.counters.latencyMs / 1_000);
    const { loss, rate } = control.limiter;
    signalling?.feedback.update({ loss, rate, now: clock.now(), wall: clock.wall() });
  };
  control.onOverload((on) => {
    active.set(on ? 1 : 0);
    const figures = { rate: Math.round(control.limiter.rate), shed: transactions.counters.shed };
    if (on) logger.warn('sip-overload', figures);
    else logger.info('sip-overload-over', figures);
  });
  const unread =
    config.refusing < 1
      ? new UnreadStarts({
          clock,
          control,
          refusing: config.refusing,
          repeatMs: transactions.timers.timeout,
          chatMs,
          seed: randomBytes(4).readInt32LE(),
        })
      : undefined;
  if (unread) {
    const dropped = metrics.counter('esinet_sip_unread_total', 'Starts dropped before they were read');
    unread.onDropped = () => dropped.inc();
  }
  transactions.admission = control;
  transactions.signalling = signalling;
  return { control, signalling, unread };
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
