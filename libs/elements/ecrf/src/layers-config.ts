import { type LabCivic, civicFilesOf, civicPlanOf } from './civic-plan.js';
import type { EcrfConfig } from './ecrf-config.js';
import type { LayersPolicy } from './layers.js';
import type { InMemory, PackPlan } from './pack-files.js';

/** What `lab` stands for in a configuration. */
export interface LabExtras {
  /** GeoJSON. */
  readonly lab?: unknown;
  readonly labCivic?: LabCivic;
}

/** Files of `ecrf.boundaries` first, as one layer, then those of `ecrf.layers`. */
export function planOf(config: EcrfConfig, extras: LabExtras, changedAt: number): PackPlan {
  const lab: InMemory = { name: 'lab', geojson: extras.lab, changedAt };
  const simple = config.boundaries === 'lab' ? [lab] : config.boundaries;
  return {
    source: config.source,
    layers: [{ files: simple }, ...config.layers.map(({ files, service }) => ({ files, service }))],
    civic: civicPlanOf(config, extras.labCivic),
  };
}

/** Names of files only: what can change without a restart. */
export function filesOf(plan: PackPlan): string[] {
  const files = plan.layers.flatMap((layer) => layer.files.filter((file) => typeof file === 'string'));
  return [...new Set([...files, ...civicFilesOf(plan.civic)])];
}

/** What the configuration says about answering. `now`: wall milliseconds. */
export function policyOf(config: EcrfConfig, now: number): LayersPolicy {
  return {
    source: config.source,
    civic: config.civic.map(({ match, boundary }) => ({
      match: { elements: Object.entries(match).map(([name, value]) => ({ name, value })) },
      boundary,
    })),
    ...(config.defaultMapping === undefined
      ? {}
      : { defaultMapping: { uri: config.defaultMapping, displayName: config.defaultMappingName } }),
    layers: [
      {},
      ...config.layers.map((layer) => ({
        source: layer.source,
        defaultMapping: layer.default && {
          uri: layer.default.uri,
          displayName: layer.default.name ?? config.defaultMappingName,
        },
      })),
    ],
    uncertainty: config.uncertainty,
    expiresMs: config.expires,
    maxVerticesByValue: config.maxVerticesByValue,
    nearestWithinMetres: config.nearestWithinMetres,
    builtAt: now,
  };
}
