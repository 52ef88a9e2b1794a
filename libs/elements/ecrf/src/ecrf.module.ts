import { type DynamicModule, Module } from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import type { LostDns } from '@esinet/lost';
import {
  type Bus,
  type Health,
  type Limits,
  type Metrics,
  type TlsOptions,
  BUS,
  CLOCK,
  HEALTH,
  LIMITS,
  LOGGER,
  METRICS,
} from '@esinet/platform';
import type { EcrfConfig } from './ecrf-config.js';
import { Ecrf } from './ecrf.js';
import { type EcrfLayers, buildLayers } from './layers.js';
import {
  type BoundarySource,
  type LoadProblem,
  loadBoundaries,
  readBoundaryFile,
} from './load-boundaries.js';
import { answersThroughOthers, loadReferral } from './load-referral.js';

export const ECRF = Symbol('esinet.ecrf');

/** What `boundaries: lab` stands for: a GeoJSON FeatureCollection. */
export interface EcrfExtras {
  readonly lab?: unknown;
  /** Shown to the servers asked. */
  readonly tls?: TlsOptions;
  /** In place of the system's. */
  readonly dns?: LostDns;
}

/** Nothing to answer from: the sentence for the operator. */
export class NoBoundariesError extends Error {
  override readonly name = 'NoBoundariesError';
}

@Module({})
export class EcrfModule {}

export function ecrfModule(config: EcrfConfig, extras: EcrfExtras = {}): DynamicModule {
  return {
    module: EcrfModule,
    providers: [
      {
        provide: ECRF,
        inject: [CLOCK, LOGGER, METRICS, BUS, HEALTH, LIMITS],
        useFactory: async (
          clock: Clock,
          logger: Logger,
          metrics: Metrics,
          bus: Bus,
          health: Health,
          limits: Limits,
        ) =>
          new Ecrf(
            await loadLayers(config, extras, clock, logger),
            { clock, logger, metrics, bus, health, limits },
            await loadReferral(config, { clock, logger, metrics, ...extras }),
          ),
      },
    ],
    exports: [ECRF],
  };
}

/** @throws NoBoundariesError when not a single feature can be used */
async function loadLayers(
  config: EcrfConfig,
  extras: EcrfExtras,
  clock: Clock,
  logger: Logger,
): Promise<EcrfLayers> {
  const sources: BoundarySource[] = [];
  const problems: LoadProblem[] = [];
  if (config.boundaries === 'lab') {
    sources.push({ name: 'lab', geojson: extras.lab, changedAt: clock.wall() });
  } else {
    for (const file of config.boundaries) {
      const read = await readBoundaryFile(file);
      if (read.ok) sources.push(read.value);
      else problems.push(read.error);
    }
  }
  const loaded = loadBoundaries(sources);
  problems.push(...loaded.problems);
  for (const { source, feature, code, message } of problems) {
    logger.error('boundary not used', { file: source, feature, code, reason: message });
  }
  if (loaded.boundaries.length === 0 && !answersThroughOthers(config)) {
    const [first] = problems;
    const where = first ? ` (${first.source} ${first.feature}: ${first.message})` : '';
    throw new NoBoundariesError(`no usable service boundary${where}; set ecrf.boundaries`);
  }
  const layers = buildLayers({
    source: config.source,
    boundaries: loaded.boundaries,
    civic: config.civic.map(({ match, boundary }) => ({
      match: { elements: Object.entries(match).map(([name, value]) => ({ name, value })) },
      boundary,
    })),
    ...(config.defaultMapping === undefined
      ? {}
      : { defaultMapping: { uri: config.defaultMapping, displayName: config.defaultMappingName } }),
    expiresMs: config.expires,
    maxVerticesByValue: config.maxVerticesByValue,
    nearestWithinMetres: config.nearestWithinMetres,
    builtAt: clock.wall(),
  });
  for (const { boundary } of config.civic) {
    if (!layers.served.has(boundary))
      logger.error('civic rule not used', { feature: boundary, reason: 'no such boundary' });
  }
  logger.info('boundaries loaded', {
    boundaries: layers.served.size,
    services: layers.services.size,
    vertices: [...layers.served.values()].reduce((sum, s) => sum + s.vertices, 0),
    problems: problems.length,
  });
  return layers;
}
