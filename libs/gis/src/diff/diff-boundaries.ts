import { attributionsOf, MAX_WORK } from '../check/check-boundaries.js';
import { checkFeatures } from '../check/check-features.js';
import { type GisFeature, type GisSource, inLayer } from '../check/gis-feature.js';
import { fingerprint, type FeatureRef, type Lonlat, type PolygonCoordinates } from '../check/issue.js';
import { areasOf, DEFAULT_TOLERANCE, insideOf, isSliver, type Tolerance } from '../check/part-area.js';
import type { Cover } from '../overlay/faces.js';
import { alignTurns, toGrid } from '../overlay/grid.js';
import { Overlay } from '../overlay/overlay.js';

/** Who answers calls from a place. Nobody: no URIs. */
export interface Served {
  readonly uris: readonly string[];
  readonly names: readonly string[];
}

/** An area whose calls go elsewhere than before. */
export interface AreaChange {
  /** The same as long as the two centres and the service are. */
  readonly id: string;
  readonly service: string;
  readonly from: Served;
  readonly to: Served;
  /** Square metres on the sphere. */
  readonly areaM2: number;
  /** Largest first. */
  readonly polygons: readonly PolygonCoordinates[];
  /** Positions within the largest of them, lon and lat. */
  readonly testPoints: readonly Lonlat[];
}

export interface AttributeChange {
  readonly feature: FeatureRef;
  readonly attributes: readonly { readonly name: string; readonly from: unknown; readonly to: unknown }[];
}

export interface BoundaryDiff {
  readonly areas: readonly AreaChange[];
  readonly added: readonly FeatureRef[];
  readonly removed: readonly FeatureRef[];
  readonly changed: readonly AttributeChange[];
  /** Places below the tolerance that were left out. */
  readonly slivers: number;
  /** Sentences on what could not be compared. */
  readonly remarks: readonly string[];
  readonly oldFeatures: readonly GisFeature[];
  readonly newFeatures: readonly GisFeature[];
  readonly attributions: readonly string[];
  readonly at: number;
}

export interface DiffOptions {
  /** Wall-clock milliseconds: features in force then are compared. */
  readonly at: number;
  readonly layer?: string;
  readonly tolerance?: Tolerance;
  readonly maxWork?: number;
  readonly progress?: (stage: string, share: number) => void;
}

const TEST_POINTS = 3;

/** What a new set of boundaries changes: for callers by their place, and for those who keep the set by its features. */
export function diffBoundaries(before: GisSource, after: GisSource, o: DiffOptions): BoundaryDiff {
  const remarks: string[] = [];
  const read = (source: GisSource): GisFeature[] => {
    const { features, issues } = checkFeatures(source, false, o.at);
    if (issues.some(({ code }) => code === 'not-a-feature-collection'))
      remarks.push(`${source.file} is no FeatureCollection`);
    const unread = features.filter((f) => f.polygons.length === 0).length;
    if (unread > 0) remarks.push(`${source.file}: ${unread} features have no geometry that can be compared`);
    return features.filter((f) => o.layer === undefined || inLayer(f, o.layer));
  };
  const oldFeatures = read(before);
  const newFeatures = read(after);
  const later = newFeatures.filter((f) => f.effective > o.at).length;
  if (later > 0)
    remarks.push(
      `${later} features of ${after.file} are not effective yet and were left out: --at DATE looks ahead`,
    );
  let areas: AreaChange[] = [];
  let slivers = 0;
  const services = new Set([...oldFeatures, ...newFeatures].map((f) => f.service));
  for (const service of [...services].sort()) {
    const changes = changesOf(
      service,
      oldFeatures.filter((f) => f.service === service && isInForce(f, o.at)),
      newFeatures.filter((f) => f.service === service && isInForce(f, o.at)),
      o,
    );
    areas = areas.concat(changes.areas);
    slivers += changes.slivers;
    if (changes.tangled) remarks.push(`${changes.tangled} is too tangled to compare: esinet gis check`);
  }
  areas.sort((a, b) => b.areaM2 - a.areaM2);
  const oldIds = new Map(oldFeatures.map((f) => [f.ref.id, f]));
  const newIds = new Map(newFeatures.map((f) => [f.ref.id, f]));
  return {
    areas,
    added: [...newIds.values()].filter((f) => !oldIds.has(f.ref.id)).map(({ ref }) => ref),
    removed: [...oldIds.values()].filter((f) => !newIds.has(f.ref.id)).map(({ ref }) => ref),
    changed: [...newIds.values()].flatMap((f) => attributesOf(oldIds.get(f.ref.id), f)),
    slivers,
    remarks,
    oldFeatures,
    newFeatures,
    attributions: attributionsOf([before, after]),
    at: o.at,
  };
}

