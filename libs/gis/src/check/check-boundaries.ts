import { readBoundaries } from '@esinet/location';
import { toGrid } from '../overlay/grid.js';
import { checkCoverage } from './check-coverage.js';
import { checkFeatures } from './check-features.js';
import type { AcceptedException } from './exceptions.js';
import { type GisFeature, type GisSource, inLayer, isRecord } from './gis-feature.js';
import { fingerprint, type Issue, type IssueDraft } from './issue.js';
import { issueCatalogue } from './issue-catalogue.js';
import { DEFAULT_TOLERANCE, type Tolerance } from './part-area.js';
import { readGeometry, turned } from './read-geometry.js';

export interface CheckOptions {
  /** Wall-clock milliseconds. */
  readonly now: number;
  /** Only features of this service. */
  readonly layer?: string;
  /** GeoJSON whose polygons are to be covered, no less and no more. */
  readonly authority?: unknown;
  readonly tolerance?: Tolerance;
  readonly exceptions?: readonly AcceptedException[];
  readonly maxWork?: number;
  readonly progress?: (stage: string, share: number) => void;
}

export interface CheckReport {
  /** Errors first, then by code. */
  readonly issues: readonly Issue[];
  readonly features: readonly GisFeature[];
  readonly files: readonly string[];
  readonly services: readonly string[];
  /** Of the files' own: whom the outlines are from. */
  readonly attributions: readonly string[];
  readonly errors: number;
  readonly notices: number;
  readonly accepted: number;
  readonly tolerance: Tolerance;
  readonly checkedAt: number;
}

/** Pairs of lines compared in one layer: about ten seconds of work. */
export const MAX_WORK = 400_000_000;

/** Everything that is wrong or odd in files of service boundaries, seen as one set. */
export function checkBoundaries(sources: readonly GisSource[], o: CheckOptions): CheckReport {
  // Not by push(...): a large set has more issues than a call may have arguments.
  let drafts: IssueDraft[] = [];
  let features: GisFeature[] = [];
  for (const source of sources) {
    o.progress?.(`reading features of ${source.file}`, 0);
    const checked = checkFeatures(source, sources.length > 1, o.now);
    drafts = drafts.concat(checked.issues);
    features = features.concat(checked.features);
  }
  drafts = drafts.concat(duplicateIds(features));
  const asEcrf = whatEcrfSays(features, drafts);
  drafts = drafts.concat(asEcrf.issues);
  features = features.map((f) =>
    asEcrf.swapped.has(f) ? { ...f, polygons: f.polygons.map((rings) => rings.map(turned)) } : f,
  );
  if (o.layer !== undefined) {
    const { layer } = o;
    const kept = new Set(features.filter((f) => inLayer(f, layer)).map((f) => f.ref));
    features = features.filter((f) => kept.has(f.ref));
    drafts = drafts.filter(
      (d) =>
        d.features.some((ref) => kept.has(ref)) || d.code === 'crs' || d.code === 'not-a-feature-collection',
    );
  }
  if (features.length === 0 && !drafts.some((d) => d.code === 'not-a-feature-collection')) {
    const message = o.layer === undefined ? 'no features' : `no features of ${o.layer}`;
    drafts.push({ code: 'no-features', message, features: [] });
  }
  const tolerance = o.tolerance ?? DEFAULT_TOLERANCE;
  const authority = o.authority === undefined ? undefined : polygonsOfAll(o.authority);
  const services = [...new Set(features.map((f) => f.service))].sort();
  for (const service of services) {
    const progress = (share: number): void => o.progress?.(`comparing ${service || 'features'}`, share);
    drafts = drafts.concat(
      checkCoverage(
        service,
        features.filter((f) => f.service === service),
        {
          now: o.now,
          tolerance,
          maxWork: o.maxWork ?? MAX_WORK,
          // Comparing changes the rings: each layer has its own.
          ...(authority && { authority: toGrid(authority) }),
          ...(o.progress && { progress }),
        },
      ),
    );
  }
  drafts = drafts.concat(refusedAllTheSame(asEcrf.refusals, features, drafts));
  const issues = accept(drafts.map(issueOf), o.exceptions ?? []).sort(byWeight);
  const open = issues.filter((issue) => issue.accepted === undefined);
  return {
    issues,
    features,
    files: sources.map(({ file }) => file),
    services: services.filter((s) => s !== ''),
    attributions: attributionsOf(sources),
    errors: open.filter(({ severity }) => severity === 'Error').length,
    notices: open.filter(({ severity }) => severity === 'Notice').length,
    accepted: issues.length - open.length,
    tolerance,
    checkedAt: o.now,
  };
}

/** A member `attribution` of a collection or of its properties, as the lab writes it. */
export function attributionsOf(sources: readonly GisSource[]): string[] {
  const found = sources.flatMap(({ geojson }) => {
    if (!isRecord(geojson)) return [];
    const { attribution, properties } = geojson;
    const text = attribution ?? (isRecord(properties) ? properties['attribution'] : undefined);
    return typeof text === 'string' ? [text.slice(0, 300)] : [];
  });
  return [...new Set(found)];
}

