import { fstatSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  foreignFormat,
  type GisSource,
  jsonFault,
  jsonOutline,
  MAX_JSON_DEPTH,
  type LeafletFiles,
} from '@esinet/gis';
import { err, messageOf, ok, type Result } from '@esinet/kernel';
import { red, tell } from '../terminal.js';

/** A larger file does not fit into one text of JavaScript. */
export const MAX_GIS_FILE_BYTES = 500_000_000;

/** The text of a file, or a sentence why there is none. `-` is standard input. */
export function readText(file: string): Result<string, string> {
  const name = file === '-' ? 'standard input' : file;
  try {
    const size = file === '-' ? fstatSync(0).size : statSync(file).size;
    if (size > MAX_GIS_FILE_BYTES) {
      const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
      return err(
        `${name} has ${mb(size)}; files of up to ${mb(MAX_GIS_FILE_BYTES)} are read. Split it by area.`,
      );
    }
    const text = readFileSync(file === '-' ? 0 : file, 'utf8');
    return ok(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch (error) {
    return err(`${name}: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'may not be read';
  if (code === 'EISDIR') return 'is a folder';
  return messageOf(error);
}

interface JsonFile {
  readonly json: unknown;
  readonly featureLines: readonly number[];
}

/** A file as JSON, or `file:line:column: what is wrong`. */
export function readJson(file: string): Result<JsonFile, string> {
  const text = readText(file);
  if (!text.ok) return text;
  const foreign = foreignFormat(file, text.value);
  if (foreign) return err(`${file}: ${foreign}`);
  const { featureLines, tooDeep } = jsonOutline(text.value);
  if (tooDeep)
    return err(`${file}:${tooDeep.line}:${tooDeep.column}: nested deeper than ${MAX_JSON_DEPTH} levels`);
  try {
    return ok({ json: JSON.parse(text.value) as unknown, featureLines });
  } catch (error) {
    const fault = jsonFault(text.value);
    if (!fault) return err(`${file}: ${messageOf(error)}`);
    return err(`${file}:${fault.line}:${fault.column}: not JSON: ${fault.message}`);
  }
}

export function readSource(file: string): Result<GisSource, string> {
  const read = readJson(file);
  if (!read.ok) return read;
  const { json, featureLines } = read.value;
  // A file on one line has nothing to tell by its lines.
  return ok({ file, geojson: json, ...((featureLines.at(-1) ?? 1) > 1 && { lines: featureLines }) });
}

export function writeText(file: string, text: string): boolean {
  try {
    writeFileSync(file, text);
    tell(`Wrote ${file}`);
    return true;
  } catch (error) {
    tell(red(`${file}: ${reasonOf(error)}`));
    return false;
  }
}

/** One line on a terminal that is written over; nothing elsewhere. */
export function progressLine(): {
  readonly show: (stage: string, share: number) => void;
  readonly end: () => void;
} {
  if (process.stderr.isTTY !== true) return { show: () => undefined, end: () => undefined };
  let shownAt = 0;
  let shown = false;
  return {
    show: (stage, share) => {
      const now = performance.now();
      if (now - shownAt < 100) return;
      shownAt = now;
      shown = true;
      const percent = share > 0 ? ` ${Math.round(share * 100)} %` : '';
      process.stderr.write(`\r\u001b[K${stage}${percent} …`);
    },
    end: () => {
      if (shown) process.stderr.write('\r\u001b[K');
      shown = false;
    },
  };
}

/** What of Leaflet goes into a page, from the package that libs/gis depends on. */
export function leafletFiles(): LeafletFiles {
  const require = createRequire(import.meta.url);
  const read = (name: string): string => readFileSync(require.resolve(`leaflet/dist/${name}`), 'utf8');
  return { script: read('leaflet.js'), style: read('leaflet.css') };
}
