import {
  DEVICE_IDENTITY_KINDS,
  type DeviceIdentity,
  type DeviceIdentityKind,
  identityKey,
} from '@esinet/held';
import { MAX_LENGTH_M, type Position, type Shape } from '@esinet/location';
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Device } from './device.js';

const KINDS: ReadonlySet<string> = new Set(DEVICE_IDENTITY_KINDS);

const position = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]).readonly();
const metres = z.number().min(0).max(MAX_LENGTH_M);
const degrees = z.number().min(0).max(360);

const ring = z
  .array(position)
  .min(4)
  .max(1_000)
  .refine((r) => same(r[0], r.at(-1)), 'a ring ends where it starts');

/** Positions are [lon, lat]. */
const shapeSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('point'), position }),
  z.strictObject({ type: z.literal('circle'), center: position, radius: metres }),
  z.strictObject({
    type: z.literal('ellipse'),
    center: position,
    semiMajor: metres,
    semiMinor: metres,
    orientation: degrees,
  }),
  z.strictObject({
    type: z.literal('arcband'),
    center: position,
    innerRadius: metres,
    outerRadius: metres,
    startAngle: degrees,
    openingAngle: degrees,
  }),
  z.strictObject({ type: z.literal('polygon'), rings: z.array(ring).min(1).max(16) }),
]) satisfies z.ZodType<Shape>;

/** `kind:value` by RFC 6155: `ip:192.0.2.5`, `mac:A0-12-34-56-78-90`, `uri:sip:caller1@provider.lab`. */
const identifierSchema = z
  .string()
  .max(600)
  .transform((text, context) => {
    const key = keyOf(text);
    if (key !== undefined) return key;
    context.addIssue({
      code: 'custom',
      message: 'expected an identifier such as ip:192.0.2.5 or uri:sip:user@example.org',
    });
    return z.NEVER;
  });

const civicSchema = z
  .record(
    z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,31}$/, 'expected a civic element such as A1'),
    z.string().min(1).max(300),
  )
  .refine((civic) => Object.keys(civic).length > 0, 'expected at least one element, such as country');

const locationShape = {
  identifiers: z.array(identifierSchema).min(1).max(16),
  shape: shapeSchema.optional(),
  /** By element name (RFC 5139): { country: ES, A1: Madrid }. */
  civic: civicSchema.optional(),
  /** Token of the IANA method registry. */
  method: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,32}$/)
    .default('Manual'),
  /** After this time the location is unknown. */
  expires: z.iso.datetime({ offset: true }).optional(),
  /** Milliseconds it takes to find the location. */
  delayMs: z.int().min(0).max(60_000).default(0),
};

const SOMEWHERE = 'expected shape or civic';

/** What `PUT /devices/{id}` takes. */
export const provisionSchema = z
  .strictObject(locationShape)
  .refine((d) => d.shape !== undefined || d.civic !== undefined, SOMEWHERE);

/** A device of the configuration; without `id` the first identifier is its id. */
export const deviceSchema = z
  .strictObject({ id: z.string().min(1).max(128).optional(), ...locationShape })
  .refine((d) => d.shape !== undefined || d.civic !== undefined, SOMEWHERE);

export type Provision = z.infer<typeof provisionSchema>;

export function deviceOf(id: string, p: Provision): Device {
  return {
    id,
    identifiers: [...new Set(p.identifiers)],
    ...(p.shape ? { shape: p.shape } : {}),
    ...(p.civic
      ? { civic: { elements: Object.entries(p.civic).map(([name, value]) => ({ name, value })) } }
      : {}),
    method: p.method,
    ...(p.expires === undefined ? {} : { expires: Date.parse(p.expires) }),
    delayMs: p.delayMs,
  };
}

function keyOf(text: string): string | undefined {
  const colon = text.indexOf(':');
  const kind = text.slice(0, colon);
  const value = text.slice(colon + 1).trim();
  if (!KINDS.has(kind) || value === '' || (kind === 'ip' && isIP(value) === 0)) return undefined;
  const identity: DeviceIdentity = { kind: kind as DeviceIdentityKind, value };
  return identityKey(identity);
}

function same(a: Position | undefined, b: Position | undefined): boolean {
  return a !== undefined && b !== undefined && a[0] === b[0] && a[1] === b[1];
}
