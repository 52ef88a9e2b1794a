import { type CivicElement, MAX_LENGTH_M, type Position, type Shape } from '@esinet/location';
import { httpUrlSchema } from '@esinet/platform';
import { z } from 'zod';
import { type Place, precisionOf } from './place.js';

const position = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]).readonly();
const metres = z.number().min(0).max(MAX_LENGTH_M);
const degrees = z.number().min(0).max(360);

/** Positions of a polygon in all; PIDF-LO wants some 15 (RFC 5491 5.2.2). */
const MAX_RING = 1_000;
const MAX_RINGS = 16;

const ring = z
  .array(position)
  .min(4)
  .max(MAX_RING)
  .refine((r) => same(r[0], r.at(-1)), 'a ring ends where it starts');

/** Positions are [lon, lat]. */
export const shapeSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('point'), position }),
  z.strictObject({ type: z.literal('circle'), center: position, radius: metres }),
  z
    .strictObject({
      type: z.literal('ellipse'),
      center: position,
      semiMajor: metres,
      semiMinor: metres,
      orientation: degrees,
    })
    .refine((e) => e.semiMinor <= e.semiMajor, 'expected semiMinor not beyond semiMajor'),
  z
    .strictObject({
      type: z.literal('arcband'),
      center: position,
      innerRadius: metres,
      outerRadius: metres,
      startAngle: degrees,
      openingAngle: degrees,
    })
    .refine((a) => a.innerRadius <= a.outerRadius, 'expected innerRadius not beyond outerRadius'),
  z.strictObject({ type: z.literal('polygon'), rings: z.array(ring).min(1).max(MAX_RINGS) }),
]) satisfies z.ZodType<Shape>;

/** The elements of RFC 5139 4; another one needs the namespace that defines it (RFC 6848 3.1). */
const CIVIC_NAMES: ReadonlySet<string> = new Set(
  (
    'country A1 A2 A3 A4 A5 A6 PRM PRD RD STS POD POM RDSEC RDBR RDSUBBR HNO HNS LMK LOC FLR NAM PC BLD UNIT ROOM ' +
    'SEAT PLC PCN POBOX ADDCODE'
  ).split(' '),
);
const EXTENSION = /^\{([A-Za-z][A-Za-z0-9+.-]*:[^\s{}"<>&]{1,200})\}([A-Za-z_][A-Za-z0-9_.-]{0,31})$/;

const civicSchema = z
  .record(
    z
      .string()
      .refine(
        (name) => CIVIC_NAMES.has(name) || EXTENSION.test(name),
        'expected an element of RFC 5139 such as A1, or {namespace}name',
      ),
    z.string().trim().min(1).max(300),
  )
  .refine((civic) => Object.keys(civic).length > 0, 'expected at least one element, such as country')
  .refine(
    ({ country }) => country === undefined || /^[A-Z]{2}$/.test(country),
    'expected country as two capital letters (ISO 3166)',
  );

const percent = z.union([z.number().gt(0).lt(100), z.literal('unknown')]);
const timeSchema = z.iso.datetime({ offset: true });

/** One place, as it is told by a provisioner. */
export const placeShape = {
  shape: shapeSchema.optional(),
  /** By element name (RFC 5139): { country: ES, A1: Madrid }. */
  civic: civicSchema.optional(),
  /** Token of the IANA method registry. */
  method: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,32}$/)
    .default('Manual'),
  /** When the device was there. Left out: it is there whenever somebody asks. */
  timestamp: timeSchema.optional(),
  /** After this time the place is not known any more. */
  expires: timeSchema.optional(),
  /** The same, in seconds from when it was told. */
  ttl: z.number().gt(0).max(3_153_600_000).optional(),
  /** Percent, how surely the device is within the shape (RFC 7459). 95 where nothing is said. */
  confidence: z
    .union([
      percent,
      z.strictObject({ value: percent, pdf: z.enum(['unknown', 'normal', 'rectangular']).optional() }),
    ])
    .optional(),
  /** Whether who gets the location may pass it on (RFC 4119 2.2.2). */
  retransmissionAllowed: z.boolean().optional(),
  /** Where data about who provides the location is (RFC 7852 6.2). */
  providedBy: httpUrlSchema.optional(),
  /** Milliseconds it takes to find the location. */
  delayMs: z.int().min(0).max(60_000).default(0),
};

interface SomePlace {
  readonly shape?: Shape | undefined;
  readonly civic?: Readonly<Record<string, string>> | undefined;
  readonly expires?: string | undefined;
  readonly ttl?: number | undefined;
}

export const SOMEWHERE = 'expected shape or civic';
export const ONE_END = 'expected expires or ttl, not both';
export const isSomewhere = (p: SomePlace): boolean => p.shape !== undefined || p.civic !== undefined;
export const hasOneEnd = (p: SomePlace): boolean => p.expires === undefined || p.ttl === undefined;

/** What `PUT …/position` takes. */
export const placeSchema = z
  .strictObject(placeShape)
  .refine(isSomewhere, SOMEWHERE)
  .refine(hasOneEnd, ONE_END);

export type PlaceInput = z.output<typeof placeSchema>;

/** @param now wall milliseconds, from which `ttl` counts */
export function placeOf(p: PlaceInput, now: number): Place {
  const { confidence } = p;
  const expires = p.ttl === undefined ? p.expires && Date.parse(p.expires) : now + p.ttl * 1_000;
  const place = {
    ...(p.shape ? { shape: p.shape } : {}),
    ...(p.civic ? { civic: { elements: Object.entries(p.civic).map(civicElement) } } : {}),
    method: p.method,
    ...(p.timestamp === undefined ? {} : { timestamp: Date.parse(p.timestamp) }),
    ...(expires ? { expires } : {}),
    ...(confidence === undefined ? {} : { confidence: confidenceOf(confidence) }),
    ...(p.providedBy === undefined ? {} : { providedBy: p.providedBy }),
    ...(p.retransmissionAllowed === undefined ? {} : { retransmissionAllowed: p.retransmissionAllowed }),
    delayMs: p.delayMs,
  };
  return { ...place, precision: precisionOf(place) };
}

function civicElement([name, value]: [string, string]): CivicElement {
  const [, uri, local] = EXTENSION.exec(name) ?? [];
  return uri === undefined || local === undefined ? { name, value } : { name: local, value, uri };
}

function confidenceOf(confidence: NonNullable<PlaceInput['confidence']>): NonNullable<Place['confidence']> {
  if (typeof confidence !== 'object') return { value: confidence };
  const { value, pdf } = confidence;
  return { value, ...(pdf === undefined ? {} : { pdf }) };
}

/** A place as provisioners see it: what `placeSchema` takes. */
export function shownPlace(place: Place): z.input<typeof placeSchema> {
  const { civic, timestamp, expires, precision: _precision, ...rest } = place;
  return {
    ...rest,
    ...(civic
      ? {
          civic: Object.fromEntries(
            civic.elements.map(({ name, value, uri }) => [
              uri === undefined ? name : `{${uri}}${name}`,
              value,
            ]),
          ),
        }
      : {}),
    ...(timestamp === undefined ? {} : { timestamp: new Date(timestamp).toISOString() }),
    ...(expires === undefined ? {} : { expires: new Date(expires).toISOString() }),
  } as z.input<typeof placeSchema>;
}

function same(a: Position | undefined, b: Position | undefined): boolean {
  return a !== undefined && b !== undefined && a[0] === b[0] && a[1] === b[1];
}
