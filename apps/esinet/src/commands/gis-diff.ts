import {
  diffBoundaries,
  diffGeojson,
  diffJson,
  diffPage,
  diffText,
  isSame,
  type Tolerance,
} from '@esinet/gis';
import { systemClock } from '@esinet/kernel';
import { bold, dim, exit, green, print, printJson, red, tell, yellow } from '../terminal.js';
import { leafletFiles, progressLine, readSource, writeText } from './gis-files.js';

export interface GisDiffOptions {
  readonly layer?: string;
  readonly tolerance?: Tolerance;
  /** Wall-clock milliseconds. */
  readonly at?: number;
  readonly exitCode?: boolean;
  readonly json?: boolean;
  readonly out?: string;
  readonly html?: string;
}

/** Changes of one kind that the text lists; JSON has them all. */
const PER_KIND = 20;

/** `esinet gis diff OLD NEW`: which area changes hands, and which features differ. */
export function gisDiff(oldFile: string, newFile: string, o: GisDiffOptions): number {
  const progress = progressLine();
  progress.show(`reading ${oldFile}`, 0);
  const [before, after] = [readSource(oldFile), readSource(newFile)];
  progress.end();
  for (const source of [before, after]) {
    if (source.ok) continue;
    tell(red(source.error));
    return exit.unreachable;
  }
  if (!before.ok || !after.ok) return exit.unreachable;
  const diff = diffBoundaries(before.value, after.value, {
    at: o.at ?? systemClock.wall(),
    progress: progress.show,
    ...(o.layer !== undefined && { layer: o.layer }),
    ...(o.tolerance && { tolerance: o.tolerance }),
  });
  progress.end();
  if (o.json) printJson(diffJson(diff));
  else print(diffText(diff, { bold, dim, error: red, notice: yellow, good: green, perKind: PER_KIND }));
  if (o.out !== undefined && !writeText(o.out, `${JSON.stringify(diffGeojson(diff))}\n`))
    return exit.unreachable;
  if (o.html !== undefined && !writeText(o.html, diffPage(diff, [oldFile, newFile], leafletFiles())))
    return exit.unreachable;
  return o.exitCode && !isSame(diff) ? exit.failed : exit.ok;
}
