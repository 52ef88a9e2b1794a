import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf } from '@esinet/kernel';
import { featuresOf } from './feature-stream.js';
import {
  type FeatureSource,
  type LoadProblem,
  LoadReport,
  featuresOfCollection,
  readSource,
} from './load-boundaries.js';
import { type ServiceSet, SetPacker } from './packed-set.js';

const CHUNK_OCTETS = 1 << 20;

/** Where the boundaries of one layer are. */
export interface LayerFiles {
  readonly files: readonly (string | InMemory)[];
  /** The service of all its features, whatever they say themselves. */
  readonly service?: string | undefined;
}

/** A collection that is there already. */
export interface InMemory {
  readonly name: string;
  readonly geojson: unknown;
  /** Wall milliseconds. */
  readonly changedAt: number;
}

export interface PackPlan {
  /** The name of this server, which keys depend on. */
  readonly source: string;
  readonly layers: readonly LayerFiles[];
}

export interface PackedFiles {
  readonly sets: readonly ServiceSet[];
  readonly problems: readonly LoadProblem[];
  readonly warnings: readonly LoadProblem[];
}

/**
 * Reads, checks and packs everything that is usable, and lists the rest. Synchronous: large files belong into a worker.
 *
 * @throws RangeError beyond MAX_SET_POSITIONS
 */
export function packFiles(plan: PackPlan): PackedFiles {
  const unusable = new Map<string, Set<string>>();
  const swapped: LoadProblem[] = [];
  for (;;) {
    const packer = new SetPacker(plan.source);
    const report = new LoadReport();
    let isComplete = true;
    plan.layers.forEach(({ files, service }, layer) => {
      for (const file of files) {
        const name = typeof file === 'string' ? file : file.name;
        const without = unusable.get(name) ?? new Set();
        const found = packSource(file, service, without, report, (loaded) =>
          packer.add(loaded.boundary, loaded.lastUpdated, layer),
        );
        // What was packed cannot be taken out again: rare enough to begin anew without it.
        if (found.size > 0) isComplete = false;
        unusable.set(name, new Set([...without, ...found]));
      }
    });
    if (isComplete)
      return { sets: packer.finish(), problems: [...report.problems, ...swapped], warnings: report.warnings };
    swapped.push(...report.problems.filter((p) => unusable.get(p.source)?.has(p.feature)));
  }
}

function packSource(
  file: string | InMemory,
  service: string | undefined,
  without: ReadonlySet<string>,
  report: LoadReport,
  use: Parameters<typeof readSource>[2],
): ReadonlySet<string> {
  const read = (source: FeatureSource): ReadonlySet<string> =>
    readSource({ ...source, features: prepared(source.features, service, without) }, report, use);
  if (typeof file !== 'string') return read({ ...file, features: featuresOfCollection(file.geojson) });
  try {
    const open = openSync(file, 'r');
    try {
      const changedAt = fstatSync(open).mtimeMs;
      return read({ name: file, changedAt, features: featuresOf(chunksOf(open)) });
    } finally {
      closeSync(open);
    }
  } catch (error) {
    if (error instanceof RangeError) throw error;
    report.problems.push({ source: file, feature: '', code: 'unreadable', message: messageOf(error) });
    return new Set();
  }
}

function* chunksOf(file: number): Generator<Buffer> {
  const chunk = Buffer.alloc(CHUNK_OCTETS);
  for (;;) {
    const read = readSync(file, chunk);
    if (read === 0) return;
    yield chunk.subarray(0, read);
  }
}

/** Features with the service of their layer, without those that are known not to be usable. */
function* prepared(
  features: Generator<unknown, unknown>,
  service: string | undefined,
  without: ReadonlySet<string>,
): Generator<unknown, unknown> {
  let step = features.next();
  for (; !step.done; step = features.next()) {
    const feature = step.value;
    const properties =
      isRecord(feature) && isRecord(feature['properties']) ? feature['properties'] : undefined;
    const id = properties?.['NGUID'];
    if (without.size > 0 && without.has(String(id).trim())) continue;
    yield service === undefined || !properties
      ? feature
      : { ...(feature as object), properties: { ...properties, ServiceURN: service } };
  }
  return step.value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
