import type { EcrfConfig } from './ecrf-config.js';
import type { LayersPolicy } from './layers.js';
import type { InMemory, PackPlan } from './pack-files.js';

/** Files of `ecrf.boundaries` first, as one layer, then those of `ecrf.layers`. */
export function planOf(config: EcrfConfig, lab: InMemory): PackPlan {
  const simple = config.boundaries === 'lab' ? [lab] : config.boundaries;
  return {
    source: config.source,
    layers: [{ files: simple }, ...config.layers.map(({ files, service }) => ({ files, service }))],
  };
}

/** Names of files only: what can change without a restart. */
export function filesOf(plan: PackPlan): string[] {
  return [...new Set(plan.layers.flatMap((layer) => layer.files.filter((file) => typeof file === 'string')))];
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
