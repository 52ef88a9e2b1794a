import { z } from 'zod';
import { deviceSchema, provisionSchema } from '../device-schema.js';
import { placeSchema, shapeSchema } from '../place-schema.js';

/** Devices of one page. */
const MAX_PAGE = 1_000;

export const devicesQuery = z.strictObject({
  identifier: z
    .string()
    .max(600)
    .optional()
    .describe('Only the device with this identifier: uri:sip:ana@provider.lab'),
  after: z
    .string()
    .regex(/^[0-9a-z]{1,12}$/)
    .optional()
    .describe('`next` of the page before'),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100).describe('Devices of a page'),
});

export const loadQuery = z.strictObject({
  mode: z
    .enum(['all', 'partial'])
    .default('all')
    .describe('all: nothing is changed where anything is wrong. partial: what can be used is'),
  dryRun: z.enum(['true', 'false']).default('false').describe('true: say what would be done, change nothing'),
});

const problemPlace = z.strictObject({
  line: z.int().min(1).optional().describe('Of a load'),
  code: z.string().optional(),
  path: z.string().describe('`shape.position.1`; empty: all of it'),
  message: z.string(),
});

const report = {
  applied: z.boolean().describe('Whether anything was changed'),
  dryRun: z.boolean(),
  total: z.int().describe('Devices read, good or not'),
  created: z.int(),
  updated: z.int(),
  refused: z.int(),
  errors: z.array(problemPlace).describe('The first 1,000'),
};

export const loadReportSchema = z.strictObject(report);

/** RFC 9457. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string().describe('Stable. `/api/problems` says what each means'),
  errors: z.array(problemPlace).optional(),
});

export const devicesSchema = z.strictObject({
  devices: z.array(deviceSchema),
  next: z.string().optional().describe('`after` of the next page; missing: this was the last'),
});

export const locationUrisSchema = z.strictObject({
  locationUris: z.array(
    z.strictObject({
      id: z.string().describe('What it is revoked by. It opens nothing'),
      expires: z.iso.datetime(),
      uses: z.int().optional().describe('Dereferences it is good for'),
      snapshot: z.boolean().describe('Whether it shows where the device was when it was made'),
    }),
  ),
});

/** What has a name in the description. */
export const named = z.registry<{ id: string }>();
named.add(deviceSchema, { id: 'Device' });
named.add(provisionSchema, { id: 'DeviceInput' });
named.add(placeSchema, { id: 'Position' });
named.add(shapeSchema, { id: 'Shape' });
named.add(devicesSchema, { id: 'Devices' });
named.add(locationUrisSchema, { id: 'LocationUris' });
named.add(loadReportSchema, { id: 'LoadReport' });
named.add(problemSchema, { id: 'Problem' });
