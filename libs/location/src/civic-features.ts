import { AREA_NAMES, PLACE_NAMES, ROAD_NAMES } from './civic-tables.js';
import type { Position } from './shape.js';

/** One thing that is wrong with a record. The message never quotes an address. */
export interface CivicProblem {
  /** The NGUID, or `#` and the place of the record in its file, from 0; for a table `line` and its number. */
  readonly feature: string;
  readonly code: string;
  readonly message: string;
}

type Report = (code: string, message: string) => void;

/** Names and values as written, by the names of AREA_NAMES and so on; '' where there is none. */
export interface AddressParts {
  readonly areas: readonly string[];
  readonly roads: readonly string[];
  readonly pc: string;
  readonly pcn: string;
}

/** Which house numbers one side of a line has. */
export interface SideRecord extends AddressParts {
  readonly right: boolean;
  /** At the start of the line, and at its end. */
  readonly from: number;
  readonly to: number;
  readonly parity: 'O' | 'E' | 'B';
}

interface Term {
  /** Wall milliseconds. */
  readonly effective: number | undefined;
  readonly expires: number | undefined;
}

export interface StreetRecord extends Term {
  readonly line: readonly Position[];
  readonly sides: readonly SideRecord[];
}

export interface PointRecord extends Term, AddressParts {
  readonly position: Position;
  readonly prefix: string;
  readonly number: number | undefined;
  readonly suffix: string;
  /** Name of PLACE_NAMES and value. */
  readonly places: readonly (readonly [string, string])[];
}

type Properties = Readonly<Record<string, unknown>>;

/** NENA GIS data model: field names of the areas, level by level. Own names of the elements serve as well. */
const AREA_FIELDS: readonly (readonly string[])[] = [
  ['Country'],
  ['State'],
  ['County'],
  ['IncMuni', 'Inc_Muni'],
  ['UnincCom', 'UnincComm', 'Uninc_Comm'],
  ['NbrhdCom', 'NbrhdComm', 'Nbrhd_Comm'],
  [],
];
const ROAD_FIELDS: readonly (readonly string[])[] = [
  ['St_PreMod'],
  ['St_PreDir'],
  ['St_PreTyp'],
  ['St_PreSep'],
  ['St_Name'],
  ['St_PosTyp'],
  ['St_PosDir'],
  ['St_PosMod'],
  [],
  [],
  [],
];
const PLACE_FIELDS: Readonly<Record<(typeof PLACE_NAMES)[number], readonly string[]>> = {
  BLD: ['Building', 'Structure'],
  FLR: ['Floor'],
  UNIT: ['Unit'],
  ROOM: ['Room'],
  SEAT: ['Seat'],
  LOC: ['Addtl_Loc', 'AddtlLoc'],
  NAM: ['Site'],
  LMK: ['LandmkName', 'Landmk_Name'],
  PN: [],
  MP: ['Mile_Post', 'Milepost'],
  ADDCODE: ['AddCode'],
  POBOX: [],
  PLC: ['Place_Type', 'PlaceType'],
};

const LARGEST_NUMBER = 999_999_999;

/** A road centre line by NENA's names: LineString, FromAddr_L … NGUID. Undefined: `report` was told why. */
export function readStreet(feature: unknown, report: Report): StreetRecord | undefined {
  const [properties, geometry] = partsOf(feature, report);
  if (!properties || !geometry) return undefined;
  const line = lineOf(geometry, report);
  const term = termOf(properties, report);
  if (!line || !term) return undefined;
  const roads = roadsOf(properties);
  if (roads[4] === '') {
    report('no-name', 'a road without St_Name');
    return undefined;
  }
  const sides: SideRecord[] = [];
  for (const side of ['L', 'R'] as const) {
    const read = sideOf(properties, side, roads, report);
    if (read === 'broken') return undefined;
    if (read) sides.push(read);
  }
  return { ...term, line, sides };
}

function sideOf(
  properties: Properties,
  side: 'L' | 'R',
  roads: readonly string[],
  report: Report,
): SideRecord | 'broken' | undefined {
  const from = numberOf(properties, [`FromAddr_${side}`]);
  const to = numberOf(properties, [`ToAddr_${side}`]);
  if (from === 'broken' || to === 'broken') {
    report('bad-range', `FromAddr_${side} or ToAddr_${side} is not a house number`);
    return 'broken';
  }
  const parity = (text(properties, [`Parity_${side}`]) || parityOf(from, to)).toUpperCase();
  if (!/^[OEBZ]$/.test(parity)) {
    report('bad-parity', `Parity_${side} is none of O, E, B and Z`);
    return 'broken';
  }
  const areas = areasOf(properties, `_${side}`);
  if (areas.every((a) => a === '')) {
    report('no-area', `no country, state or municipality of side ${side}`);
    return 'broken';
  }
  // NENA: a range not to be validated against; the road is there all the same.
  const validated = text(properties, [`Valid_${side}`]).toUpperCase() !== 'N';
  const numbered =
    parity !== 'Z' && validated && from !== undefined && to !== undefined && (from > 0 || to > 0);
  if (numbered && parity !== 'B' && [from, to].some((n) => (n % 2 === 1) !== (parity === 'O'))) {
    report('parity-range', `the range of side ${side} does not have the parity it says`);
    return 'broken';
  }
  return {
    areas,
    roads,
    pc: text(properties, [`PostCode_${side}`, `PC_${side}`]),
    pcn: text(properties, [`PostComm_${side}`, `PCN_${side}`]),
    right: side === 'R',
    from: numbered ? from : 0,
    to: numbered ? to : 0,
    parity: parity === 'O' || parity === 'E' ? parity : 'B',
  };
}

