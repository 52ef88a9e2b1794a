import { type CivicAddress, type Shape, centroidOf, distance } from '@esinet/location';
import type { Condition, LocationFilter } from './location-filter.js';
import { sideOf } from './region-share.js';

/** Where somebody is, as filters see it. */
export interface Whereabouts {
  readonly shape?: Shape;
  readonly civic?: CivicAddress;
}

/** Sides of the regions that a watcher knows of, by region. */
export type Sides = Map<Shape, 'in' | 'out'>;

/**
 * Whether a change is to be told (RFC 6447 3, RFC 4661 3.6): some filter has no trigger, or one whose conditions all
 * hold. Everything is measured from what was told last. `sides` learns sides that were in doubt until now.
 */
export function isWanted(
  filters: readonly LocationFilter[],
  told: Whereabouts,
  now: Whereabouts,
  sides: Sides,
): boolean {
  const enabled = filters.filter((f) => f.enabled);
  if (enabled.length === 0) return true;
  let wanted = false;
  for (const { triggers } of enabled) {
    if (triggers.length === 0) wanted = true;
    for (const trigger of triggers) {
      // Each is looked at, so that each region learns its side.
      const all = trigger.map((condition) => holds(condition, told, now, sides));
      if (all.every((one) => one)) wanted = true;
    }
  }
  return wanted;
}

/** The sides of all regions where this is told. */
export function learnSides(filters: readonly LocationFilter[], now: Whereabouts, sides: Sides): void {
  const regions = new Set<Shape>();
  for (const { triggers } of filters) {
    for (const condition of triggers.flat()) {
      if (condition.kind !== 'enterOrExit') continue;
      regions.add(condition.region);
      const side = now.shape && sideOf(now.shape, condition.region);
      // In doubt the side stays: small movements at the border trigger nothing.
      if (side) sides.set(condition.region, side);
    }
  }
  for (const region of [...sides.keys()]) if (!regions.has(region)) sides.delete(region);
}

function holds(condition: Condition, told: Whereabouts, now: Whereabouts, sides: Sides): boolean {
  switch (condition.kind) {
    case 'moved':
      if (!now.shape) return false;
      // Nothing told yet: any place is news.
      if (!told.shape) return true;
      return (
        distance(centroidOf(told.shape), centroidOf(now.shape)) >=
        Math.max(condition.metres, Number.MIN_VALUE)
      );
    case 'changed':
      return hasChanged(condition, valueOf(told.civic, condition), valueOf(now.civic, condition));
    case 'enterOrExit': {
      const side = now.shape && sideOf(now.shape, condition.region);
      if (!side) return false;
      const before = sides.get(condition.region);
      if (before === undefined && side === 'out') sides.set(condition.region, 'out');
      return before === undefined ? side === 'in' : before !== side;
    }
  }
}

function hasChanged(
  { from, to, by }: Extract<Condition, { readonly kind: 'changed' }>,
  before: string | undefined,
  after: string | undefined,
): boolean {
  if (before === after) return false;
  if (from !== undefined && before !== from) return false;
  if (to !== undefined && after !== to) return false;
  if (by === undefined) return true;
  // NaN where one is no number: not a change by so much.
  return Math.abs(Number(after ?? NaN) - Number(before ?? NaN)) >= by;
}

function valueOf(
  civic: CivicAddress | undefined,
  { name, uri }: { readonly name: string; readonly uri?: string },
): string | undefined {
  return civic?.elements.find((e) => e.name === name && e.uri === uri)?.value;
}
