import { type Result, err, ok } from '@esinet/kernel';
import type { ProblemPlace } from './api/problem.js';
import type { Device } from './device.js';
import { deviceOf, deviceSchema } from './device-schema.js';
import { RecordSplitter, type TextRecord, csvFields } from './record-splitter.js';

/** How devices are written: one JSON object a line, or a table with a head. */
export type DeviceFormat = 'ndjson' | 'csv';

/** Characters of one device. */
const MAX_RECORD = 65_536;
const MAX_COLUMNS = 100;
/** Columns whose text is a number, and those whose text is JSON. */
const NUMBERS: ReadonlySet<string> = new Set(['ttl', 'delayMs']);
const JSON_COLUMNS: ReadonlySet<string> = new Set(['shape', 'alternatives']);
const TEXTS: ReadonlySet<string> = new Set(['id', 'method', 'timestamp', 'expires', 'providedBy']);
const PLACE: ReadonlySet<string> = new Set(['lat', 'lon', 'radius', 'identifiers', 'confidence', 'pdf']);

/** Ids and identifiers seen before in one text: each of them once (RFC 6155 2.1). */
export class SeenIdentities {
  readonly #ids = new Map<string, number>();
  readonly #identifiers = new Map<string, number>();

  /** Undefined: all new. Else the line before and what it shares. */
  add(line: number, { id, identifiers }: Device): { line: number; path: string } | undefined {
    const twice = this.#ids.get(id);
    if (twice !== undefined) return { line: twice, path: 'id' };
    for (const key of identifiers) {
      const before = this.#identifiers.get(key);
      if (before !== undefined) return { line: before, path: 'identifiers' };
    }
    this.#ids.set(id, line);
    for (const key of identifiers) this.#identifiers.set(key, line);
    return undefined;
  }
}

/** A device with the line it stands in, or why there is none. */
export type ReadLine =
  | { readonly line: number; readonly device: Device }
  | { readonly line: number; readonly problem: ProblemPlace };

/**
 * Devices out of a text that comes in pieces. Holds one record at a time.
 *
 * CSV has a head: `id`, `identifiers` (several with blanks between), `lat`, `lon`, `radius`, or `shape` as JSON;
 * `civic.country`, `civic.A1` and so on; `method`, `timestamp`, `expires`, `ttl`, `confidence`, `pdf`,
 * `retransmissionAllowed`, `providedBy`, `delayMs`. An empty field says nothing.
 */
export class DeviceReader {
  readonly #splitter: RecordSplitter;
  readonly #seen = new SeenIdentities();
  #head: readonly string[] | undefined;
  #headProblem = false;

  constructor(
    private readonly format: DeviceFormat,
    /** Wall milliseconds, from which `ttl` counts. */
    private readonly now: number,
    private readonly source: string,
  ) {
    this.#splitter = new RecordSplitter({ quotes: format === 'csv', maxRecord: MAX_RECORD });
  }

  /** @throws TypeError where it is not UTF-8 */
  push(piece: Uint8Array): ReadLine[] {
    return this.#splitter.push(piece).flatMap((record) => this.#read(record) ?? []);
  }

  /** @throws TypeError where it is not UTF-8 */
  end(): ReadLine[] {
    return this.#splitter.end().flatMap((record) => this.#read(record) ?? []);
  }

  #read({ line, text }: TextRecord): ReadLine | undefined {
    if (this.#headProblem) return undefined;
    if (text === undefined) return this.#problem(line, '', `longer than ${MAX_RECORD} characters`);
    const bare = line === 1 && text.startsWith('\ufeff') ? text.slice(1) : text;
    if (bare.trim() === '') return undefined;
    const value = this.format === 'ndjson' ? jsonOf(bare) : this.#row(bare);
    if (value === undefined) return undefined;
    if (!value.ok) {
      // Without a head every line would be one more problem.
      if (this.format === 'csv' && !this.#head) this.#headProblem = true;
      return this.#problem(line, value.error.path, value.error.message);
    }
    const read = deviceSchema.safeParse(value.value);
    if (!read.success) {
      const [issue] = read.error.issues;
      return this.#problem(line, issue?.path.join('.') ?? '', issue?.message ?? 'not as described');
    }
    const { id, ...provision } = read.data;
    const device = deviceOf(id ?? provision.identifiers[0] ?? '', provision, this.now, this.source);
    const twice = this.#seen.add(line, device);
    if (twice)
      return {
        line,
        problem: { line, code: 'identifier-taken', path: twice.path, message: `as in line ${twice.line}` },
      };
    return { line, device };
  }

  #problem(line: number, path: string, message: string): ReadLine {
    return { line, problem: { line, code: 'bad-request', path, message } };
  }

