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
  type SipExtras,
  fingerprintsOf,
  hopsOfAnotherEsinet,
  type Store,
  sipEdgeProvider,
  startElement,
} from '@esinet/platform';
import { Border, borderListeners } from './border.js';
import type { BcfConfig } from './config.js';

@Module({})
class BcfModule {}

export function bcfModule(config: BcfConfig, o: SipExtras = {}): DynamicModule {
  return {
    module: BcfModule,
    providers: [
      sipEdgeProvider({
        listeners: borderListeners(config),
        hopsBefore: hopsBefore(config),
        overload: config.overload,
        ...o,
      }),
      {
        provide: Border,
        inject: [SipEdge, BUS, STORE, CLOCK, LOGGER, METRICS],
        useFactory: (edge: SipEdge, bus: Bus, store: Store, clock: Clock, logger: Logger, metrics: Metrics) =>
          new Border(config, { edge, bus, store, clock, logger, metrics, ...ownAuthorities(o) }),
      },
    ],
  };
}

/** The provider; with peered ESInets also what a call has passed there. */
function hopsBefore({ peers }: BcfConfig): number {
  return peers.some(({ esinet }) => esinet) ? 1 + hopsOfAnotherEsinet : 1;
}

function ownAuthorities({ tls }: SipExtras): { readonly ownAuthorities?: ReadonlySet<string> } {
  return tls?.ownCa === undefined ? {} : { ownAuthorities: new Set(fingerprintsOf(tls.ownCa)) };
}

/** Starts the border. What it listens on is the `SipEdge` of the running element. */
export function startBcf(
  config: BcfConfig,
  platform: PlatformOptions,
  o: SipExtras = {},
): Promise<RunningElement> {
  return startElement({ name: 'bcf', module: bcfModule(config, o), http: config.http, platform });
}
