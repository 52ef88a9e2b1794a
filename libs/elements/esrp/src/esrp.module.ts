import {
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import {
  BUS,
  type Bus,
  CLOCK,
  HEALTH,
  type Health,
  LOGGER,
  METRICS,
  type Metrics,
  type PlatformOptions,
  type RunningElement,
  type TlsOptions,
  startElement,
} from '@esinet/platform';
import type { ListenerDescription } from '@esinet/sip';
import { RoutingProxy } from './routing-proxy.js';
import type { EsrpConfig } from './config.js';

const CONFIG = Symbol('esinet.esrp.config');

interface EsrpSettings {
  readonly config: EsrpConfig;
  readonly tls?: TlsOptions;
}

/** The running routing proxy; its SIP listeners open before the HTTP port does. */
@Injectable()
export class EsrpService implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #proxy: RoutingProxy;
  #listening = false;

  constructor(
    @Inject(CONFIG) { config, tls }: EsrpSettings,
    @Inject(BUS) bus: Bus,
    @Inject(CLOCK) clock: Clock,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) metrics: Metrics,
    @Inject(HEALTH) health: Health,
  ) {
    this.#proxy = new RoutingProxy(config, { bus, clock, logger, metrics, ...(tls && { tls }) });
    health.register('sip', () =>
      Promise.resolve(this.#listening ? undefined : 'the SIP listeners are not open'),
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#proxy.start();
    this.#listening = true;
  }

  async onApplicationShutdown(): Promise<void> {
    this.#listening = false;
    await this.#proxy.stop();
  }

  /** The listeners with their real ports. */
  listeners(): readonly ListenerDescription[] {
    return this.#proxy.listeners();
  }
}

@Module({})
class EsrpModule {}

export function esrpModule(config: EsrpConfig, o: { readonly tls?: TlsOptions } = {}): DynamicModule {
  return {
    module: EsrpModule,
    providers: [{ provide: CONFIG, useValue: { config, ...o } satisfies EsrpSettings }, EsrpService],
    exports: [EsrpService],
  };
}

/** Starts the routing proxy. `tls` is its certificate: without it there is no TLS listener. */
export function startEsrp(
  config: EsrpConfig,
  platform: PlatformOptions,
  o: { readonly tls?: TlsOptions } = {},
): Promise<RunningElement> {
  return startElement({ name: 'esrp', module: esrpModule(config, o), http: config.http, platform });
}
