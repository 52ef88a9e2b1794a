import { readAreas } from './civic-areas.js';
import { CivicBuilder } from './civic-builder.js';
import { type CivicProblem, nguidOf, readAddressPoint, readStreet } from './civic-features.js';
import { type CivicFolding, PLAIN_FOLDING } from './civic-fold.js';
import type { CivicTables } from './civic-tables.js';

/** Problems listed of one load; further ones are only counted. */
export const MAX_CIVIC_PROBLEMS = 1_000;

export interface CivicFile {
  /** A file name, or what stands for one in a message. */
  readonly name: string;
  /**
   * CSV; a GeoJSON FeatureCollection as text or parsed; or a feature on each line (RFC 8142). For what is too large to be
   * in memory `{ features }`, one after the other, or `{ lines }`.
   */
  readonly content: unknown;
}

export interface CivicSources {
  /** Tables of administrative areas, CSV. */
  readonly areas: Iterable<CivicFile>;
  /** Road centre lines. */
  readonly streets: Iterable<CivicFile>;
  /** Site and structure address points. */
  readonly points: Iterable<CivicFile>;
}

export interface LoadedCivic {
  readonly tables: CivicTables;
  readonly counts: { readonly areas: number; readonly streets: number; readonly points: number };
  readonly problems: readonly (CivicProblem & { readonly source: string })[];
  /** Beyond MAX_CIVIC_PROBLEMS. */
  readonly unlisted: number;
}

/**
 * Makes tables of what is usable and lists the rest: pure, of text or parsed documents, so that a worker can do it. An
 * NGUID that comes again within the streets or the points is a problem, and the first stays.
 */
export function loadCivicData(sources: CivicSources, folding: CivicFolding = PLAIN_FOLDING): LoadedCivic {
  const builder = new CivicBuilder(folding);
  const problems: (CivicProblem & { readonly source: string })[] = [];
  const counts = { areas: 0, streets: 0, points: 0 };
  let unlisted = 0;
  const listed = (source: string, problem: CivicProblem): void => {
    if (problems.length < MAX_CIVIC_PROBLEMS) problems.push({ source, ...problem });
    else unlisted += 1;
  };
  for (const { name, content } of sources.areas) {
    const own: CivicProblem[] = [];
    readAreas(typeof content === 'string' ? content : '', own).forEach((record, i) => {
      builder.addArea(record, `${name}#${i + 1}`);
      counts.areas += 1;
    });
    for (const problem of own) listed(name, problem);
  }
  const takeIn = <T>(
    files: Iterable<CivicFile>,
    read: (feature: unknown, report: (code: string, message: string) => void) => T | undefined,
    add: (record: T) => void,
  ): void => {
    const ids = new Set<string>();
    for (const { name, content } of files) {
      for (const [at, feature] of featuresOf(content)) {
        const id = nguidOf(feature);
        const report = (code: string, message: string): void => {
          listed(name, { feature: id ?? at, code, message });
        };
        if (feature === UNREADABLE) report('not-json', 'not a FeatureCollection, nor features line by line');
        else if (id !== undefined && ids.has(id)) report('duplicate-nguid', 'this NGUID has come before');
        else {
          if (id !== undefined) ids.add(id);
          const record = read(feature, report);
          if (record) add(record);
        }
      }
    }
  };
  takeIn(sources.streets, readStreet, (record) => {
    builder.addStreet(record);
    counts.streets += 1;
  });
  takeIn(sources.points, readAddressPoint, (record) => {
    builder.addPoint(record);
    counts.points += 1;
  });
  return { tables: builder.build(), counts, problems, unlisted };
}

const UNREADABLE = Symbol('unreadable');

/** Each feature with its place in the file. */
function* featuresOf(content: unknown): Generator<readonly [string, unknown]> {
  if (typeof content === 'string') {
    const whole = parse(content);
    if (whole !== UNREADABLE) yield* featuresOf(whole);
    else yield* lineByLine(linesOf(content));
    return;
  }
  if (isStream(content)) {
    yield* content.lines ? lineByLine(content.lines) : oneByOne(content.features ?? []);
    return;
  }
  const features = isCollection(content) ? content.features : undefined;
  if (!features) {
    if (typeof content === 'object' && content !== null && 'geometry' in content) yield ['#0', content];
    else yield ['', UNREADABLE];
    return;
  }
  for (const [i, feature] of features.entries()) yield [`#${i}`, feature];
}

/** What fails on the way ends the file: what came before is used, and one problem says it. */
function* oneByOne(features: Iterable<unknown>): Generator<readonly [string, unknown]> {
  let i = 0;
  try {
    const iterator = features[Symbol.iterator]() as Iterator<unknown, unknown>;
    let step = iterator.next();
    for (; !step.done; step = iterator.next()) yield [`#${i++}`, step.value];
    // The collection around the features, where the iterator knows it.
    if (step.value !== undefined && !isCollection(step.value)) yield ['', UNREADABLE];
  } catch {
    yield [`#${i}`, UNREADABLE];
  }
}

/** RFC 8142, with or without its record separators: no document need be in memory as a whole. */
function* lineByLine(lines: Iterable<string>): Generator<readonly [string, unknown]> {
  let line = 0;
  let read = false;
  for (const text of lines) {
    line += 1;
    const record = text.replace('\u001e', '').trim();
    if (record === '') continue;
    const feature = parse(record);
    yield [read ? `line ${line}` : '', feature];
    // No such file at all, such as a document cut off: one problem says it.
    if (feature === UNREADABLE && !read) return;
    read = true;
  }
}

function* linesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length;) {
    const end = text.indexOf('\n', from);
    const to = end < 0 ? text.length : end;
    yield text.slice(from, to);
    from = to + 1;
  }
}

function isStream(
  value: unknown,
): value is { readonly features?: Iterable<unknown>; readonly lines?: Iterable<string> } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !('type' in value) &&
    ('features' in value || 'lines' in value)
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return UNREADABLE;
  }
}

function isCollection(value: unknown): value is { readonly features: readonly unknown[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { type?: unknown }).type === 'FeatureCollection' &&
    Array.isArray((value as { features?: unknown }).features)
  );
}
