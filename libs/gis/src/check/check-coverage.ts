import { isoTime } from '@esinet/kernel';
import type { Cover } from '../overlay/faces.js';
import { alignTurns, type GridPolygons, toGrid, UNITS_PER_DEGREE } from '../overlay/grid.js';
import { Overlay, type Part } from '../overlay/overlay.js';
import type { GisFeature } from './gis-feature.js';
import type { IssueDraft } from './issue.js';
import { type Area, areaOf, areasOf, isSliver, type Tolerance } from './part-area.js';

export interface CoverageOptions {
  /** Wall-clock milliseconds. */
  readonly now: number;
  readonly tolerance: Tolerance;
  /** What should be covered, no less and no more. */
  readonly authority?: GridPolygons;
  /** Pairs of lines looked at before a feature is left out. */
  readonly maxWork: number;
  readonly progress?: (share: number) => void;
}

/** Pairs of overlapping features listed of one layer. */
export const MAX_PAIRS = 20_000;
/** Times that these pairs are met, in all the pieces that features cut each other into. */
const MAX_PAIR_PIECES = 500_000;
/** Later dates looked at for areas that lose their centre. */
const MAX_LATER = 24;
/** Features left out of one layer as too tangled before the layer is given up. */
const MAX_LEFT_OUT = 5;

interface Layer {
  readonly service: string;
  readonly features: readonly GisFeature[];
  readonly overlay: Overlay;
  readonly o: CoverageOptions;
  /** The number that the authority's boundary has among the features. */
  readonly authority: number | undefined;
}

/** Faults between the features of one service: gaps, overlaps, what lies beyond the authority, what ends later. */
export function checkCoverage(service: string, all: readonly GisFeature[], o: CoverageOptions): IssueDraft[] {
  const issues: IssueDraft[] = [];
  let features = all.filter((f) => f.polygons.length > 0 && f.expires > o.now && f.expires > f.effective);
  for (let leftOut = 0; features.length > 0; leftOut += 1) {
    const shapes = features.map((f) => toGrid(f.polygons));
    const authority = o.authority ? shapes.push(o.authority) - 1 : undefined;
    alignTurns(shapes);
    const overlay = Overlay.of(shapes, o);
    if (overlay instanceof Overlay) {
      const layer: Layer = { service, features, overlay, o, authority };
      return [
        ...issues,
        ...selfFaults(layer),
        ...overlaps(layer),
        ...gaps(layer),
        ...beyond(layer),
        ...later(layer),
      ];
    }
    const worst = overlay.worst === undefined ? undefined : features[overlay.worst];
    const message = worst
      ? 'left out of the comparison'
      : overlay.worst === undefined
        ? 'too many features lie over each other; none were compared'
        : 'the boundary of the authority is too tangled; nothing was compared';
    issues.push({ code: 'too-complex', message, features: worst ? [worst.ref] : [], service });
    if (!worst) break;
    if (leftOut >= MAX_LEFT_OUT) {
      const givenUp = 'there are more like these; nothing was compared';
      issues.push({ code: 'too-complex', message: givenUp, features: [], service, mark: 'all' });
      break;
    }
    features = features.filter((f) => f !== worst);
  }
  return issues;
}

function shapesOf(cover: Cover): number[] {
  return cover.filter((_, i) => i % 2 === 0);
}

