import {
  type AreaRow,
  type CivicAddress,
  type CivicTables,
  civicElement,
  civicKey,
  civicValueId,
  foldText,
} from '@esinet/location';
import type { CivicRule, ServedBoundary } from './layers.js';
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
}

export interface CivicLayerOptions {
  readonly tables: CivicTables;
  readonly sideOffsetMetres?: number;
}

/** Rows whose boundary is none of the set are of no use to anybody: their ids. */
export function unknownBoundaries(
  tables: CivicTables,
  served: ReadonlyMap<string, ServedBoundary>,
): string[] {
  const missing = tables.rows.filter((row) => !row.own && !served.has(row.boundary));
  return [...new Set(missing.map((row) => row.boundary))];
}

export function buildCivicLayer(o: CivicLayerOptions, builtAt: number): CivicLayer {
  const own = new Map<string, ServedBoundary>();
  for (const row of o.tables.rows) if (row.own) own.set(row.boundary, ownService(row, builtAt));
  return {
    tables: o.tables,
    sideOffsetMetres: o.sideOffsetMetres ?? DEFAULT_SIDE_OFFSET_METRES,
    own,
    services: new Set([...own.values()].map((s) => normalServiceUrn(s.boundary.serviceUrn))),
    changes: [...new Set(o.tables.terms)].filter((at) => Number.isFinite(at)).sort((a, b) => a - b),
  };
}

function ownService(row: AreaRow, lastUpdated: number): ServedBoundary {
  const { serviceUri, serviceUrn, displayName, serviceNumber } = row.own!;
  return {
    boundary: {
      id: row.boundary,
      serviceUri,
      serviceUrn: serviceUrn.toLowerCase(),
      displayName,
      ...(serviceNumber === undefined ? {} : { serviceNumber }),
      geometry: { type: 'MultiPolygon', coordinates: [] },
    },
    lastUpdated,
    parts: [],
    vertices: 0,
  };
}

/** The first two boundaries that rows with some element lead to: whether there is another than one. */
interface Users {
  readonly first: string;
  second?: string;
}

const NONE = '-';
const ANY = '*';

/** Country and A1. */
export type CivicScope = readonly [country: string, a1: string];

function scopeOf(value: number | undefined): string {
  return value === undefined ? NONE : String(value);
}

/**
 * Which elements tell the rows and rules of one service apart: what a civic boundary has to name so that no other row
 * is meant by an address in it (RFC 5222 12.3). By country and A1, which is where tables are large.
 */
export class CivicScopes {
  readonly #tables: CivicTables | undefined;
  readonly #users = new Map<string, Map<string, Users>>();

  constructor(
    data: CivicLayer | undefined,
    served: ReadonlyMap<string, ServedBoundary>,
    rules: readonly CivicRule[],
  ) {
    const urnOf = (id: string): string | undefined => {
      const found = data?.own.get(id) ?? served.get(id);
      return found && normalServiceUrn(found.boundary.serviceUrn);
    };
    this.#tables = data?.tables;
    for (const row of data?.tables.rows ?? [])
      this.#add(
        urnOf(row.boundary),
        row.elements.map(([name]) => name),
        this.ofRow(row),
        row.boundary,
      );
    for (const rule of rules)
      this.#add(
        urnOf(rule.boundary),
        rule.match.elements.map((e) => e.name),
        this.ofRule(rule),
        rule.boundary,
      );
  }

  ofRow(row: AreaRow): CivicScope {
    const of = new Map(row.elements);
    return [scopeOf(of.get('country')), scopeOf(of.get('A1'))];
  }

  ofRule(rule: CivicRule): CivicScope {
    const of = (name: string): string => {
      const value = civicElement(rule.match, name)?.value;
      if (value === undefined) return NONE;
      const id = this.#tables ? civicValueId(this.#tables, name, value) : -1;
      // A value that no row has: a scope of its own.
      return id > 0 ? scopeOf(id) : `"${foldText(value)}`;
    };
    return [of('country'), of('A1')];
  }

  #add(urn: string | undefined, names: readonly string[], [country, a1]: CivicScope, boundary: string): void {
    if (urn === undefined) return;
    // Under what it has, and under what an address may have that leaves it open.
    for (const key of [`${country}|${a1}`, `${country}|${ANY}`, `${ANY}|${ANY}`]) {
      const scope = `${urn} ${key}`;
      let users = this.#users.get(scope);
      if (!users) this.#users.set(scope, (users = new Map<string, Users>()));
      for (const name of names) {
        const known = users.get(name);
        if (!known) users.set(name, { first: boundary });
        else if (known.first !== boundary) known.second ??= boundary;
      }
    }
  }

  /** The elements of rows and rules that lead elsewhere than to `boundary` and that an address of a scope may mean. */
  names(urn: string, [country, a1]: CivicScope, boundary: string): Set<string> {
    const keys =
      country === NONE
        ? [`${ANY}|${ANY}`]
        : a1 === NONE
          ? [`${country}|${ANY}`, `${NONE}|${ANY}`]
          : [`${country}|${a1}`, `${country}|${NONE}`, `${NONE}|${ANY}`];
    const found = new Set<string>();
    for (const key of keys) {
      for (const [name, users] of this.#users.get(`${urn} ${key}`) ?? []) {
        if (users.first !== boundary || users.second !== undefined) found.add(name);
      }
    }
    return found;
  }
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
