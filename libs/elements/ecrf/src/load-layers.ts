import type { Clock, Logger } from '@esinet/kernel';
import type { EcrfConfig } from './ecrf-config.js';
import { type EcrfLayers, layersOf } from './layers.js';
import { filesOf, planOf, policyOf } from './layers-config.js';
import type { LoadProblem } from './load-boundaries.js';
import { answersThroughOthers } from './load-referral.js';
import { packAside } from './pack-aside.js';
import { type PackPlan, type PackedFiles, packFiles } from './pack-files.js';

/** Nothing to answer from: the sentence for the operator. */
export class NoBoundariesError extends Error {
  override readonly name = 'NoBoundariesError';
}

/**
 * The layers of the start: what is broken is left out and named, since an ECRF that answers for most of a country is
 * better than none. `lab`: what `boundaries: lab` stands for.
 *
 * @throws NoBoundariesError when not a single feature can be used, and nobody else can be asked
 */
export async function loadLayers(
  config: EcrfConfig,
  lab: unknown,
  clock: Clock,
  logger: Logger,
): Promise<EcrfLayers> {
  const plan = planOf(config, { name: 'lab', geojson: lab, changedAt: clock.wall() });
  const packed = await packPlan(plan);
  logProblems(packed, logger);
  const layers = layersOf(packed.sets, policyOf(config, clock.wall()));
  if (layers.served.size === 0 && !answersThroughOthers(config)) {
    const [first] = packed.problems;
    const where = first ? ` (${first.source} ${first.feature}: ${first.message})` : '';
    throw new NoBoundariesError(`no usable service boundary${where}; set ecrf.boundaries`);
  }
  for (const { boundary } of config.civic) {
    if (!layers.served.has(boundary))
      logger.error('civic rule not used', { feature: boundary, reason: 'no such boundary' });
  }
  logger.info('boundaries loaded', { ...countsOf(packed), problems: packed.problems.length });
  return layers;
}

/** A collection that is in memory is packed here: it is small, and would have to be copied to a thread. */
function packPlan(plan: PackPlan): Promise<PackedFiles> {
  return filesOf(plan).length > 0 ? packAside(plan) : Promise.resolve(packFiles(plan));
}

export function logProblems(packed: PackedFiles, logger: Logger): void {
  const tell = (level: 'error' | 'warn', event: string, told: readonly LoadProblem[]): void => {
    for (const { source, feature, code, message } of told)
      logger[level](event, { file: source, feature, code, reason: message });
  };
  tell('error', 'boundary not used', packed.problems);
  tell('warn', 'boundary looks odd', packed.warnings);
}

export function countsOf({ sets }: PackedFiles): {
  boundaries: number;
  services: number;
  vertices: number;
} {
  return {
    boundaries: sets.reduce((sum, set) => sum + set.boundaries.length, 0),
    services: sets.length,
    vertices: sets.reduce((sum, set) => sum + set.packed.vertices, 0),
  };
}