/** Where nothing is said: what both ends have in common. */
function parityOf(from: number | undefined, to: number | undefined): string {
  if (from === undefined || to === undefined || (from === 0 && to === 0)) return 'Z';
  return from % 2 !== to % 2 ? 'B' : from % 2 === 1 ? 'O' : 'E';
}

/** A site or structure address point by NENA's names: Point, Add_Number, St_Name … Undefined: `report` was told why. */
export function readAddressPoint(feature: unknown, report: Report): PointRecord | undefined {
  const [properties, geometry] = partsOf(feature, report);
  if (!properties || !geometry) return undefined;
  const { type, coordinates } = geometry;
  if (type !== 'Point') {
    report('geometry-type', 'an address point is a Point');
    return undefined;
  }
  const position = positionOf(coordinates, report);
  const term = termOf(properties, report);
  if (!position || !term) return undefined;
  const number = numberOf(properties, ['Add_Number', 'HNO']);
  if (number === 'broken') {
    report('bad-number', 'Add_Number is not a house number');
    return undefined;
  }
  const areas = areasOf(properties, '');
  const roads = roadsOf(properties);
  const places = PLACE_NAMES.flatMap((name): (readonly [string, string])[] => {
    const value = text(properties, [...PLACE_FIELDS[name], name]);
    return value === '' ? [] : [[name, value]];
  });
  if (areas.every((a) => a === '')) {
    report('no-area', 'no country, state or municipality');
    return undefined;
  }
  if (number === undefined && places.length === 0) {
    report('no-address', 'neither a number nor a name of the place');
    return undefined;
  }
  return {
    ...term,
    areas,
    roads,
    position,
    number,
    places,
    pc: text(properties, ['Post_Code', 'PostCode', 'PC']),
    pcn: text(properties, ['Post_Comm', 'PostComm', 'PCN']),
    prefix: text(properties, ['AddNum_Pre', 'HNP']),
    suffix: text(properties, ['AddNum_Suf', 'HNS']),
  };
}

function areasOf(properties: Properties, ending: string): string[] {
  return AREA_NAMES.map((name, i) =>
    text(
      properties,
      [...(AREA_FIELDS[i] ?? []), name].map((field) => field + ending),
    ),
  );
}

function roadsOf(properties: Properties): string[] {
  return ROAD_NAMES.map((name, i) => text(properties, [...(ROAD_FIELDS[i] ?? []), name]));
}

function partsOf(
  feature: unknown,
  report: Report,
): readonly [Properties | undefined, Properties | undefined] {
  if (!isRecord(feature) || feature['type'] !== 'Feature' || !isRecord(feature['properties'])) {
    report('not-a-feature', 'not a Feature with properties');
    return [undefined, undefined];
  }
  if (!isRecord(feature['geometry'])) {
    report('empty-geometry', 'no geometry');
    return [undefined, undefined];
  }
  return [feature['properties'], feature['geometry']];
}

/** NGUID, or undefined. */
export function nguidOf(feature: unknown): string | undefined {
  const properties = isRecord(feature) ? feature['properties'] : undefined;
  return (isRecord(properties) && text(properties, ['NGUID'])) || undefined;
}

function lineOf(geometry: Properties, report: Report): Position[] | undefined {
  let { coordinates } = geometry;
  if (geometry['type'] === 'MultiLineString' && Array.isArray(coordinates) && coordinates.length === 1) {
    coordinates = coordinates[0] as unknown;
  } else if (geometry['type'] !== 'LineString') {
    report('geometry-type', 'a road is a LineString of one part');
    return undefined;
  }
  if (!Array.isArray(coordinates) || coordinates.length < 2) {
    report('too-few-positions', 'a line of fewer than two positions');
    return undefined;
  }
  const line: Position[] = [];
  for (const c of coordinates as unknown[]) {
    const position = positionOf(c, report);
    if (!position) return undefined;
    line.push(position);
  }
  const [first] = line;
  if (line.every((p) => p[0] === first?.[0] && p[1] === first[1])) {
    report('no-length', 'a line without length');
    return undefined;
  }
  return line;
}

function positionOf(value: unknown, report: Report): Position | undefined {
  const lon: unknown = Array.isArray(value) ? value[0] : undefined;
  const lat: unknown = Array.isArray(value) ? value[1] : undefined;
  if (typeof lon !== 'number' || typeof lat !== 'number' || !Number.isFinite(lon) || !Number.isFinite(lat)) {
    report('not-a-number', 'a position is not two numbers');
    return undefined;
  }
  if (Math.abs(lat) > 90 || Math.abs(lon) > 180) {
    const swapped = Math.abs(lon) <= 90 && Math.abs(lat) <= 180;
    report(swapped ? 'axes-swapped' : 'out-of-range', 'a position beyond 180 or 90 degrees');
    return undefined;
  }
  return [lon, lat];
}

function termOf(properties: Properties, report: Report): Term | undefined {
  const effective = dateOf(properties['Effective']);
  const expires = dateOf(properties['Expire']);
  if (Number.isNaN(effective) || Number.isNaN(expires)) {
    report('bad-date', 'Effective or Expire is not a date');
    return undefined;
  }
  return { effective, expires };
}

/** NaN: not a date. */
function dateOf(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  return typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : NaN;
}

function numberOf(properties: Properties, names: readonly string[]): number | 'broken' | undefined {
  const value = text(properties, names);
  if (value === '') return undefined;
  const n = Number(value);
  return Number.isInteger(n) && n >= 0 && n <= LARGEST_NUMBER ? n : 'broken';
}

/** The first of several fields that says something. */
function text(properties: Properties, names: readonly string[]): string {
  for (const name of names) {
    const value = properties[name];
    if (typeof value === 'number' && Number.isFinite(value)) return String(value);
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
  }
  return '';
}

function isRecord(value: unknown): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
