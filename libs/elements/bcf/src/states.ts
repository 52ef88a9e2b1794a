import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type Provider,
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
  SipEdge,
  StatesEdge,
  isMutual,
} from '@esinet/platform';
import { type Flow, parseNameAddr, parseUri } from '@esinet/sip';
import { Border } from './border.js';
import type { BcfConfig } from './config.js';
import { sourceOf } from './source.js';

/** Begins when the sockets are open, ends while they still are. */
@Injectable()
class StatesLife implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(StatesEdge) private readonly states: StatesEdge,
    @Inject(SipEdge) private readonly edge: SipEdge,
  ) {}

  onApplicationBootstrap(): void {
    void this.edge.listening.then(() => this.states.start());
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.states.close();
  }
}

/** What the border tells of itself, inside only. */
export function statesProviders(
  config: BcfConfig,
  ownAuthorities: () => ReadonlySet<string> | undefined,
): Provider[] {
  return [
    {
      provide: StatesEdge,
      // After the border: what is not about itself goes on to it.
      inject: [SipEdge, BUS, CLOCK, IDS, LOGGER, METRICS, HEALTH, Border],
      useFactory: (
        edge: SipEdge,
        bus: Bus,
        clock: Clock,
        ids: IdSource,
        logger: Logger,
        metrics: Metrics,
        health: HealthChecks,
      ) => {
        const isOwn = (text: string): boolean => {
          const uri = parseUri(text);
          if (uri?.user !== undefined) return false;
          return uri !== undefined && (uri.host === config.states.element || edge.isOwnAddress(uri));
        };
        const states = new StatesEdge(
          {
            config: config.states,
            told: { element: isOwn, service: () => undefined, queue: () => undefined, announced: () => [] },
            isOurs: (request) =>
              isOwn(request.requestUri) &&
              request.values('Route').every((value) => isOwn(parseNameAddr(value)?.uri ?? '')),
            isInside: (flow) => isInside(flow, config, ownAuthorities()),
          },
          { edge, bus, clock, ids, logger, metrics, health },
        );
        edge.overload?.control.onOverload((active) => states.health.overloaded(active));
        return states;
      },
    },
    StatesLife,
  ];
}

/** The private side; on the public one whoever has shown the certificate of a trusted peer. */
function isInside(
  flow: Flow,
  { peers }: Pick<BcfConfig, 'peers'>,
  ownAuthorities: ReadonlySet<string> | undefined,
): boolean {
  const { side, peer } = sourceOf(flow, peers, ownAuthorities);
  return side === 'private' ? isMutual(flow) : peer?.trusted === true;
}
