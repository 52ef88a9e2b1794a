import type { Metrics } from '@esinet/platform';

const waits = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 25];

/** What the queues count. Labels are queues of the configuration and reasons. */
export function queueMetrics(metrics: Metrics) {
  return {
    length: metrics.gauge('esinet_esrp_queue_length', 'Calls that wait for their next hop', ['queue']),
    inService: metrics.gauge(
      'esinet_esrp_queue_in_service',
      'Calls handed to the next hop and not yet answered',
      ['queue'],
    ),
    waited: metrics.histogram(
      'esinet_esrp_queue_wait_seconds',
      'Time a call waited until a next hop took it',
      waits,
    ),
    passedOver: metrics.counter('esinet_esrp_queue_passed_over_total', 'Next hops passed over, by reason', [
      'why',
    ]),
    preempted: metrics.counter(
      'esinet_esrp_queue_preempted_total',
      'Waiting calls that made room for a call of higher priority',
    ),
    forced: metrics.counter(
      'esinet_esrp_queue_last_resort_total',
      'Calls sent to a next hop that took no more, since nobody else did',
    ),
  };
}

export type QueueMetrics = ReturnType<typeof queueMetrics>;
