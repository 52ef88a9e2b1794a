import type { CivicAddress } from './civic-address.js';
import { AREA_COLUMNS } from './civic-areas.js';
import { rowKey } from './civic-builder.js';
import type { CivicMatch } from './civic-match.js';
import { civicKey } from './civic-names.js';
import { civicValueId } from './civic-sought.js';
import { type CivicTables, rangeOf } from './civic-tables.js';
import { stringOf } from './string-table.js';

/** A row of a table of administrative areas: who serves all addresses that have these elements. */
export interface AreaRow {
  /** Name and the number of its folded value: of AREA_NAMES, or PC. */
  readonly elements: readonly (readonly [name: string, value: number])[];
  /** NGUID of a service boundary, or the id of a service of the table's own. */
  readonly boundary: string;
}

const WIDTH = AREA_COLUMNS.length;

export function areaRowCount(t: CivicTables): number {
  return t.rowTargets.length;
}

export function areaRow(t: CivicTables, row: number): AreaRow {
  const target = t.rowTargets[row]!;
  return {
    elements: AREA_COLUMNS.flatMap((name, i): (readonly [string, number])[] => {
      const value = t.rows[row * WIDTH + i]!;
      return value === 0 ? [] : [[name, value]];
    }),
    boundary: target < 0 ? t.own[-target - 1]!.id : stringOf(t.strings, target),
  };
}

/**
 * The rows of the tables of administrative areas whose every element an address has, the one that says most first: the
 * one with the most elements, of those the one with the finest, of those the first. Elements found invalid do not count.
 */
export function areaRowsFor(t: CivicTables, address: CivicAddress, m: CivicMatch): AreaRow[] {
  const ids = new Map<string, number>();
  for (const e of address.elements) {
    const name = civicKey(e.name, e.uri);
    if (AREA_COLUMNS.includes(name) && !ids.has(name) && m.verdicts.get(name) !== 'invalid')
      ids.set(name, civicValueId(t, name, e.value));
  }
  const found: { readonly row: number; readonly count: number; readonly last: number }[] = [];
  for (const [name, id] of ids) {
    if (id <= 0) continue;
    const [from, to] = rangeOf(t.rowsByLast, rowKey(name, id));
    for (let i = from; i < to; i++) {
      const row = t.rowsByLast.items[i]!;
      const values = AREA_COLUMNS.map((_, n) => t.rows[row * WIDTH + n]!);
      if (values.every((value, n) => value === 0 || value === ids.get(AREA_COLUMNS[n]!)))
        found.push({ row, count: values.filter((v) => v !== 0).length, last: AREA_COLUMNS.indexOf(name) });
    }
  }
  return found
    .sort((a, b) => b.count - a.count || b.last - a.last || a.row - b.row)
    .map(({ row }) => areaRow(t, row));
}