export function isSame(diff: BoundaryDiff): boolean {
  return diff.areas.length + diff.added.length + diff.removed.length + diff.changed.length === 0;
}

function isInForce(f: GisFeature, at: number): boolean {
  return f.polygons.length > 0 && f.effective <= at && at < f.expires;
}

function attributesOf(before: GisFeature | undefined, after: GisFeature): AttributeChange[] {
  if (!before) return [];
  const names = [...new Set([...Object.keys(before.properties), ...Object.keys(after.properties)])];
  const attributes = names.flatMap((name) => {
    const [from, to] = [before.properties[name], after.properties[name]];
    return same(from, to) ? [] : [{ name, from: from ?? null, to: to ?? null }];
  });
  return attributes.length > 0 ? [{ feature: after.ref, attributes }] : [];
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  return JSON.stringify(a) === JSON.stringify(b);
}

interface Changes {
  readonly areas: readonly AreaChange[];
  readonly slivers: number;
  readonly tangled?: string;
}

function changesOf(
  service: string,
  before: readonly GisFeature[],
  after: readonly GisFeature[],
  o: DiffOptions,
): Changes {
  const features = [...before, ...after];
  if (features.length === 0) return { areas: [], slivers: 0 };
  const isOld = new Set(before);
  const shapes = features.map((f) => toGrid(f.polygons));
  alignTurns(shapes);
  const overlay = Overlay.of(shapes, {
    maxWork: o.maxWork ?? MAX_WORK,
    progress: (share) => o.progress?.(`comparing ${service || 'features'}`, share),
  });
  if (!(overlay instanceof Overlay)) {
    return {
      areas: [],
      slivers: 0,
      tangled: (overlay.worst === undefined ? undefined : features[overlay.worst]?.ref.name) ?? service,
    };
  }
  const groups = new Map<string, { readonly from: Served; readonly to: Served; readonly covers: number[] }>();
  overlay.covers.forEach((cover, c) => {
    const [from, to] = [
      servedBy(cover, features, (f) => isOld.has(f)),
      servedBy(cover, features, (f) => !isOld.has(f)),
    ];
    if (from.uris.join('\n') === to.uris.join('\n')) return;
    const key = `${from.uris.join('\n')}\n\n${to.uris.join('\n')}`;
    const group = groups.get(key);
    if (group) group.covers.push(c);
    else groups.set(key, { from, to, covers: [c] });
  });
  let slivers = 0;
  const areas = [...groups].flatMap(([key, { from, to, covers }]): AreaChange[] => {
    const all = areasOf(overlay.parts(covers));
    const real = all.filter((area) => !isSliver(area, o.tolerance ?? DEFAULT_TOLERANCE));
    slivers += all.length - real.length;
    if (real.length === 0) return [];
    return [
      {
        id: `change-${fingerprint(`${service}\n${key}`)}`,
        service,
        from,
        to,
        areaM2: real.reduce((sum, { areaM2 }) => sum + areaM2, 0),
        polygons: real.map(({ rings }) => rings),
        testPoints: real.slice(0, TEST_POINTS).map(({ rings }) => insideOf(rings)),
      },
    ];
  });
  return { areas, slivers };
}

function servedBy(cover: Cover, features: readonly GisFeature[], of: (f: GisFeature) => boolean): Served {
  const serving = cover.flatMap((shape, i) => {
    const feature = i % 2 === 0 ? features[shape] : undefined;
    return feature && of(feature) ? [feature] : [];
  });
  const uris = [...new Set(serving.map((f) => f.serviceUri || f.ref.id))].sort();
  return { uris, names: [...new Set(serving.map((f) => f.ref.name))].sort() };
}