function duplicateIds(features: readonly GisFeature[]): IssueDraft[] {
  const first = new Map<string, GisFeature>();
  return features.flatMap((feature): IssueDraft[] => {
    const { id } = feature.ref;
    const before = first.get(id);
    if (!before) first.set(id, feature);
    if (!before || feature.properties['NGUID'] === undefined) return [];
    const where = before.ref.file === feature.ref.file ? '' : ` in ${before.ref.file}`;
    const message = `an earlier feature has it too: ${before.ref.name}${where}`;
    return [{ code: 'duplicate-nguid', message, features: [feature.ref, before.ref] }];
  });
}

interface Refusal {
  readonly feature: GisFeature;
  readonly code: string;
  readonly message: string;
}

/** What an ECRF that loads these features finds; and whose axes look exchanged, which only the set can tell. */
function whatEcrfSays(
  features: readonly GisFeature[],
  told: readonly IssueDraft[],
): {
  readonly issues: readonly IssueDraft[];
  readonly swapped: ReadonlySet<GisFeature>;
  readonly refusals: readonly Refusal[];
} {
  const asked = readBoundaries({ type: 'FeatureCollection', features: features.map(({ raw }) => raw) });
  const swapped = new Set<GisFeature>();
  const issues: IssueDraft[] = [];
  const refusals: Refusal[] = [];
  if (asked.ok) return { issues, swapped, refusals };
  const byName = new Map<string, GisFeature>();
  features.forEach((f, i) => {
    for (const name of [f.ref.id, `#${i}`]) if (!byName.has(name)) byName.set(name, f);
  });
  const known = new Set(told.flatMap((d) => d.features.map((ref) => `${d.code} ${ref.id}`)));
  for (const { feature: name, code, message } of asked.error) {
    const feature = byName.get(name);
    if (!feature) continue;
    if (code !== 'axes-swapped') refusals.push({ feature, code, message });
    else if (!known.has(`${code} ${feature.ref.id}`)) {
      swapped.add(feature);
      issues.push({ code, message, features: [feature.ref] });
    }
  }
  return { issues, swapped, refusals };
}

/** Faults between features, which an ECRF does not look for. */
const between: ReadonlySet<string> = new Set(['gap', 'overlap', 'duplicate-geometry']);

/** What an ECRF would refuse although nothing here was found wrong with the feature: a set that is fine loads. */
function refusedAllTheSame(
  refusals: readonly Refusal[],
  features: readonly GisFeature[],
  told: readonly IssueDraft[],
): IssueDraft[] {
  const looked = new Set(features.map(({ ref }) => ref));
  const broken = new Set(
    told
      .filter((d) => issueCatalogue[d.code].severity === 'Error' && !between.has(d.code))
      .flatMap((d) => d.features),
  );
  return refusals
    .filter(({ feature: { ref } }) => looked.has(ref) && !broken.has(ref))
    .map(({ feature, code, message }) => ({
      code: 'refused-by-ecrf',
      message: `${code}: ${message}`,
      features: [feature.ref],
      mark: `${code} ${message}`,
    }));
}

/** Every polygon of a GeoJSON thing, whatever it is wrapped in. */
function polygonsOfAll(geojson: unknown): ReturnType<typeof readGeometry>['polygons'] {
  if (!isRecord(geojson)) return [];
  const { type, features, geometry } = geojson;
  if (type === 'FeatureCollection' && Array.isArray(features)) {
    return (features as unknown[]).flatMap((f) => (isRecord(f) ? readGeometry(f['geometry']).polygons : []));
  }
  return readGeometry(type === 'Feature' ? geometry : geojson).polygons;
}

function issueOf(draft: IssueDraft): Issue {
  const { mark, ...rest } = draft;
  const ids = draft.features.map(({ id }) => id).sort();
  const key = [draft.code, draft.service ?? '', ...ids, mark ?? ''].join('\n');
  return { id: `${draft.code}-${fingerprint(key)}`, severity: issueCatalogue[draft.code].severity, ...rest };
}

function accept(issues: readonly Issue[], exceptions: readonly AcceptedException[]): Issue[] {
  const used = new Set<AcceptedException>();
  const out = issues.map((issue): Issue => {
    const ids = issue.features.map(({ id }) => id).sort();
    const exception = exceptions.find(
      (e) => e.id === issue.id && (!e.features || [...e.features].sort().join('\n') === ids.join('\n')),
    );
    if (!exception) return issue;
    used.add(exception);
    return { ...issue, accepted: exception.reason };
  });
  for (const e of exceptions) {
    if (!used.has(e))
      out.push(
        issueOf({ code: 'unused-exception', message: `${e.id}: ${e.reason}`, features: [], mark: e.id }),
      );
  }
  return out;
}

const order = Object.keys(issueCatalogue);

function byWeight(a: Issue, b: Issue): number {
  if (a.severity !== b.severity) return a.severity === 'Error' ? -1 : 1;
  if (a.code !== b.code) return order.indexOf(a.code) - order.indexOf(b.code);
  return (b.areaM2 ?? 0) - (a.areaM2 ?? 0);
}
