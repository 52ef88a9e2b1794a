import type { CivicAddress } from './civic-address.js';
import { TOO_LONG, foldCivic } from './civic-fold.js';
import { civicKey } from './civic-names.js';
import { AREA_WIDTH, type CivicTables, ROAD_NAMES, ROAD_WIDTH } from './civic-tables.js';
import { stringId } from './string-table.js';

/** RFC 5222 8.4.2. */
export type CivicVerdict = 'valid' | 'invalid' | 'unchecked';

/** An address as it is compared: the number of each value, -1 for one that is nowhere in the data. */
export interface Sought {
  readonly t: CivicTables;
  readonly now: number;
  readonly verdicts: Map<string, CivicVerdict>;
  /** Of the area elements found valid so far, level by level; 0 for any. */
  readonly areaIds: Int32Array;
  /** Undefined: the address does not say. */
  id(name: string): number | undefined;
  text(name: string): string | undefined;
}

export function sought(t: CivicTables, address: CivicAddress, now: number): Sought {
  const values = new Map<string, string>();
  for (const e of address.elements) {
    const key = civicKey(e.name, e.uri);
    // The first of two counts.
    if (!values.has(key)) values.set(key, e.value);
  }
  const ids = new Map<string, number>();
  return {
    t,
    now,
    verdicts: new Map(),
    areaIds: new Int32Array(AREA_WIDTH),
    text: (name) => values.get(name),
    id(name) {
      const known = ids.get(name);
      if (known !== undefined) return known;
      const value = values.get(name);
      if (value === undefined) return undefined;
      const id = civicValueId(t, name, value);
      ids.set(name, id);
      return id;
    },
  };
}

/** The number of a value in the tables; -1 where none of them has it. */
export function civicValueId(t: CivicTables, name: string, value: string): number {
  const folded = foldCivic(name, value, t.folding);
  return folded === '' || folded === TOO_LONG ? -1 : stringId(t.strings, folded);
}

/** Whether an area has the valid elements. */
export function hasAreas(s: Sought, area: number): boolean {
  const at = area * AREA_WIDTH;
  for (let level = 0; level < AREA_WIDTH; level++) {
    const wanted = s.areaIds[level]!;
    if (wanted !== 0 && s.t.areas[at + level] !== wanted) return false;
  }
  return true;
}

/** How much of a road and its area the address leaves open. */
export function untold(s: Sought, road: number): number {
  const { t } = s;
  let count = 0;
  for (let part = 0; part < ROAD_NAMES.length; part++) {
    if (t.roads[road * ROAD_WIDTH + 1 + part] !== 0 && s.verdicts.get(ROAD_NAMES[part]!) !== 'valid')
      count += 1;
  }
  return count;
}
