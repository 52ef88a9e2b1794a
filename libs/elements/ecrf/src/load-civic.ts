import { readFile } from 'node:fs/promises';
import { messageOf } from '@esinet/kernel';
import {
  type CivicFile,
  type CivicFolding,
  type LoadedCivic,
  foldingOf,
  loadCivicData,
} from '@esinet/location';
import type { CivicDataConfig } from './civic-config.js';
import { DEFAULT_SIDE_OFFSET_METRES } from './civic-layer.js';
import type { LoadProblem } from './load-boundaries.js';

/** Civic data as read from files, or as the lab brings them: enough to build them in a worker. */
export interface CivicInput {
  readonly areas: readonly CivicFile[];
  readonly streets: readonly CivicFile[];
  readonly points: readonly CivicFile[];
  readonly folding: CivicFolding;
  readonly sideOffsetMetres: number;
  /** What could not be read. */
  readonly problems: readonly LoadProblem[];
}

/** What `civicData: lab` stands for; `equivalents` as in the configuration. */
export type LabCivicData = Pick<CivicInput, 'areas' | 'streets' | 'points'> & {
  readonly equivalents?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
};

export interface BuiltCivic {
  readonly loaded: LoadedCivic;
  readonly problems: readonly LoadProblem[];
}

/** Reads what a configuration names; undefined where it names nothing. A file that cannot be read is a problem. */
export async function readCivicInput(
  config: CivicDataConfig | undefined,
  lab: LabCivicData | undefined,
): Promise<CivicInput | undefined> {
  if (config === 'lab') {
    if (!lab) return undefined;
    const { folding } = foldingOf(lab.equivalents ? { equivalents: lab.equivalents } : {});
    return { ...lab, folding, sideOffsetMetres: DEFAULT_SIDE_OFFSET_METRES, problems: [] };
  }
  if (!config || config.areas.length + config.streets.length + config.points.length === 0) return undefined;
  const problems: LoadProblem[] = [];
  const read = async (names: readonly string[]): Promise<CivicFile[]> => {
    const files: CivicFile[] = [];
    for (const name of names) {
      try {
        files.push({ name, content: await readFile(name, 'utf8') });
      } catch (error) {
        problems.push({ source: name, feature: '', code: 'unreadable', message: messageOf(error) });
      }
    }
    return files;
  };
  const { folding, problems: ambiguous } = foldingOf(config);
  for (const { name, alternative } of ambiguous) {
    problems.push({
      source: 'ecrf.civicData.equivalents',
      feature: name,
      code: 'ambiguous',
      message: `${alternative} stands for two values; the first counts`,
    });
  }
  return {
    areas: await read(config.areas),
    streets: await read(config.streets),
    points: await read(config.points),
    folding,
    sideOffsetMetres: config.sideOffsetMetres,
    problems,
  };
}

/** Pure: for the start and for a worker. */
export function buildCivic(input: CivicInput): BuiltCivic {
  const loaded = loadCivicData(input, input.folding);
  return { loaded, problems: [...input.problems, ...loaded.problems] };
}
