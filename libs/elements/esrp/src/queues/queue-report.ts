import type { QueueState } from '@esinet/states';
import type { HopReport } from './hop-watch.js';
import type { Queues } from './queues.js';

/** A queue as the operator sees it. */
export interface QueueReportEntry extends QueueState {
  readonly reason?: string;
  readonly inService: number;
  readonly maxInService?: number;
  /** Milliseconds the call waits that waits longest. */
  readonly longestWaitMs: number;
  readonly alternates: readonly string[];
  readonly dequeuers?: readonly {
    readonly dequeuerUri: string;
    readonly preference: number;
    /** Seconds. */
    readonly expiresIn: number;
  }[];
}

export interface QueueReport {
  readonly queues: readonly QueueReportEntry[];
  /** Next hops that have failed lately; those not listed are in order. */
  readonly nextHops: readonly HopReport[];
}

export function queueReport(queues: Queues, now: number): QueueReport {
  const entries = [...queues.all].map((queue): QueueReportEntry => {
    const { value, reason } = queues.stateOf(queue);
    const { maxInService, alternates } = queue.config;
    const oldest = queue.waiting.reduce((earliest, { since }) => Math.min(earliest, since), now);
    return {
      ...queue.state(value),
      ...(reason !== undefined && { reason }),
      inService: queue.inService,
      ...(maxInService !== undefined && { maxInService }),
      longestWaitMs: Math.round(now - oldest),
      alternates,
      ...(queue.dequeuers && {
        dequeuers: queue.dequeuers.inOrder().map(({ dequeuerUri, preference, until }) => ({
          dequeuerUri,
          preference,
          expiresIn: Math.max(0, Math.ceil((until - now) / 1_000)),
        })),
      }),
    };
  });
  return { queues: entries, nextHops: queues.hops.report() };
}
