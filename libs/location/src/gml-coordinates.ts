import { err, ok, type Result } from '@esinet/kernel';
import type { LocationError } from './location-error.js';
import type { Position } from './shape.js';

/*
 * The one place where the two axis orders meet: GML under EPSG 4326 and 4979 says latitude first,
 * everything else here says longitude first.
 */

const SEPARATORS = /[\s,;]+/;
const NUMBER = /^[-+.0-9eE]{1,32}$/;
/** Two numbers, as nearly every `pos` is. */
const PAIR = /^\s*([-+.0-9eE]{1,32})\s+([-+.0-9eE]{1,32})\s*$/;
/** A tenth of a millimetre; more digits than that are noise of arithmetic. */
const DECIMALS = 9;

/** One xs:double; undefined for anything else, INF and NaN included. */
export function readNumber(text: string): number | undefined {
  const bare = text.trim();
  if (!NUMBER.test(bare)) return undefined;
  const n = Number(bare);
  return Number.isFinite(n) ? n : undefined;
}

/** A list of xs:double, separated by any white space, commas tolerated. */
export function readNumbers(text: string): number[] | undefined {
  const numbers: number[] = [];
  for (const word of text.split(SEPARATORS)) {
    if (word === '') continue;
    const n = readNumber(word);
    if (n === undefined) return undefined;
    numbers.push(n);
  }
  return numbers;
}

/** A latitude and a longitude, in GML's order, as a position. */
export function toPosition(lat: number, lon: number): Result<Position, LocationError> {
  if (!(lat >= -90 && lat <= 90))
    return err({ code: 'range', message: 'a latitude is not within -90 and 90' });
  if (!(lon >= -180 && lon <= 180))
    return err({ code: 'range', message: 'a longitude is not within -180 and 180' });
  return ok([lon, lat]);
}

/** `gml:pos`: latitude, longitude and perhaps an altitude, which is left out. */
export function readPos(text: string): Result<Position, LocationError> {
  const pair = PAIR.exec(text);
  if (pair) {
    const [lat, lon] = [Number(pair[1]), Number(pair[2])];
    if (Number.isFinite(lat) && Number.isFinite(lon)) return toPosition(lat, lon);
  }
  const numbers = readNumbers(text);
  if (numbers === undefined || numbers.length < 2 || numbers.length > 3) {
    return err({ code: 'shape', message: 'pos is not two or three numbers' });
  }
  return toPosition(numbers[0] ?? NaN, numbers[1] ?? NaN);
}

/** `gml:posList` with the dimension its reference system has; the other one is tried where the count does not fit. */
export function readPosList(text: string, dimension: 2 | 3): Result<Position[], LocationError> {
  const numbers = readNumbers(text);
  if (numbers === undefined || numbers.length === 0)
    return err({ code: 'shape', message: 'posList is not numbers' });
  const other = dimension === 2 ? 3 : 2;
  const step = numbers.length % dimension === 0 ? dimension : other;
  if (numbers.length % step !== 0)
    return err({ code: 'shape', message: 'posList does not hold whole positions' });
  const positions: Position[] = [];
  for (let i = 0; i < numbers.length; i += step) {
    const position = toPosition(numbers[i] ?? NaN, numbers[i + 1] ?? NaN);
    if (!position.ok) return position;
    positions.push(position.value);
  }
  return ok(positions);
}

/**
 * `gml:coordinates`, deprecated, of the examples of RFC 4119: decimal, or degrees, minutes and seconds with a letter
 * (`37:46:30N 122:25:10W`). Letters decide over the order.
 */
export function readCoordinates(text: string): Result<Position[], LocationError> {
  const words = text.split(SEPARATORS).filter((w) => w !== '');
  if (words.length === 0 || words.length % 2 !== 0)
    return err({ code: 'shape', message: 'coordinates are not pairs' });
  const positions: Position[] = [];
  for (let i = 0; i < words.length; i += 2) {
    const a = readSexagesimal(words[i] ?? '');
    const b = readSexagesimal(words[i + 1] ?? '');
    if (!a || !b) return err({ code: 'shape', message: 'coordinates are not numbers' });
    if (a.axis !== undefined && a.axis === b.axis)
      return err({ code: 'shape', message: 'coordinates of one axis only' });
    const latitudeFirst = a.axis !== 'lon' && b.axis !== 'lat';
    const position = latitudeFirst ? toPosition(a.degrees, b.degrees) : toPosition(b.degrees, a.degrees);
    if (!position.ok) return position;
    positions.push(position.value);
  }
  return ok(positions);
}

function readSexagesimal(word: string): { degrees: number; axis?: 'lat' | 'lon' } | undefined {
  const letter = word.slice(-1).toUpperCase();
  const hemisphere = 'NSEW'.includes(letter);
  const parts = (hemisphere ? word.slice(0, -1) : word).split(':', 4);
  if (parts.length > 3) return undefined;
  let degrees = 0;
  for (const [i, part] of parts.entries()) {
    const n = readNumber(part);
    if (n === undefined || (i > 0 && (n < 0 || n >= 60)) || (hemisphere && n < 0)) return undefined;
    degrees += (parts[0]?.trim().startsWith('-') && i > 0 ? -n : n) / 60 ** i;
  }
  if (!hemisphere) return { degrees };
  return {
    degrees: letter === 'S' || letter === 'W' ? -degrees : degrees,
    axis: 'NS'.includes(letter) ? 'lat' : 'lon',
  };
}

/** The content of `gml:pos` for a position. */
export function writePos(p: Position): string {
  return `${writeNumber(p[1])} ${writeNumber(p[0])}`;
}

export function writeNumber(n: number): string {
  return String(Number(n.toFixed(DECIMALS)));
}
