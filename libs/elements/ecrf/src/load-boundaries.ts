import { readFile, stat } from 'node:fs/promises';
import { type Result, err, messageOf, ok } from '@esinet/kernel';
import { BoundaryReader, NO_COLLECTION, type ServiceBoundary } from '@esinet/location';

/** A set of boundaries and where it comes from. */
export interface BoundarySource {
  /** A file name, or what stands for one in a message. */
  readonly name: string;
  readonly geojson: unknown;
  /** Wall milliseconds; for features that do not say when they were changed. */
  readonly changedAt: number;
}

/** The same, its features one by one; returns the collection around them. */
export interface FeatureSource {
  readonly name: string;
  readonly changedAt: number;
  readonly features: Generator<unknown, unknown>;
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
  /** Of boundaries that are used all the same. */
  readonly warnings: readonly LoadProblem[];
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
  const boundaries = new Map<string, LoadedBoundary>();
  const report = new LoadReport();
  for (const { geojson, ...source } of sources) {
    const swapped = readSource(
      { ...source, features: featuresOfCollection(geojson) },
      report,
      (loaded) => void boundaries.set(loaded.boundary.id, loaded),
    );
    for (const id of swapped) boundaries.delete(id);
  }
  return { boundaries: [...boundaries.values()], problems: report.problems, warnings: report.warnings };
}

/** What was noticed over all sources, and which NGUIDs they had. */
export class LoadReport {
  readonly problems: LoadProblem[] = [];
  readonly warnings: LoadProblem[] = [];
  readonly ids = new Set<string>();
}

/**
 * Hands over each usable boundary of a source. Gives the NGUIDs of those that turned out not to be, once all were read:
 * their axes are swapped.
 */
export function readSource(
  source: FeatureSource,
  report: LoadReport,
  use: (loaded: LoadedBoundary) => void,
): ReadonlySet<string> {
  const reader = new BoundaryReader();
  const tell = (feature: string, code: string, message: string): void =>
    void report.problems.push({ source: source.name, feature, code, message });
  let step = source.features.next();
  for (; !step.done; step = source.features.next()) {
    const boundary = reader.read(step.value);
    if (!boundary) continue;
    if (report.ids.has(boundary.id)) {
      tell(boundary.id, 'duplicate-nguid', 'this NGUID is in an earlier source too');
      continue;
    }
    report.ids.add(boundary.id);
    use({ boundary, lastUpdated: changedAtOf(step.value) ?? source.changedAt });
  }
  if (!isCollection(step.value)) tell(NO_COLLECTION.feature, NO_COLLECTION.code, NO_COLLECTION.message);
  const swapped = reader.finish();
  for (const { feature, code, message } of reader.problems) tell(feature, code, message);
  for (const warning of reader.warnings) report.warnings.push({ source: source.name, ...warning });
  for (const id of swapped) report.ids.delete(id);
  return swapped;
}

/** Of a collection that is there as a whole. */
export function* featuresOfCollection(geojson: unknown): Generator<unknown, unknown> {
  if (isCollection(geojson)) yield* propertyOf(geojson, 'features') as unknown[];
  return geojson;
}

function isCollection(value: unknown): boolean {
  return propertyOf(value, 'type') === 'FeatureCollection' && Array.isArray(propertyOf(value, 'features'));
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
