import { type AreaService, type CivicAddress, type CivicTables, civicKey } from '@esinet/location';
import type { ScopeUsers } from './civic-scopes.js';
import type { ServedBoundary } from './layers.js';
import { normalServiceUrn } from './service-urn.js';

/** Metres by which an address stands beside the middle of its road. */
export const DEFAULT_SIDE_OFFSET_METRES = 10;

/** The civic data as they are asked together with the boundaries. Immutable. */
export interface CivicLayer {
  readonly tables: CivicTables;
  readonly sideOffsetMetres: number;
  /** Services that have no boundary but rows of a table, by the id their rows have. */
  readonly own: ReadonlyMap<string, ServedBoundary>;
  /** The service URNs of `own`. */
  readonly services: ReadonlySet<string>;
  /** Wall milliseconds at which an address begins or ends, ascending. */
  readonly changes: readonly number[];
  /** Of the rows, where they were worked out aside. */
  readonly scopes: ScopeUsers | undefined;
}

export interface CivicLayerOptions {
  readonly tables: CivicTables;
  readonly sideOffsetMetres?: number;
  readonly scopes?: ScopeUsers | undefined;
}

export function buildCivicLayer(o: CivicLayerOptions, source: string, builtAt: number): CivicLayer {
  const own = new Map(o.tables.own.map((service) => [service.id, ownService(service, source, builtAt)]));
  return {
    tables: o.tables,
    sideOffsetMetres: o.sideOffsetMetres ?? DEFAULT_SIDE_OFFSET_METRES,
    own,
    services: new Set([...own.values()].map((s) => normalServiceUrn(s.boundary.serviceUrn))),
    changes: [...new Set(o.tables.terms)].filter((at) => Number.isFinite(at)).sort((a, b) => a - b),
    scopes: o.scopes,
  };
}

function ownService(service: AreaService, source: string, lastUpdated: number): ServedBoundary {
  return {
    boundary: { ...service, serviceUrn: service.serviceUrn.toLowerCase() },
    source,
    lastUpdated,
    parts: [],
    vertices: 0,
    isMulti: false,
    part: () => undefined,
  };
}

/** The elements of an address with those names (see `civicKey`), as the address writes them. */
export function partOf(address: CivicAddress, names: ReadonlySet<string>): CivicAddress {
  const taken = new Set<string>();
  const elements = address.elements.filter((e) => {
    const key = civicKey(e.name, e.uri);
    if (!names.has(key) || taken.has(key)) return false;
    taken.add(key);
    return true;
  });
  return { ...(address.lang === undefined ? {} : { lang: address.lang }), elements };
}
