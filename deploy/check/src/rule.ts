import type { Manifest } from './manifest.js';

/** What every deployment of ours has to keep to. */
export interface Rule {
  readonly name: string;
  /** Why, for whom a manifest is refused. */
  readonly because: string;
  /** A sentence for each place that does not keep to it. Looks only at what is given. */
  readonly broken: (manifests: readonly Manifest[]) => string[];
}

/** Every sentence with the name of its rule before it. */
export function lint(rules: readonly Rule[], manifests: readonly Manifest[]): string[] {
  return rules.flatMap(({ name, because, broken }) =>
    broken(manifests).map((sentence) => `${name}: ${sentence} (${because})`),
  );
}