function addTo<T>(map: Map<number, T[]>, key: number, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

function coversWhere({ overlay }: Layer, wanted: (shapes: readonly number[]) => boolean): number[] {
  return overlay.covers.flatMap((cover, i) => (wanted(shapesOf(cover)) ? [i] : []));
}

function inForce({ features, authority }: Layer, shape: number, at: number): boolean {
  if (shape === authority) return false;
  const feature = features[shape];
  return feature !== undefined && feature.effective <= at && at < feature.expires;
}

function selfFaults({ overlay, features, service, o, authority }: Layer): IssueDraft[] {
  const crossings = new Map<number, [number, number][]>();
  for (const { shape, x, y } of overlay.selfCrossings) {
    const at: [number, number] = [x / UNITS_PER_DEGREE, y / UNITS_PER_DEGREE];
    if (at[0] > 180) at[0] -= 360;
    addTo(crossings, shape, at);
  }
  const twice = new Map<number, number[]>();
  overlay.covers.forEach((cover, i) => {
    for (let k = 0; k < cover.length; k += 2) {
      if (cover[k + 1] !== 1) addTo(twice, cover[k]!, i);
    }
  });
  const issues: IssueDraft[] = [];
  for (const [shape, places] of crossings) {
    const feature = features[shape];
    const [first] = places;
    if (!feature || shape === authority || !first) continue;
    const message = places.length === 1 ? 'in one place' : `in ${places.length} places or more`;
    issues.push({
      code: 'self-crossing',
      message,
      features: [feature.ref],
      place: { lon: first[0], lat: first[1] },
      geometry: { type: 'MultiPoint', coordinates: places },
    });
  }
  for (const [shape, covers] of twice) {
    const feature = features[shape];
    if (!feature || shape === authority || crossings.has(shape)) continue;
    const parts = overlay.parts(covers).filter((p) => !p.unbounded);
    const areas = areasOf(parts).filter((a) => !isSliver(a, o.tolerance));
    if (areas.length === 0) continue;
    issues.push({
      code: 'self-overlap',
      message: 'covered twice by one feature',
      features: [feature.ref],
      ...areaOf(areas),
    });
  }
  return issues.map((issue) => ({ ...issue, service }));
}

function overlaps(layer: Layer): IssueDraft[] {
  const { overlay, features, service, o } = layer;
  const coversOf = new Map<number, Set<number>>();
  const pairs = new Map<string, { readonly a: number; readonly b: number; readonly covers: number[] }>();
  let skipped = 0;
  let pieces = 0;
  overlay.covers.forEach((cover, c) => {
    const shapes = shapesOf(cover).filter((s) => s !== layer.authority);
    for (const s of shapes) coversOf.set(s, (coversOf.get(s) ?? new Set()).add(c));
    for (let i = 0; i < shapes.length; i += 1) {
      for (let k = i + 1; k < shapes.length; k += 1) {
        const [a, b] = [shapes[i]!, shapes[k]!];
        if (!together(features[a]!, features[b]!)) continue;
        pieces += 1;
        if (pieces > MAX_PAIR_PIECES) return;
        const key = `${a} ${b}`;
        const known = pairs.get(key);
        if (known) known.covers.push(c);
        else if (pairs.size < MAX_PAIRS) pairs.set(key, { a, b, covers: [c] });
        else skipped += 1;
      }
    }
  });
  const issues: IssueDraft[] = [];
  for (const { a, b, covers } of pairs.values()) {
    const [one, other] = [features[a]!, features[b]!];
    const areas = areasOf(overlay.parts(covers));
    const same = coversOf.get(a)?.size === covers.length && coversOf.get(b)?.size === covers.length;
    const between = `${one.ref.name} and ${other.ref.name}`;
    const shared = { features: [one.ref, other.ref], service };
    const real = areas.filter((area) => !isSliver(area, o.tolerance));
    const slivers = areas.filter((area) => isSliver(area, o.tolerance));
    const versions = isVersion(one, other);
    if (real.length > 0) {
      const code = versions ? 'overlapping-validity' : same ? 'duplicate-geometry' : 'overlap';
      const message = `${between}${inPlaces(real)}${during(one, other, o.now)}`;
      issues.push({ code, message, ...shared, ...areaOf(real) });
    }
    if (slivers.length > 0 && !versions) {
      issues.push({
        code: 'sliver-overlap',
        message: `${between}${inPlaces(slivers)}`,
        ...shared,
        ...areaOf(slivers),
      });
    }
  }
  if (skipped > 0 || pieces > MAX_PAIR_PIECES) {
    const message = `${pairs.size} pairs of overlapping features are listed; there are more, and areas may be larger`;
    issues.push({ code: 'not-all-compared', message, features: [], service });
  }
  return issues;
}

/** Both in force at some time. */
function together(a: GisFeature, b: GisFeature): boolean {
  return Math.max(a.effective, b.effective) < Math.min(a.expires, b.expires);
}

/** One follows the other: dates are given, and calls go to the same place. */
function isVersion(a: GisFeature, b: GisFeature): boolean {
  const dated = Math.min(a.expires, b.expires) < Infinity && Math.max(a.effective, b.effective) > -Infinity;
  return dated && a.serviceUri !== '' && a.serviceUri === b.serviceUri;
}

function during(a: GisFeature, b: GisFeature, now: number): string {
  const from = Math.max(a.effective, b.effective);
  const to = Math.min(a.expires, b.expires);
  if (from <= now && to === Infinity) return '';
  return `${from > now ? `, from ${isoTime(from)}` : ''}${to < Infinity ? `, until ${isoTime(to)}` : ''}`;
}

function inPlaces(areas: readonly Area[]): string {
  return areas.length === 1 ? '' : `, in ${areas.length} places`;
}

function gaps(layer: Layer): IssueDraft[] {
  const { overlay, features, service, o, authority } = layer;
  if (!features.some((_, shape) => inForce(layer, shape, o.now))) {
    return [{ code: 'nothing-in-force', message: `none of ${features.length}`, features: [], service }];
  }
  const open = coversWhere(
    layer,
    (shapes) =>
      !shapes.some((s) => inForce(layer, s, o.now)) &&
      (authority === undefined || shapes.includes(authority)),
  );
  const issues: IssueDraft[] = [];
  const slivers = new Map<string, { readonly part: Part; readonly areas: Area[] }>();
  for (const part of overlay.parts(open)) {
    if (part.unbounded) continue;
    const [area] = areasOf([part]);
    if (!area) continue;
    if (isSliver(area, o.tolerance)) {
      const key = part.neighbours.join();
      const known = slivers.get(key);
      if (known) known.areas.push(area);
      else slivers.set(key, { part, areas: [area] });
      continue;
    }
    issues.push(gapIssue(layer, 'gap', part, [area]));
  }
  for (const { part, areas } of slivers.values()) issues.push(gapIssue(layer, 'sliver-gap', part, areas));
  return issues.map((issue) => ({ ...issue, service }));
}

function gapIssue(layer: Layer, code: 'gap' | 'sliver-gap', part: Part, areas: readonly Area[]): IssueDraft {
  const around = part.neighbours.filter((s) => inForce(layer, s, layer.o.now));
  const refs = around.flatMap((s) => layer.features[s]?.ref ?? []);
  const names = refs.slice(0, 4).map(({ name }) => name);
  const more = refs.length > names.length ? ` and ${refs.length - names.length} more` : '';
  const placed = areaOf(areas);
  const where =
    refs.length === 0
      ? 'nobody near'
      : `${refs.length === 1 ? 'within or beside' : 'between'} ${listed(names, more === '')}${more}`;
  // Neighbours may have several gaps between them.
  const mark = `${placed.place.lon.toFixed(2)} ${placed.place.lat.toFixed(2)}`;
  return { code, message: `${where}${inPlaces(areas)}`, features: refs, mark, ...placed };
}

function listed(names: readonly string[], complete: boolean): string {
  if (!complete || names.length < 2) return names.join(', ');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function beyond(layer: Layer): IssueDraft[] {
  const { overlay, features, service, o, authority } = layer;
  if (authority === undefined) return [];
  const outside = new Map<number, number[]>();
  overlay.covers.forEach((cover, c) => {
    const shapes = shapesOf(cover);
    if (shapes.includes(authority)) return;
    for (const s of shapes) addTo(outside, s, c);
  });
  return [...outside].flatMap(([shape, covers]): IssueDraft[] => {
    const feature = features[shape];
    const areas = areasOf(overlay.parts(covers)).filter((area) => !isSliver(area, o.tolerance));
    if (!feature || areas.length === 0) return [];
    const message = `${feature.ref.name}${inPlaces(areas)}`;
    return [{ code: 'beyond-authority', message, features: [feature.ref], service, ...areaOf(areas) }];
  });
}

/** At each later date on which something changes: what was covered just before and is not any more. */
function later(layer: Layer): IssueDraft[] {
  const { features, overlay, service, o } = layer;
  const dates = [...new Set(features.map((f) => f.expires))]
    .filter((t) => t > o.now && t < Infinity)
    .sort((a, b) => a - b);
  return dates.slice(0, MAX_LATER).flatMap((at): IssueDraft[] => {
    const lost = coversWhere(
      layer,
      (shapes) => shapes.some((s) => inForce(layer, s, at - 1)) && !shapes.some((s) => inForce(layer, s, at)),
    );
    const areas = areasOf(overlay.parts(lost)).filter((area) => !isSliver(area, o.tolerance));
    if (areas.length === 0) return [];
    const refs = features.filter((f) => f.expires === at).map(({ ref }) => ref);
    const message = `from ${isoTime(at)}: ${refs
      .slice(0, 4)
      .map(({ name }) => name)
      .join(', ')}`;
    return [{ code: 'coverage-ends', message, features: refs, service, ...areaOf(areas) }];
  });
}
