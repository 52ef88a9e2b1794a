import {
  type AreaRow,
  type CivicTables,
  areaRow,
  areaRowCount,
  civicElement,
  civicValueId,
  foldText,
} from '@esinet/location';
import type { CivicLayer } from './civic-layer.js';
import type { CivicRule, ServedBoundary } from './layers.js';
import { normalServiceUrn } from './service-urn.js';

/** The first two boundaries that rows with some element lead to: whether there is another than one. */
interface Users {
  readonly first: string;
  readonly second?: string;
}

/** By service and scope, then by the name of an element. Plain, so that a worker can make it. */
export type ScopeUsers = ReadonlyMap<string, ReadonlyMap<string, Users>>;

const NONE = '-';
const ANY = '*';

/** Country and A1, which is where tables are large. */
type Scope = readonly [country: string, a1: string];

/** What rows of the tables need of an address. `urnOf`: the service of a boundary, undefined for none of ours. */
export function scopesOfRows(
  tables: CivicTables,
  urnOf: (boundary: string) => string | undefined,
): ScopeUsers {
  const users = new Map<string, Map<string, Users>>();
  for (let i = 0; i < areaRowCount(tables); i++) {
    const row = areaRow(tables, i);
    const urn = urnOf(row.boundary);
    if (urn === undefined) continue;
    const names = row.elements.map(([name]) => name);
    add(users, urn, names, scopeOfRow(row), row.boundary);
  }
  return users;
}

function add(
  users: Map<string, Map<string, Users>>,
  urn: string,
  names: readonly string[],
  [country, a1]: Scope,
  boundary: string,
): void {
  // Under what it has, and under what an address may have that leaves it open.
  for (const key of [`${country}|${a1}`, `${country}|${ANY}`, `${ANY}|${ANY}`]) {
    const scope = `${urn} ${key}`;
    let here = users.get(scope);
    if (!here) users.set(scope, (here = new Map<string, Users>()));
    for (const name of names) {
      const known = here.get(name);
      if (!known) here.set(name, { first: boundary });
      else if (known.first !== boundary && known.second === undefined)
        here.set(name, { first: known.first, second: boundary });
    }
  }
}

function scopeOfRow(row: AreaRow): Scope {
  const of = new Map(row.elements);
  return [scopeOf(of.get('country')), scopeOf(of.get('A1'))];
}

function scopeOf(value: number | undefined): string {
  return value === undefined ? NONE : String(value);
}

/**
 * Which elements tell the rows and rules of one service apart: what a civic boundary has to name so that no other row
 * is meant by an address in it (RFC 5222 12.3).
 */
export class CivicScopes {
  private constructor(
    private readonly tables: CivicTables | undefined,
    private readonly users: ScopeUsers,
  ) {}

  static of(
    data: CivicLayer | undefined,
    served: ReadonlyMap<string, ServedBoundary>,
    rules: readonly CivicRule[],
  ): CivicScopes {
    const urnOf = (id: string): string | undefined => {
      const found = data?.own.get(id) ?? served.get(id);
      return found && normalServiceUrn(found.boundary.serviceUrn);
    };
    const ofRows = data && (data.scopes ?? scopesOfRows(data.tables, urnOf));
    if (rules.length === 0) return new CivicScopes(data?.tables, ofRows ?? new Map());
    const users = new Map([...(ofRows ?? [])].map(([scope, here]) => [scope, new Map(here)]));
    const scopes = new CivicScopes(data?.tables, users);
    for (const rule of rules) {
      const urn = urnOf(rule.boundary);
      const names = rule.match.elements.map((e) => e.name);
      if (urn !== undefined) add(users, urn, names, scopes.#scopeOfRule(rule), rule.boundary);
    }
    return scopes;
  }

  /** Names of elements of rows and rules that lead elsewhere and that an address with the elements of a row may have. */
  ofRow(urn: string, row: AreaRow): Set<string> {
    return this.#names(urn, scopeOfRow(row), row.boundary);
  }

  ofRule(urn: string, rule: CivicRule): Set<string> {
    return this.#names(urn, this.#scopeOfRule(rule), rule.boundary);
  }

  #scopeOfRule(rule: CivicRule): Scope {
    const of = (name: string): string => {
      const value = civicElement(rule.match, name)?.value;
      if (value === undefined) return NONE;
      const id = this.tables ? civicValueId(this.tables, name, value) : -1;
      // A value that no row has: a scope of its own.
      return id > 0 ? scopeOf(id) : `"${foldText(value)}`;
    };
    return [of('country'), of('A1')];
  }

  #names(urn: string, [country, a1]: Scope, boundary: string): Set<string> {
    const keys =
      country === NONE
        ? [`${ANY}|${ANY}`]
        : a1 === NONE
          ? [`${country}|${ANY}`, `${NONE}|${ANY}`]
          : [`${country}|${a1}`, `${country}|${NONE}`, `${NONE}|${ANY}`];
    const found = new Set<string>();
    for (const key of keys) {
      for (const [name, users] of this.users.get(`${urn} ${key}`) ?? []) {
        if (users.first !== boundary || users.second !== undefined) found.add(name);
      }
    }
    return found;
  }
}
