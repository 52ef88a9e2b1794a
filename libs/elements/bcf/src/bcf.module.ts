import { type DynamicModule, Module } from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import {
  BUS,
  type Bus,
  CLOCK,
  LOGGER,
  METRICS,
  type Metrics,
  type PlatformOptions,
  type RunningElement,
  STORE,
  SipEdge,
  type Store,
  type TlsOptions,
  sipEdgeProvider,
  startElement,
} from '@esinet/platform';
import { Border, borderListeners } from './border.js';
import type { BcfConfig } from './config.js';

/** What is not configuration: the border's certificate, without which its TLS listener must be off. */
export interface ElementExtras {
  readonly tls?: TlsOptions;
  /** Milliseconds that requests under way have to finish at the end. */
  readonly drainMs?: number;
}

@Module({})
class BcfModule {}

export function bcfModule(config: BcfConfig, o: ElementExtras = {}): DynamicModule {
  return {
    module: BcfModule,
    providers: [
      sipEdgeProvider({ listeners: borderListeners(config), ...o }),
      {
        provide: Border,
        inject: [SipEdge, BUS, STORE, CLOCK, LOGGER, METRICS],
        useFactory: (edge: SipEdge, bus: Bus, store: Store, clock: Clock, logger: Logger, metrics: Metrics) =>
          new Border(config, { edge, bus, store, clock, logger, metrics }),
      },
    ],
  };
}

/** Starts the border. What it listens on is the `SipEdge` of the running element. */
export function startBcf(
  config: BcfConfig,
  platform: PlatformOptions,
  o: ElementExtras = {},
): Promise<RunningElement> {
  return startElement({ name: 'bcf', module: bcfModule(config, o), http: config.http, platform });
}
