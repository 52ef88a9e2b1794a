import type { PolygonShape, CircleShape } from '@esinet/location';

/** RFC 4661 7: filter documents. */
export const FILTER_TYPE = 'application/simple-filter+xml';

/** One thing that has to be so for a trigger to fire. */
export type Condition =
  /** Metres from the place told last. RFC 6447 3.1 */
  | { readonly kind: 'moved'; readonly metres: number }
  /** An element of the civic address. RFC 6447 3.3 */
  | {
      readonly kind: 'changed';
      readonly name: string;
      /** The namespace of an extension (RFC 6848); undefined for the elements of RFC 5139. */
      readonly uri?: string;
      readonly from?: string;
      readonly to?: string;
      readonly by?: number;
    }
  /** RFC 6447 3.4 */
  | { readonly kind: 'enterOrExit'; readonly region: CircleShape | PolygonShape };

/** RFC 6447 3.5 */
export interface LocationTypeWish {
  readonly types: 'any' | readonly ('civic' | 'geodetic')[];
  readonly exact: boolean;
}

/** One filter of a filter set, RFC 4661 3.4. */
export interface LocationFilter {
  readonly id: string;
  readonly enabled: boolean;
  /** Any of them fires it, each with all of its conditions; none at all: every change does. */
  readonly triggers: readonly (readonly Condition[])[];
  readonly locationType?: LocationTypeWish;
}

/** What a filter document says. */
export interface FilterChange {
  readonly put: readonly LocationFilter[];
  /** Ids of filters that are taken away. */
  readonly remove: readonly string[];
}

/** Bounds of the filters of one subscription. */
export interface FilterLimits {
  readonly maxFilters: number;
  /** Conditions of all filters together. */
  readonly maxConditions: number;
  /** Positions of one region. */
  readonly maxRegionPositions: number;
}

/** The filters in force after a document: those of the same id are replaced (RFC 4660 4.2). Undefined: too many. */
export function merged(
  before: readonly LocationFilter[],
  change: FilterChange,
  limits: FilterLimits,
): readonly LocationFilter[] | undefined {
  const byId = new Map(before.map((filter) => [filter.id, filter]));
  for (const id of change.remove) byId.delete(id);
  for (const filter of change.put) byId.set(filter.id, filter);
  const filters = [...byId.values()];
  const conditions = filters.reduce((n, f) => n + f.triggers.reduce((m, t) => m + t.length, 0), 0);
  return filters.length > limits.maxFilters || conditions > limits.maxConditions ? undefined : filters;
}

/** The first wish of the filters in force. RFC 6447 3.5: `any` where there is none. */
export function wishOf(filters: readonly LocationFilter[]): LocationTypeWish {
  return filters.find((f) => f.enabled && f.locationType)?.locationType ?? { types: 'any', exact: false };
}
