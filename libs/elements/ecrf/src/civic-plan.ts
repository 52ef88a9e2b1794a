import { closeSync, openSync, readFileSync } from 'node:fs';
import { messageOf } from '@esinet/kernel';
import { type CivicFile, type LoadedCivic, foldingOf, loadCivicData } from '@esinet/location';
import { type CivicLayerOptions, DEFAULT_SIDE_OFFSET_METRES } from './civic-layer.js';
import { scopesOfRows } from './civic-scopes.js';
import type { EcrfConfig } from './ecrf-config.js';
import { chunksOf, featuresOf } from './feature-stream.js';
import type { LoadProblem } from './load-boundaries.js';

/** Civic data to be: files by name, or what is in memory already. Plain, so that a worker can be given it. */
export interface CivicPlan {
  readonly areas: readonly (string | CivicFile)[];
  readonly streets: readonly (string | CivicFile)[];
  readonly points: readonly (string | CivicFile)[];
  readonly ignoreDiacritics?: boolean;
  readonly equivalents?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly sideOffsetMetres?: number;
}

/** What `civicData: lab` stands for, which is the default with the lab's boundaries. */
export type LabCivic = Pick<CivicPlan, 'equivalents'> & {
  readonly areas: readonly CivicFile[];
  readonly streets: readonly CivicFile[];
  readonly points: readonly CivicFile[];
};

/** Plain and of typed arrays, so that a worker can hand it over. */
export interface PackedCivic extends CivicLayerOptions {
  readonly counts: LoadedCivic['counts'];
  readonly problems: readonly LoadProblem[];
  /** Problems beyond those that are listed. */
  readonly unlisted: number;
}

/** A feature on each line (RFC 8142), by the ending of the name. */
const LINES = /\.(geojsonl|geojsons|geojsonseq|jsonl|ndjson)$/i;

export function civicPlanOf(config: EcrfConfig, lab: LabCivic | undefined): CivicPlan | undefined {
  const data = config.civicData ?? (config.boundaries === 'lab' ? 'lab' : undefined);
  if (data === 'lab') return lab;
  return data && data.areas.length + data.streets.length + data.points.length > 0 ? data : undefined;
}

export function civicFilesOf(plan: CivicPlan | undefined): string[] {
  if (!plan) return [];
  return [...plan.areas, ...plan.streets, ...plan.points].filter((file) => typeof file === 'string');
}

/**
 * Reads and indexes what is usable and lists the rest. Synchronous: large files belong into a worker. `urnOf`: the
 * service of a boundary; rows whose boundary has none are problems.
 */
export function packCivic(plan: CivicPlan, urnOf: (boundary: string) => string | undefined): PackedCivic {
  const problems: LoadProblem[] = [];
  const { folding, problems: ambiguous } = foldingOf(plan);
  for (const { name, alternative } of ambiguous)
    problems.push({
      source: 'ecrf.civicData.equivalents',
      feature: name,
      code: 'ambiguous',
      message: `${alternative} stands for two values`,
    });
  const sources = {
    areas: tablesOf(plan.areas, problems),
    streets: collectionsOf(plan.streets, problems),
    points: collectionsOf(plan.points, problems),
  };
  const { tables, counts, problems: found, unlisted } = loadCivicData(sources, folding);
  problems.push(...found);
  const own = new Map(tables.own.map((service) => [service.id, service.serviceUrn.toLowerCase()]));
  const unknown = new Set<string>();
  const scopes = scopesOfRows(tables, (boundary) => {
    const urn = own.get(boundary) ?? urnOf(boundary);
    if (urn === undefined) unknown.add(boundary);
    return urn;
  });
  for (const feature of unknown)
    problems.push({
      source: 'ecrf.civicData.areas',
      feature,
      code: 'unknown-boundary',
      message: 'no service boundary has this NGUID',
    });
  const sideOffsetMetres = plan.sideOffsetMetres ?? DEFAULT_SIDE_OFFSET_METRES;
  return { tables, scopes, sideOffsetMetres, counts, problems, unlisted };
}

function* tablesOf(files: CivicPlan['areas'], problems: LoadProblem[]): Generator<CivicFile> {
  for (const file of files) {
    if (typeof file !== 'string') {
      yield file;
      continue;
    }
    let content: string;
    try {
      content = readFileSync(file, 'utf8');
    } catch (error) {
      problems.push(unreadable(file, error));
      continue;
    }
    yield { name: file, content };
  }
}

/** One at a time, feature by feature: a file of any size takes the memory of its largest feature. */
function* collectionsOf(files: CivicPlan['streets'], problems: LoadProblem[]): Generator<CivicFile> {
  for (const file of files) {
    if (typeof file !== 'string') {
      yield file;
      continue;
    }
    let open: number;
    try {
      open = openSync(file, 'r');
    } catch (error) {
      problems.push(unreadable(file, error));
      continue;
    }
    try {
      const chunks = chunksOf(open);
      yield {
        name: file,
        content: LINES.test(file) ? { lines: linesOf(chunks) } : { features: featuresOf(chunks) },
      };
    } finally {
      closeSync(open);
    }
  }
}

function* linesOf(chunks: Iterable<Buffer>): Generator<string> {
  let rest = Buffer.alloc(0);
  for (const chunk of chunks) {
    const text = Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, from)) {
      yield text.toString('utf8', from, end);
      from = end + 1;
    }
    rest = Buffer.from(text.subarray(from));
  }
  if (rest.length > 0) yield rest.toString('utf8');
}

function unreadable(source: string, error: unknown): LoadProblem {
  return { source, feature: '', code: 'unreadable', message: messageOf(error) };
}
