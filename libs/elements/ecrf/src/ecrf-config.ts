import { domainSchema, durationSchema, listenSchema, sipUriSchema } from '@esinet/platform';
import { z } from 'zod';
import { civicDataSchema } from './civic-config.js';

/** RFC 5222 section 15 wants at least two labels in the name of a LoST server. */
const sourceSchema = domainSchema.refine(
  (name) => name.includes('.'),
  'expected a name with a dot, such as ecrf.esinet.lab',
);

export const ecrfConfigSchema = z
  .strictObject({
    http: listenSchema({ port: 15222 }),
    /** The name of this server in LoST (RFC 5222 section 4). */
    source: sourceSchema.default('ecrf.esinet.lab'),
    /** GeoJSON files with service boundaries, or the laboratory's own. */
    boundaries: z.union([z.literal('lab'), z.array(z.string().min(1)).min(1)]).default('lab'),
    /** Answered where no boundary holds the location. Without it the answer is notFound and the ESRP decides. */
    defaultMapping: sipUriSchema.optional(),
    defaultMappingName: z.string().min(1).max(200).default('Default PSAP'),
    /** How long an answer may be kept. */
    expires: durationSchema.default(86_400_000),
    /** Positions of a boundary that is sent by value; larger ones go by reference. */
    maxVerticesByValue: z.int().min(4).max(4_000).default(2_000),
    /** Outside of all boundaries the nearest within so many metres is answered, with a warning. 0: never. */
    nearestWithinMetres: z.number().min(0).max(200_000).default(0),
    /** Civic addresses by boundary: every element named must be in the address with that value. */
    civic: z
      .array(
        z.strictObject({
          match: z
            .record(
              z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,31}$/, 'expected a civic element such as A1'),
              z.string().min(1),
            )
            .refine(
              (match) => Object.keys(match).length > 0,
              'expected at least one element, such as country',
            ),
          /** NGUID of a boundary. */
          boundary: z.string().min(1),
        }),
      )
      .default([]),
    /** Areas, streets and address points: what civic addresses are found in and validated against. */
    civicData: civicDataSchema.optional(),
  })
  .prefault({});

export type EcrfConfig = z.infer<typeof ecrfConfigSchema>;
