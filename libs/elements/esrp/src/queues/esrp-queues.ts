import type { Clock, Logger } from '@esinet/kernel';
import type { Bus, Metrics, NextHop, SipEdge } from '@esinet/platform';
import type { KnownStates } from '@esinet/states';
import type { EsrpConfig } from '../config.js';
import { DequeueDesk } from './dequeue-desk.js';
import { optionsProbe } from './options-probe.js';
import { Queues } from './queues.js';
import { SharedRegistrations } from './shared-registrations.js';

export interface EsrpQueuesPorts {
  readonly edge: SipEdge;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** What others say of themselves. */
  readonly known?: KnownStates;
}

/** The queues of the routing proxy with what they need of it: its ways to next hops, and its sockets to probe them. */
export class EsrpQueues {
  readonly queues: Queues;
  readonly desk: DequeueDesk;
  readonly clock: Clock;
  readonly #shared: SharedRegistrations;

  constructor(
    { queues, hosts, bcf }: Pick<EsrpConfig, 'queues' | 'hosts' | 'bcf'>,
    { edge, clock, logger, ...ports }: EsrpQueuesPorts,
  ) {
    const table = new Map(Object.entries(hosts));
    const hopsOf = (domain: string): readonly NextHop[] => table.get(domain) ?? bcf;
    this.clock = clock;
    this.queues = new Queues(queues, {
      clock,
      logger,
      ...ports,
      probe: optionsProbe({ edge, clock, logger, hopsOf, timeoutMs: queues.nextHops.probeTimeout }),
    });
    const isReachable = (domain: string): boolean => (table.get(domain)?.length ?? 0) > 0;
    const { bus } = ports;
    this.#shared = new SharedRegistrations(this.queues, {
      ...{ bus, clock, logger, isReachable },
      everyMs: queues.tellEvery,
    });
    this.desk = new DequeueDesk(this.queues, {
      ...{ clock, logger, isReachable },
      onChange: (queueUri, dequeuerUri, ended) => this.#shared.changed(queueUri, dequeuerUri, ended),
    });
    // Nobody registers where no queue has dequeuers.
    if (queues.list.some(({ dequeuers }) => dequeuers)) this.#shared.start();
  }

  close(): void {
    this.#shared.close();
    this.queues.close();
  }
}
