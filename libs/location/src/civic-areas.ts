import { AREA_NAMES, type AreaService } from './civic-tables.js';
import type { CivicProblem } from './civic-features.js';

/** A row of a table of administrative areas, as written. */
export interface AreaRecord {
  /** Names of AREA_NAMES and PC, with their values; none empty. */
  readonly elements: readonly (readonly [name: string, value: string])[];
  /** NGUID of a service boundary; undefined where the row names its own service, or only says that the area exists. */
  readonly boundary?: string;
  readonly own?: Omit<AreaService, 'id'>;
}

/** The elements a column may be of. */
export const AREA_COLUMNS: readonly string[] = [...AREA_NAMES, 'PC'];
const SERVICE_COLUMNS = ['boundary', 'ServiceURI', 'ServiceURN', 'ServiceNum', 'DsplayName'];

/**
 * A table in CSV (RFC 4180; semicolons and tabs serve too). The first line names the columns: civic elements, and
 * `boundary`, or `ServiceURI` and `ServiceURN` with `DsplayName` and `ServiceNum`. Broken lines are left out.
 */
export function readAreas(csv: string, problems: CivicProblem[]): AreaRecord[] {
  const lines = readCsv(csv);
  const header = lines[0]?.cells.map((cell) => cell.trim()) ?? [];
  const columns = header.map((name) => columnOf(name));
  if (!columns.some((c) => c !== undefined && AREA_COLUMNS.includes(c))) {
    problems.push({
      feature: 'line 1',
      code: 'no-header',
      message: 'the first line names no civic element, such as country or A1',
    });
    return [];
  }
  columns.forEach((column, i) => {
    if (column === undefined)
      problems.push({
        feature: 'line 1',
        code: 'unknown-column',
        message: `column ${i + 1} is not known and not used`,
      });
  });
  const records: AreaRecord[] = [];
  for (const { cells, line } of lines.slice(1)) {
    if (cells.every((cell) => cell.trim() === '')) continue;
    const report = (code: string, message: string): void => {
      problems.push({ feature: `line ${line}`, code, message });
    };
    if (cells.length > header.length) {
      report('too-many-cells', 'more cells than columns; a value with a comma stands in quotes');
      continue;
    }
    const record = recordOf(columns, cells, report);
    if (record) records.push(record);
  }
  return records;
}

function recordOf(
  columns: readonly (string | undefined)[],
  cells: readonly string[],
  report: (code: string, message: string) => void,
): AreaRecord | undefined {
  const of = (name: string): string => cells[columns.indexOf(name)]?.trim() ?? '';
  const elements = AREA_COLUMNS.flatMap((name): (readonly [string, string])[] => {
    const value = columns.includes(name) ? of(name) : '';
    return value === '' ? [] : [[name, value]];
  });
  if (elements.length === 0) {
    report('no-area', 'a line without any civic element');
    return undefined;
  }
  const country = of('country');
  if (country !== '' && !/^[A-Za-z]{2}$/.test(country)) {
    report('bad-country', 'country is not the two letters of ISO 3166');
    return undefined;
  }
  const [boundary, serviceUri, serviceUrn] = [of('boundary'), of('ServiceURI'), of('ServiceURN')];
  if (boundary !== '') return { elements, boundary };
  if (serviceUri === '' && serviceUrn === '') return { elements };
  if (!/^[A-Za-z][-A-Za-z0-9+.]*:[^\s<>"]+$/.test(serviceUri)) {
    report('bad-service-uri', 'ServiceURI is not a URI');
    return undefined;
  }
  if (!/^urn:[a-z0-9][-a-z0-9]{1,31}:[^\s<>"]+$/i.test(serviceUrn)) {
    report('bad-service-urn', 'ServiceURN is not a URN');
    return undefined;
  }
  const serviceNumber = of('ServiceNum');
  if (serviceNumber !== '' && !/^[0-9*#]+$/.test(serviceNumber)) {
    report('bad-service-number', 'ServiceNum is not digits, * and # (RFC 5222 5.7)');
    return undefined;
  }
  const displayName = of('DsplayName') || elements.at(-1)?.[1] || serviceUri;
  return {
    elements,
    own: { serviceUri, serviceUrn, displayName, ...(serviceNumber === '' ? {} : { serviceNumber }) },
  };
}

function columnOf(name: string): string | undefined {
  return [...AREA_COLUMNS, ...SERVICE_COLUMNS].find((known) => known.toLowerCase() === name.toLowerCase());
}

interface CsvLine {
  readonly cells: readonly string[];
  /** From 1, where it starts. */
  readonly line: number;
}

/** RFC 4180 2. The separator is what the first line has most of: comma, semicolon or tab. */
function readCsv(text: string): CsvLine[] {
  const csv = text.startsWith('\ufeff') ? text.slice(1) : text;
  const first = csv.slice(0, csv.search(/[\r\n]|$/));
  const separator = [',', ';', '\t'].reduce((a, b) =>
    first.split(b).length > first.split(a).length ? b : a,
  );
  const lines: CsvLine[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let line = 1;
  let start = 1;
  const endLine = (): void => {
    lines.push({ cells: [...cells, cell], line: start });
    cells = [];
    cell = '';
  };
  for (let i = 0; i < csv.length; i++) {
    const c = csv[i]!;
    if (quoted) {
      if (c === '"' && csv[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else if (c === '"') quoted = false;
      else {
        if (c === '\n') line += 1;
        cell += c;
      }
    } else if (c === '"' && cell.trim() === '') {
      cell = '';
      quoted = true;
    } else if (c === separator) {
      cells.push(cell);
      cell = '';
    } else if (c === '\n') {
      endLine();
      line += 1;
      start = line;
    } else if (c !== '\r' || csv[i + 1] !== '\n') {
      cell += c;
    }
  }
  if (cell !== '' || cells.length > 0) endLine();
  return lines;
}
