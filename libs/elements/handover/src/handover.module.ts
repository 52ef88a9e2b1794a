import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import {
  CLOCK,
  HEALTH,
  type Health,
  LOGGER,
  METRICS,
  type Metrics,
  RECORDS,
  type Records,
  type RecordsReader,
  type TlsOptions,
} from '@esinet/platform';
import type { HandoverConfig } from './handover-config.js';
import { HandoverElement } from './handover-element.js';
import { chatsView } from './view/chats-view.js';

/** `HandoverElement` */
export const HANDOVER = Symbol('esinet.handover');

/** Begins when all ports are there, ends when nobody asks any more. */
@Injectable()
class HandoverLife implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(@Inject(HANDOVER) private readonly element: HandoverElement) {}

  onApplicationBootstrap(): Promise<void> {
    return this.element.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.element.close();
  }
}

@Module({})
class HandoverModule {}

export function handoverModule(
  config: HandoverConfig,
  o: { readonly tls: TlsOptions; readonly dataFolder: string; readonly chats?: RecordsReader | undefined },
): DynamicModule {
  return {
    module: HandoverModule,
    providers: [
      {
        provide: HANDOVER,
        inject: [RECORDS, CLOCK, LOGGER, METRICS, HEALTH],
        useFactory: async (own: Records, clock: Clock, logger: Logger, metrics: Metrics, health: Health) => {
          const chats = o.chats ?? (await chatsView(config, { tls: o.tls, logger, clock }));
          const { tls, dataFolder } = o;
          const ports = { own, chats, tls, dataFolder, clock, logger, metrics, health, chance: Math.random };
          return HandoverElement.open(config, ports);
        },
      },
      HandoverLife,
    ],
  };
}
