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
  STORE,
  type Store,
  type TlsOptions,
  startElement,
} from '@esinet/platform';
import type { ListenerDescription } from '@esinet/sip';
import { Border } from './border.js';
import type { BcfConfig } from './config.js';

const CONFIG = Symbol('esinet.bcf.config');

interface BcfSettings {
  readonly config: BcfConfig;
  readonly tls?: TlsOptions;
}

/** The running border; its SIP listeners open before the HTTP port does. */
@Injectable()
export class BcfService implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #border: Border;
  #listening = false;

  constructor(
    @Inject(CONFIG) { config, tls }: BcfSettings,
    @Inject(BUS) bus: Bus,
    @Inject(STORE) store: Store,
    @Inject(CLOCK) clock: Clock,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) metrics: Metrics,
    @Inject(HEALTH) health: Health,
  ) {
    this.#border = new Border(config, { bus, store, clock, logger, metrics, ...(tls && { tls }) });
    health.register('sip', () =>
      Promise.resolve(this.#listening ? undefined : 'the SIP listeners are not open'),
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#border.start();
    this.#listening = true;
  }

  async onApplicationShutdown(): Promise<void> {
    this.#listening = false;
    await this.#border.stop();
  }

  /** The listeners with their real ports. */
  listeners(): readonly ListenerDescription[] {
    return this.#border.listeners();
  }
}

@Module({})
class BcfModule {}

export function bcfModule(config: BcfConfig, o: { readonly tls?: TlsOptions } = {}): DynamicModule {
  return {
    module: BcfModule,
    providers: [{ provide: CONFIG, useValue: { config, ...o } satisfies BcfSettings }, BcfService],
    exports: [BcfService],
  };
}

/** Starts the border. `tls` is its certificate: without it there is no TLS listener and no peer can be trusted. */
export function startBcf(
  config: BcfConfig,
  platform: PlatformOptions,
  o: { readonly tls?: TlsOptions } = {},
): Promise<RunningElement> {
  return startElement({ name: 'bcf', module: bcfModule(config, o), http: config.http, platform });
}
