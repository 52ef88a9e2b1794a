import { type DynamicModule, Module } from '@nestjs/common';
import { type PlatformOptions, type RunningElement, startElement } from '@esinet/platform';
import type { EsinetConfig } from '../config.js';
import { labNeighbours } from '../lab/lab-neighbours.js';
import { Calls } from './calls.js';
import { callRoutes } from './call-routes.js';
import { OVERVIEW, Overview } from './overview.js';
import { OverviewController } from './overview.controller.js';

@Module({})
class ConsoleModule {}

/** Where people look first: what runs, where, and whether it is well. */
export async function startConsole(
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
  const calls = new Calls(elements, platform.bus);
  const started = await startElement({
    name: 'console',
    module,
    http: config.console.http,
    platform: { ...platform, processMetrics: true },
    fastRoutes: () => callRoutes(calls),
  });
  return {
    ...started,
    close: async () => {
      calls.close();
      await started.close();
    },
  };
}
