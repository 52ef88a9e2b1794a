import { readFile, stat } from 'node:fs/promises';
import { type Result, err, messageOf, ok } from '@esinet/kernel';
import { type ServiceBoundary, readBoundaries } from '@esinet/location';

/** A set of boundaries and where it comes from. */
export interface BoundarySource {
  /** A file name, or what stands for one in a message. */
  readonly name: string;
  readonly geojson: unknown;
  /** Wall milliseconds; for features that do not say when they were changed. */
  readonly changedAt: number;
}

export interface LoadedBoundary {
  readonly boundary: ServiceBoundary;
  readonly lastUpdated: number;
}

export interface LoadProblem {
  readonly source: string;
  /** NGUID, or `#` and the index of the feature; '' for the file. */
  readonly feature: string;
  readonly code: string;
  readonly message: string;
}

export interface LoadedBoundaries {
  readonly boundaries: readonly LoadedBoundary[];
  readonly problems: readonly LoadProblem[];
}

export async function readBoundaryFile(file: string): Promise<Result<BoundarySource, LoadProblem>> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
    return ok({ name: file, geojson: JSON.parse(text) as unknown, changedAt: mtimeMs });
  } catch (error) {
    return err({ source: file, feature: '', code: 'unreadable', message: messageOf(error) });
  }
}

/**
 * Takes what is usable and lists the rest: one broken feature must not take the others from the map. An NGUID that
 * comes again, in the same source or a later one, is a problem and the first stays.
 */
export function loadBoundaries(sources: readonly BoundarySource[]): LoadedBoundaries {
  const boundaries: LoadedBoundary[] = [];
  const problems: LoadProblem[] = [];
  const ids = new Set<string>();
  for (const source of sources) {
    for (const loaded of usableOf(source, problems)) {
      if (ids.has(loaded.boundary.id)) {
        problems.push({
          source: source.name,
          feature: loaded.boundary.id,
          code: 'duplicate-nguid',
          message: 'this NGUID is in an earlier source too',
        });
      } else {
        ids.add(loaded.boundary.id);
        boundaries.push(loaded);
      }
    }
  }
  return { boundaries, problems };
}

/** `readBoundaries` takes a set as a whole or not at all, so what it objects to is left out until nothing is. */
function usableOf(source: BoundarySource, problems: LoadProblem[]): LoadedBoundary[] {
  let features = featuresOf(source.geojson);
  if (!features) {
    const read = readBoundaries(source.geojson);
    if (!read.ok) problems.push(...read.error.map((p) => ({ source: source.name, ...p })));
    return [];
  }
  const changed = new Map<string, number>();
  for (const { feature } of features) {
    const id = idOf(feature);
    if (id !== undefined && !changed.has(id)) changed.set(id, changedAtOf(feature) ?? source.changedAt);
  }
  for (;;) {
    const current: readonly Indexed[] = features;
    const read = readBoundaries({ type: 'FeatureCollection', features: current.map((f) => f.feature) });
    if (read.ok) {
      return read.value.map((boundary) => ({
        boundary,
        lastUpdated: changed.get(boundary.id) ?? source.changedAt,
      }));
    }
    const byName = new Map<string, Indexed[]>();
    current.forEach((f, i) => {
      const name = idOf(f.feature) ?? `#${i}`;
      const same = byName.get(name);
      if (same) same.push(f);
      else byName.set(name, [f]);
    });
    const bad = new Set<Indexed>();
    for (const problem of read.error) {
      const named = byName.get(problem.feature) ?? [];
      // Of two with one NGUID the first stays.
      const refused = problem.code === 'duplicate-nguid' ? named.slice(1) : named;
      for (const f of refused) bad.add(f);
      const [at] = named;
      const feature = at && idOf(at.feature) === undefined ? `#${at.index}` : problem.feature;
      problems.push({ source: source.name, feature, code: problem.code, message: problem.message });
    }
    if (bad.size === 0) return [];
    features = current.filter((f) => !bad.has(f));
  }
}

interface Indexed {
  readonly index: number;
  readonly feature: unknown;
}

function featuresOf(geojson: unknown): Indexed[] | undefined {
  const features = propertyOf(geojson, 'features');
  if (propertyOf(geojson, 'type') !== 'FeatureCollection' || !Array.isArray(features)) return undefined;
  return features.map((feature: unknown, index) => ({ index, feature }));
}

function idOf(feature: unknown): string | undefined {
  const id = propertyOf(propertyOf(feature, 'properties'), 'NGUID');
  const text = typeof id === 'string' ? id.trim() : typeof id === 'number' ? String(id) : '';
  return text === '' ? undefined : text;
}

/** NENA GIS data model: DateUpdate, an ISO date or milliseconds. */
function changedAtOf(feature: unknown): number | undefined {
  const value = propertyOf(propertyOf(feature, 'properties'), 'DateUpdate');
  const ms = typeof value === 'string' ? Date.parse(value) : typeof value === 'number' ? value : NaN;
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? ms : undefined;
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