  /** Undefined: it was the head. */
  #row(record: string): Result<unknown, { path: string; message: string }> | undefined {
    const fields = csvFields(record);
    if (!fields) return err({ path: '', message: 'quotes where none may be' });
    if (this.#head) return deviceOfRow(this.#head, fields);
    const head = fields.map((name) => name.trim());
    if (head.length > MAX_COLUMNS) return err({ path: '', message: 'too many columns' });
    const unknown = head.find((name) => !isColumn(name));
    if (unknown !== undefined)
      return err({ path: unknown.slice(0, 40), message: 'the head names a column that is not known' });
    const twice = head.find((name, i) => head.indexOf(name) !== i);
    if (twice !== undefined) return err({ path: twice, message: 'the head names a column twice' });
    this.#head = head;
    return undefined;
  }
}

function isColumn(name: string): boolean {
  return (
    TEXTS.has(name) ||
    NUMBERS.has(name) ||
    JSON_COLUMNS.has(name) ||
    PLACE.has(name) ||
    name === 'retransmissionAllowed' ||
    /^civic\.[A-Za-z][A-Za-z0-9]{0,31}$/.test(name)
  );
}

function jsonOf(text: string): Result<unknown, { path: string; message: string }> {
  try {
    return ok(JSON.parse(text));
  } catch {
    return err({ path: '', message: 'not JSON' });
  }
}

function deviceOfRow(
  head: readonly string[],
  fields: readonly string[],
): Result<unknown, { path: string; message: string }> {
  if (fields.length !== head.length)
    return err({ path: '', message: `${fields.length} fields where the head has ${head.length}` });
  const row = new Map(head.map((name, i) => [name, fields[i]?.trim() ?? '']));
  const device: Record<string, unknown> = {};
  const civic: Record<string, string> = {};
  for (const [name, text] of row) {
    if (text === '') continue;
    if (TEXTS.has(name)) device[name] = text;
    else if (NUMBERS.has(name)) device[name] = Number(text);
    else if (name === 'identifiers') device[name] = text.split(/\s+/);
    else if (name === 'retransmissionAllowed') device[name] = booleanOf(text);
    else if (name.startsWith('civic.')) civic[name.slice(6)] = text;
    else if (JSON_COLUMNS.has(name)) {
      const value = jsonOf(text);
      if (!value.ok) return err({ path: name, message: 'not JSON' });
      device[name] = value.value;
    }
  }
  if (Object.keys(civic).length > 0) device['civic'] = civic;
  const shape = shapeOfRow(row);
  if (shape) device['shape'] = shape;
  const confidence = row.get('confidence') ?? '';
  const pdf = row.get('pdf') ?? '';
  if (confidence !== '') {
    const value = confidence === 'unknown' ? confidence : Number(confidence);
    device['confidence'] = pdf === '' ? value : { value, pdf };
  }
  return ok(device);
}

/** A point, or with a radius a circle. What is no number is left for the schema to refuse. */
function shapeOfRow(row: ReadonlyMap<string, string>): object | undefined {
  const [lat = '', lon = '', radius = ''] = ['lat', 'lon', 'radius'].map((name) => row.get(name));
  if (lat === '' && lon === '') return undefined;
  const position = [lon, lat].map((text) => (text === '' ? NaN : Number(text)));
  return radius === ''
    ? { type: 'point', position }
    : { type: 'circle', center: position, radius: Number(radius) };
}

function booleanOf(text: string): boolean | string {
  return text === 'true' || text === 'false' ? text === 'true' : text;
}
