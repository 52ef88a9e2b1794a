import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import type { Clock, IdSource, Logger } from '@esinet/kernel';
import {
  BUS,
  type Bus,
  CLOCK,
  HEALTH,
  type HealthChecks,
  IDS,
  LOGGER,
  METRICS,
  type Metrics,
  RECORDS,
  type Records,
  SipEdge,
  StatesEdge,
  isMutual,
} from '@esinet/platform';
import { parseUri } from '@esinet/sip';
import { PSAP_CONFIG, type PsapConfig } from '../config.js';
import { PsapService } from '../psap-service.js';
import { TakerDesk } from '../takers/taker-desk.js';
import { IntakeQueues } from './intake-queues.js';
import { ServiceDesk } from './service-desk.js';

/** What the PSAP tells of itself: the element, its services and the queues of its centres. */
@Injectable()
export class PsapStates implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly services: ServiceDesk;
  readonly queues: IntakeQueues;
  readonly edge: StatesEdge;
  readonly #closing: (() => void)[] = [];

  constructor(
    @Inject(PSAP_CONFIG) private readonly config: PsapConfig,
    @Inject(PsapService) private readonly psap: PsapService,
    @Inject(TakerDesk) takers: TakerDesk,
    @Inject(SipEdge) private readonly sip: SipEdge,
    @Inject(RECORDS) records: Records,
    @Inject(BUS) bus: Bus,
    @Inject(CLOCK) clock: Clock,
    @Inject(IDS) ids: IdSource,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) metrics: Metrics,
    @Inject(HEALTH) health: HealthChecks,
  ) {
    const { states, domain, limits } = config;
    const uriOf = (centre: string): string => psap.centres.get(centre)?.uri ?? `sip:${centre}@${domain}`;
    this.services = new ServiceDesk({
      domain,
      uriOf,
      records,
      logger,
      ...(states.unstaffed && { attended: (centre: string) => takers.attended(centre) }),
    });
    this.queues = new IntakeQueues({
      desk: psap.desk,
      uriOf,
      max: states.queueMax ?? limits.chats,
      closed: (centre) => this.services.closed(centre),
      onChange: () => this.edge.changed(),
    });
    this.edge = new StatesEdge(
      {
        config: states,
        told: {
          element: () => true,
          service: (uri) => {
            const centre = this.#centreOf(uri);
            return centre === 'unknown' ? undefined : this.services.source(centre);
          },
          queue: (uri) => {
            const centre = this.#centreOf(uri);
            return centre === undefined || centre === 'unknown' ? undefined : this.queues.source(centre);
          },
          announced: () => this.#announced(),
        },
        isOurs: () => true,
        isInside: isMutual,
      },
      { edge: sip, bus, clock, ids, logger, metrics, health },
    );
    this.#closing.push(
      this.services.onChange(() => {
        this.queues.refresh();
        this.edge.changed();
      }),
    );
    if (states.unstaffed) {
      this.#closing.push(psap.desk.watch(({ type }) => type === 'taker' && this.services.refresh()));
    }
    health.onDrain(() => this.services.drain());
  }

  onModuleInit(): Promise<void> {
    return this.services.restore();
  }

  onApplicationBootstrap(): void {
    void this.sip.listening.then(() => this.edge.start());
  }

  /** While the sockets are open. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.edge.close();
    this.queues.close();
    for (const close of this.#closing) close();
  }

  /** The centre that a Request-URI names; undefined: all of them; `unknown`: none of ours. */
  #centreOf(text: string): string | undefined {
    const uri = parseUri(text);
    const { domain } = this.config;
    if (!uri || (uri.host !== domain && !this.sip.isOwnAddress(uri))) return 'unknown';
    if (uri.user === undefined) return undefined;
    return this.psap.centres.get(uri.user)?.id ?? 'unknown';
  }

  *#announced() {
    yield { kind: 'service', state: this.services.state() } as const;
    for (const { id } of this.psap.centres.list()) {
      yield { kind: 'service', state: this.services.state(id) } as const;
      yield { kind: 'queue', state: this.queues.state(id) } as const;
    }
  }
}
