import { z } from 'zod';

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
