import { type DynamicModule, Module } from '@nestjs/common';
import { type SipExtras, hopsOfAnotherEsinet, sipEdgeProvider } from '@esinet/platform';
import { apiControllers, apiProviders } from './api/providers.js';
import { PSAP_TLS } from './attachments/config.js';
import { PSAP_CONFIG, type PsapConfig } from './config.js';
import { PsapService } from './psap-service.js';
import { PsapStates } from './states/psap-states.js';
import { StateController } from './states/state.controller.js';

@Module({})
class PsapModule {}

export function psapModule(config: PsapConfig, o: SipExtras = {}): DynamicModule {
  return {
    module: PsapModule,
    controllers: [...apiControllers, StateController],
    providers: [
      { provide: PSAP_CONFIG, useValue: config },
      { provide: PSAP_TLS, useValue: o.tls ?? null },
      sipEdgeProvider({
        listeners: config.listeners,
        hopsBefore: 3 + hopsOfAnotherEsinet,
        drainMs: config.drain,
        ...o,
      }),
      PsapService,
      ...apiProviders,
      PsapStates,
    ],
  };
}
