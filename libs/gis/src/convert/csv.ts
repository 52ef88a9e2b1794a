import { err, ok, type Result } from '@esinet/kernel';
import type { RawFeature } from './raw-feature.js';
import { readWkt, writeWkt } from './wkt.js';
import { polygonsOfRaw } from './raw-feature.js';

const geometryColumns = ['wkt', 'geometry', 'geom', 'the_geom', 'shape', 'geometrywkt', 'wkt_geom'];

/** A table with a header and a column of well-known text (RFC 4180; separated by comma, semicolon or tabulator). */
export function readCsv(text: string): Result<RawFeature[], string> {
  const header = text.slice(0, text.search(/\r?\n|$/));
  const separator = [',', ';', '\t'].reduce((best, s) =>
    header.split(s).length > header.split(best).length ? s : best,
  );
  const rows = readRows(text, separator);
  if (!rows.ok) return rows;
  const [names = [], ...records] = rows.value;
  const columns = names.map((name) => name.trim());
  const geometryAt = columns.findIndex((name) => geometryColumns.includes(name.toLowerCase()));
  if (geometryAt < 0) {
    return err(`no column of well-known text; it is named ${geometryColumns.slice(0, 4).join(', ')}`);
  }
  const features: RawFeature[] = [];
  for (const [i, record] of records.entries()) {
    if (record.length === 1 && record[0]?.trim() === '') continue;
    if (record.length !== columns.length)
      return err(`row ${i + 2} has ${record.length} columns, the header ${columns.length}`);
    const geometry = readWkt(record[geometryAt] ?? '');
    if (!geometry.ok) return err(`row ${i + 2}: ${geometry.error}`);
    const properties = Object.fromEntries(
      columns.flatMap((name, c) => (c === geometryAt || name === '' ? [] : [[name, record[c] ?? '']])),
    );
    features.push({ properties, geometry: geometry.value });
  }
  return ok(features);
}

function readRows(text: string, separator: string): Result<string[][], string> {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    let field: string;
    if (text[at] === '"') {
      const start = at + 1;
      let end = text.indexOf('"', start);
      while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
      if (end < 0) return err(`row ${rows.length + 1}: a quoted field is not closed`);
      field = text.slice(start, end).replaceAll('""', '"');
      at = end + 1;
    } else {
      const start = at;
      while (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r') at += 1;
      field = text.slice(start, at);
    }
    row.push(field);
    if (text[at] === separator) {
      at += 1;
      if (at === text.length) row.push('');
      continue;
    }
    if (at < text.length && text[at] !== '\r' && text[at] !== '\n')
      return err(`row ${rows.length + 1}: something follows a quoted field`);
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n') at += 1;
    rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return ok(rows);
}

export function writeCsv(features: readonly RawFeature[]): string {
  const names = [...new Set(features.flatMap(({ properties }) => Object.keys(properties)))];
  const field = (value: unknown): string => {
    const text =
      value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const rows = features.map((f) => [
    ...names.map((name) => field(f.properties[name])),
    field(writeWkt(polygonsOfRaw(f))),
  ]);
  return [[...names.map(field), 'WKT'], ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}
