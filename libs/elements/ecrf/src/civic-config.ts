import { z } from 'zod';
import { DEFAULT_SIDE_OFFSET_METRES } from './civic-layer.js';

const files = z.array(z.string().min(1)).max(1_000).default([]);
const element = z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,31}$/, 'expected a civic element such as A1');

/** What civic addresses are looked up in and validated against. `lab`: the laboratory's own. */
export const civicDataSchema = z.union([
  z.literal('lab'),
  z.strictObject({
    /** CSV: civic element names, then `boundary`, or `ServiceURI` and `ServiceURN`. */
    areas: files,
    /** GeoJSON road centre lines with the field names of the NENA GIS data model. */
    streets: files,
    /** GeoJSON address points, likewise. */
    points: files,
    /** `Alcala` is `Alcalá`. */
    ignoreDiacritics: z.boolean().default(false),
    /** By element and value what may stand for it: { STS: { Street: [St, Str.] } }. */
    equivalents: z
      .record(element, z.record(z.string().min(1), z.array(z.string().min(1)).max(100)))
      .default({}),
    /** How far beside the middle of its road an address is, in metres. */
    sideOffsetMetres: z.number().min(0).max(30).default(DEFAULT_SIDE_OFFSET_METRES),
  }),
]);

export type CivicDataConfig = z.infer<typeof civicDataSchema>;
