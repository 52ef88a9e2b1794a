import { z } from 'zod';
import type { Device } from './device.js';
import { identifierSchema } from './identifier.js';
import {
  ONE_END,
  SOMEWHERE,
  hasOneEnd,
  isSomewhere,
  placeOf,
  placeSchema,
  placeShape,
  shownPlace,
} from './place-schema.js';

const MAX_IDENTIFIERS = 16;
/** Further places of one device, beside the first. */
const MAX_ALTERNATIVES = 7;

const deviceShape = {
  identifiers: z.array(identifierSchema).min(1).max(MAX_IDENTIFIERS),
  ...placeShape,
  /** Further places of the same device: another method, a coarser one that does not expire. */
  alternatives: z.array(placeSchema).max(MAX_ALTERNATIVES).optional(),
};

export const idSchema = z
  .string()
  .min(1)
  .max(128)
  .refine((id) => Buffer.from(id).toString() === id, 'expected well-formed Unicode');

/** What `PUT /devices/{id}` takes. */
export const provisionSchema = z
  .strictObject(deviceShape)
  .refine(isSomewhere, SOMEWHERE)
  .refine(hasOneEnd, ONE_END);

/** A device of the configuration or of a file; without `id` the first identifier is its id. */
export const deviceSchema = z
  .strictObject({ id: idSchema.optional(), ...deviceShape })
  .refine(isSomewhere, SOMEWHERE)
  .refine(hasOneEnd, ONE_END);

export type Provision = z.output<typeof provisionSchema>;

/** @param now wall milliseconds, from which `ttl` counts */
export function deviceOf(id: string, p: Provision, now = 0, source = 'api'): Device {
  const { identifiers, alternatives = [], ...place } = p;
  return {
    id,
    identifiers: [...new Set(identifiers)],
    places: [placeOf(place, now), ...alternatives.map((alternative) => placeOf(alternative, now))],
    source,
  };
}

/** A device as provisioners see it: what `deviceSchema` takes. */
export function shownDevice(device: Device): z.input<typeof deviceSchema> {
  const [first, ...others] = device.places;
  return {
    id: device.id,
    identifiers: [...device.identifiers],
    ...(first ? shownPlace(first) : {}),
    ...(others.length > 0 ? { alternatives: others.map(shownPlace) } : {}),
  };
}
