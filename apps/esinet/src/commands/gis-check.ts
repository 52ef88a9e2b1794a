import {
  type AcceptedException,
  checkBoundaries,
  checkPage,
  type CheckReport,
  type GisSource,
  issuesGeojson,
  jsonReport,
  readExceptions,
  svgPicture,
  textReport,
  type Tolerance,
} from '@esinet/gis';
import { err, ok, type Result, systemClock } from '@esinet/kernel';
import { bold, dim, exit, green, print, printJson, red, tell, yellow } from '../terminal.js';
import { leafletFiles, progressLine, readJson, readSource, writeText } from './gis-files.js';

export interface GisCheckOptions {
  readonly layer?: string;
  readonly against?: string;
  readonly tolerance?: Tolerance;
  readonly exceptions?: string;
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly out?: string;
  readonly html?: string;
  readonly svg?: string;
}

/** Issues of one kind that the text lists; JSON has them all. */
const PER_KIND = 10;

/** `esinet gis check FILE…`: everything that is wrong or odd in these files, seen as one set. */
export function gisCheck(files: readonly string[], o: GisCheckOptions): number {
  const progress = progressLine();
  const sources: GisSource[] = [];
  for (const file of files) {
    progress.show(`reading ${file}`, 0);
    const source = readSource(file);
    progress.end();
    if (!source.ok) return unreadable(source.error);
    sources.push(source.value);
  }
  const authority = o.against === undefined ? undefined : readJson(o.against);
  if (authority && !authority.ok) return unreadable(authority.error);
  const exceptions = exceptionsIn(o.exceptions);
  if (!exceptions.ok) return unreadable(exceptions.error);
  const report = checkBoundaries(sources, {
    now: systemClock.wall(),
    exceptions: exceptions.value,
    progress: progress.show,
    ...(o.layer !== undefined && { layer: o.layer }),
    ...(o.tolerance && { tolerance: o.tolerance }),
    ...(authority && { authority: authority.value.json }),
  });
  progress.end();
  if (o.json) printJson(jsonReport(report));
  else print(textReport(report, { bold, dim, error: red, notice: yellow, good: green, perKind: PER_KIND }));
  const written = writeOutputs(report, o);
  if (!written) return exit.unreachable;
  return report.errors > 0 || (o.strict && report.notices > 0) ? exit.failed : exit.ok;
}

function exceptionsIn(file: string | undefined): Result<AcceptedException[], string> {
  if (file === undefined) return ok([]);
  const json = readJson(file);
  if (!json.ok) return json;
  const read = readExceptions(json.value.json);
  return read.ok ? read : err(`${file}: ${read.error}`);
}

function writeOutputs(report: CheckReport, o: GisCheckOptions): boolean {
  if (o.out !== undefined && !writeText(o.out, `${JSON.stringify(issuesGeojson(report.issues))}\n`))
    return false;
  if (o.html !== undefined && !writeText(o.html, checkPage(report, leafletFiles()))) return false;
  if (o.svg !== undefined && !writeText(o.svg, svgPicture(report))) return false;
  return true;
}

function unreadable(reason: string): number {
  tell(red(reason));
  return exit.unreachable;
}
