import { type DynamicModule, Module } from '@nestjs/common';
import type { Clock, IdSource, Logger } from '@esinet/kernel';
import {
  BUS,
  type Bus,
  CLOCK,
  IDS,
  LOGGER,
  METRICS,
  type Metrics,
  type PlatformOptions,
  type RunningElement,
  SipEdge,
  type SipExtras,
  sipEdgeProvider,
  startElement,
} from '@esinet/platform';
import type { ProviderConfig } from './config.js';
import { ProviderProxy, providerListeners } from './provider-proxy.js';

@Module({})
class ProviderModule {}

export function providerModule(config: ProviderConfig, o: SipExtras = {}): DynamicModule {
  return {
    module: ProviderModule,
    providers: [
      sipEdgeProvider({ listeners: providerListeners(config), ...o }),
      {
        provide: ProviderProxy,
        inject: [SipEdge, BUS, CLOCK, IDS, LOGGER, METRICS],
        useFactory: (
          edge: SipEdge,
          bus: Bus,
          clock: Clock,
          ids: IdSource,
          logger: Logger,
          metrics: Metrics,
        ) => new ProviderProxy(config, { edge, bus, clock, ids, logger, metrics }),
      },
    ],
  };
}

/** Starts the provider. What it listens on is the `SipEdge` of the running element. */
export function startProvider(
  config: ProviderConfig,
  platform: PlatformOptions,
  o: SipExtras = {},
): Promise<RunningElement> {
  return startElement({ name: 'provider', module: providerModule(config, o), http: config.http, platform });
}
