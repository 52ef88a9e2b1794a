import { type BeforeApplicationShutdown, Inject, Injectable, type Provider } from '@nestjs/common';
import type { Clock, IdSource, Logger } from '@esinet/kernel';
import {
  CLOCK,
  IDS,
  LOGGER,
  METRICS,
  type Metrics,
  SipEdge,
  type SipExtras,
  sipEdgeProvider,
  sipPortListeners,
} from '@esinet/platform';
import { LIS } from '../api/tokens.js';
import type { LisConfig } from '../lis-config.js';
import type { Lis } from '../lis.js';
import { PresenceServer } from './presence-server.js';

/** While the sockets are still open: watchers are told to come back. */
@Injectable()
class PresenceClosing implements BeforeApplicationShutdown {
  constructor(@Inject(PresenceServer) private readonly server: PresenceServer) {}

  beforeApplicationShutdown(): Promise<void> {
    return this.server.close();
  }
}

/** The presence server of a LIS with its SIP sockets; nothing where `sip` is null. */
export function presenceProviders({ sip, domain }: LisConfig, o: SipExtras = {}): Provider[] {
  if (sip === null) return [];
  return [
    sipEdgeProvider({ listeners: sipPortListeners(sip.listen), ...o }),
    {
      provide: PresenceServer,
      inject: [SipEdge, LIS, CLOCK, IDS, LOGGER, METRICS],
      useFactory: (
        edge: SipEdge,
        lis: Lis,
        clock: Clock,
        ids: IdSource,
        logger: Logger,
        metrics: Metrics,
      ) => {
        const server = new PresenceServer(sip, domain, { edge, lis, clock, ids, logger, metrics });
        lis.offerUris((token) => server.uris(token));
        return server;
      },
    },
    PresenceClosing,
  ];
}
