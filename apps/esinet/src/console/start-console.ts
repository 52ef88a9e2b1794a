import { type DynamicModule, Module } from '@nestjs/common';
import { type PlatformOptions, type RunningElement, startElement } from '@esinet/platform';
import type { EsinetConfig } from '../config.js';
import { labNeighbours } from '../lab/lab-neighbours.js';
import { OVERVIEW, Overview } from './overview.js';
import { OverviewController } from './overview.controller.js';

@Module({})
class ConsoleModule {}

/** Where people look first: what runs, where, and whether it is well. */
export function startConsole(
  config: EsinetConfig,
  platform: PlatformOptions,
  elements: ReadonlyMap<string, RunningElement>,
): Promise<RunningElement> {
  const module: DynamicModule = {
    module: ConsoleModule,
    controllers: [OverviewController],
    providers: [
      {
        provide: OVERVIEW,
        useValue: new Overview(elements, config.ecrf.boundaries === 'lab' ? labNeighbours().features : []),
      },
    ],
  };
  return startElement({
    name: 'console',
    module,
    http: config.console.http,
    platform: { ...platform, processMetrics: true },
  });
}
