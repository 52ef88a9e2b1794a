import { type DynamicModule, Module } from '@nestjs/common';
import { sipEdgeProvider } from '@esinet/platform';
import { ChatsController } from './chats.controller.js';
import { PSAP_CONFIG, type PsapConfig } from './config.js';
import { PsapService } from './psap-service.js';

@Module({})
class PsapModule {}

export function psapModule(config: PsapConfig): DynamicModule {
  return {
    module: PsapModule,
    controllers: [ChatsController],
    providers: [
      { provide: PSAP_CONFIG, useValue: config },
      sipEdgeProvider({ listeners: config.listeners, hopsBefore: 3, drainMs: config.drain }),
      PsapService,
    ],
  };
}
