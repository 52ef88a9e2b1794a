import { type DynamicModule, Module } from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import { sizeOfTables } from '@esinet/location';
import {
  type Bus,
  type Health,
  type Limits,
  type Metrics,
  BUS,
  CLOCK,
  HEALTH,
  LIMITS,
  LOGGER,
  METRICS,
} from '@esinet/platform';
import type { EcrfConfig } from './ecrf-config.js';
import { Ecrf } from './ecrf.js';
import { unknownBoundaries } from './civic-layer.js';
import { type EcrfLayers, buildLayers } from './layers.js';
import {
  type BoundarySource,
  type LoadProblem,
  loadBoundaries,
  readBoundaryFile,
} from './load-boundaries.js';
import { type BuiltCivic, type LabCivicData, buildCivic, readCivicInput } from './load-civic.js';

export const ECRF = Symbol('esinet.ecrf');

/** What `boundaries: lab` stands for: a GeoJSON FeatureCollection. */
export interface EcrfExtras {
  readonly lab?: unknown;
  /** What `civicData: lab` stands for, which is the default with the lab's boundaries. */
  readonly labCivic?: LabCivicData;
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
          new Ecrf(await loadLayers(config, extras, clock, logger), {
            clock,
            logger,
            metrics,
            bus,
            health,
            limits,
          }),
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
  if (loaded.boundaries.length === 0) {
    const [first] = problems;
    const where = first ? ` (${first.source} ${first.feature}: ${first.message})` : '';
    throw new NoBoundariesError(`no usable service boundary${where}; set ecrf.boundaries`);
  }
  const civicConfig = config.civicData ?? (config.boundaries === 'lab' ? 'lab' : undefined);
  const civicInput = await readCivicInput(civicConfig, extras.labCivic);
  const civic = civicInput && buildCivic(civicInput);
  const layers = buildLayers({
    source: config.source,
    boundaries: loaded.boundaries,
    ...(civicInput && civic
      ? { civicData: { tables: civic.loaded.tables, sideOffsetMetres: civicInput.sideOffsetMetres } }
      : {}),
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
  if (civic) logCivic(civic, layers, logger);
  logger.info('boundaries loaded', {
    boundaries: layers.served.size,
    services: layers.services.size,
    vertices: [...layers.served.values()].reduce((sum, s) => sum + s.vertices, 0),
    problems: problems.length,
  });
  return layers;
}

function logCivic({ loaded, problems }: BuiltCivic, layers: EcrfLayers, logger: Logger): void {
  for (const { source, feature, code, message } of problems)
    logger.error('civic data not used', { file: source, feature, code, reason: message });
  for (const feature of unknownBoundaries(loaded.tables, layers.served))
    logger.error('civic area not used', { feature, reason: 'no such boundary' });
  logger.info('civic data loaded', {
    ...loaded.counts,
    octets: sizeOfTables(loaded.tables),
    problems: problems.length + loaded.unlisted,
  });
}
