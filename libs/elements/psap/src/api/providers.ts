import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import type { Clock, IdSource, Logger } from '@esinet/kernel';
import {
  CLOCK,
  HEALTH,
  type Health,
  IDS,
  INSTANCE,
  LOGGER,
  METRICS,
  type Metrics,
  RECORDS,
  type Records,
} from '@esinet/platform';
import { AlertsController, TestsController } from '../alerts/alerts.controller.js';
import { PSAP_CONFIG, type PsapConfig } from '../config.js';
import { PsapService } from '../psap-service.js';
import { Notes } from '../takers/notes.js';
import { QueueMetrics } from '../takers/queue-metrics.js';
import { TakerDesk } from '../takers/taker-desk.js';
import { shownEvent } from './answers.js';
import { BadActorsController } from './bad-actors.controller.js';
import { ChatRoom } from './chat-room.js';
import { ChatsController } from './chats.controller.js';
import { EventStream } from './event-stream.js';
import { EventsController } from './events.controller.js';
import { HandOverController, TransfersController } from './hand-over.controller.js';
import { ListsController } from './lists.controller.js';
import { ProblemFilter } from './problem.js';
import { QueueController, TakersController } from './takers.controller.js';

/** Begins after the chats are restored, and ends with the element. */
@Injectable()
class ApiLife implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #unwatch: () => void;

  constructor(
    @Inject(PsapService) psap: PsapService,
    @Inject(TakerDesk) private readonly takers: TakerDesk,
    @Inject(EventStream) private readonly stream: EventStream,
    @Inject(HEALTH) health: Health,
  ) {
    psap.desk.staffedBy((centre) => takers.attended(centre));
    // A stream is a request that never ends: the server would wait for it.
    health.onDrain(() => stream.close());
    this.#unwatch = psap.desk.watch((event) => stream.tell(shownEvent(event, takers)));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.takers.restore();
  }

  beforeApplicationShutdown(): void {
    this.#unwatch();
    this.takers.close();
    this.stream.close();
  }
}

/** What the REST interface needs besides PsapService and the ports. */
export const apiProviders: Provider[] = [
  {
    provide: TakerDesk,
    inject: [PsapService, RECORDS, CLOCK, LOGGER, METRICS, PSAP_CONFIG],
    useFactory: (
      psap: PsapService,
      records: Records,
      clock: Clock,
      logger: Logger,
      metrics: Metrics,
      config: PsapConfig,
    ) =>
      new TakerDesk({
        desk: psap.desk,
        others: psap.desk.others,
        tell: (event) => psap.desk.events.tell(event),
        records,
        clock,
        logger,
        metrics: new QueueMetrics(
          metrics,
          psap.centres.list().map(({ id }) => id),
        ),
        config: config.takers,
        chats: config.limits.chats,
      }),
  },
  {
    provide: Notes,
    inject: [RECORDS, CLOCK, IDS, LOGGER, PSAP_CONFIG],
    useFactory: (records: Records, clock: Clock, ids: IdSource, logger: Logger, config: PsapConfig) =>
      new Notes({ records, clock, ids, logger, config: config.takers }),
  },
  {
    provide: EventStream,
    inject: [PsapService, CLOCK, METRICS, PSAP_CONFIG, INSTANCE],
    useFactory: (psap: PsapService, clock: Clock, metrics: Metrics, config: PsapConfig, instance: string) => {
      const open = metrics.gauge('esinet_event_listeners', 'Readers of the event stream');
      const cut = metrics.counter(
        'esinet_event_listeners_cut_total',
        'Readers cut because they did not read',
      );
      return new EventStream({
        clock,
        config: config.events,
        after: psap.desk.events.last,
        ...(psap.desk.others && { process: instance }),
        count: (listeners, wasCut) => {
          open.set(listeners);
          if (wasCut) cut.inc();
        },
      });
    },
  },
  ChatRoom,
  ApiLife,
  { provide: APP_FILTER, useClass: ProblemFilter },
];

export const apiControllers: Type[] = [
  ChatsController,
  HandOverController,
  BadActorsController,
  QueueController,
  TakersController,
  TransfersController,
  EventsController,
  ListsController,
  AlertsController,
  TestsController,
];
