import type { CivicAddress, PidfLo, Position, Shape } from '@esinet/location';

/** Locations of one document put into words. */
const maxSaid = 4;
/** Corners of an area put into words: RFC 5491 5.2.7 asks for no more. */
const maxCorners = 15;

/** Location in words (TS 103 698 6.1.2.10), the one that counts first; several divided by semicolons. */
export function locationWords(pidfLo: PidfLo): string {
  const said = pidfLo.locations
    .slice(0, maxSaid)
    .map((l) => (l.kind === 'geodetic' ? shapeWords(l.shape) : civicWords(l.civic)));
  return said.join('; ');
}

export function shapeWords(shape: Shape): string {
  switch (shape.type) {
    case 'point':
      return positionWords(shape.position);
    case 'circle':
      return `${positionWords(shape.center)}, within ${metres(shape.radius)}`;
    case 'ellipse':
      return (
        `${positionWords(shape.center)}, within ${metres(shape.semiMajor)} along ${degrees(shape.orientation)} ` +
        `and ${metres(shape.semiMinor)} across`
      );
    case 'arcband': {
      const end = (shape.startAngle + shape.openingAngle) % 360;
      return (
        `between ${metres(shape.innerRadius)} and ${metres(shape.outerRadius)} from ${positionWords(shape.center)}, ` +
        `from ${degrees(shape.startAngle)} clockwise to ${degrees(end)}`
      );
    }
    case 'polygon': {
      const ring = (shape.rings[0] ?? []).slice(0, -1);
      const more = ring.length > maxCorners ? ` and ${ring.length - maxCorners} more` : '';
      return `within the area of ${ring.slice(0, maxCorners).map(positionWords).join(' – ')}${more}`;
    }
  }
}

/** The order in which an address is read out, and what goes before a value that is only a number. RFC 5139 3.4 */
const spoken: readonly (readonly [string, string])[] = [
  ['NAM', ''],
  ['LMK', ''],
  ['BLD', 'building '],
  ['UNIT', 'unit '],
  ['FLR', 'floor '],
  ['ROOM', 'room '],
  ['SEAT', 'seat '],
  ['LOC', ''],
  ['A6', ''],
  ['PC', ''],
  ['PCN', ''],
  ['A5', ''],
  ['A4', ''],
  ['A3', ''],
  ['A2', ''],
  ['A1', ''],
  ['country', ''],
];
const street = ['PRM', 'PRD', 'RD', 'STS', 'POD', 'POM', 'RDSEC', 'RDBR', 'RDSUBBR', 'HNO', 'HNS'] as const;

/** An address in words: street and number first, country last; what is not known by name goes between. */
export function civicWords(civic: CivicAddress): string {
  const of = (name: string): string[] =>
    civic.elements.filter((e) => e.name === name && e.uri === undefined).map(({ value }) => oneLine(value));
  const road = street.flatMap(of).join(' ');
  const named = new Set<string>([...street, ...spoken.map(([name]) => name)]);
  const others = civic.elements
    .filter((e) => e.uri !== undefined || !named.has(e.name))
    .map(({ name, value }) => `${oneLine(name)} ${oneLine(value)}`);
  const rest = spoken.map(([name, before]) => of(name).map((value) => before + value));
  const place = spoken.findIndex(([name]) => name === 'A6');
  return [road, ...rest.slice(0, place).flat(), ...others, ...rest.slice(place).flat()]
    .filter((word) => word !== '')
    .join(', ');
}

function positionWords([lon, lat]: Position): string {
  const side = (value: number, positive: string, negative: string): string =>
    `${Math.abs(value).toFixed(5)} ${value < 0 ? negative : positive}`;
  return `${side(lat, 'N', 'S')}, ${side(lon, 'E', 'W')}`;
}

function metres(value: number): string {
  return `${Math.round(value)} m`;
}

function degrees(value: number): string {
  return `${Math.round(value)}°`;
}

/** A line of the answer is ended by CR LF: no value may end it. */
function oneLine(text: string): string {
  return text.split(/[\r\n]+/).join(' ');
}
