import { z } from 'zod';
import type { LogLevel } from '../telemetry/logger.js';
import { limitsSchema } from '../config/limits.js';
import { durationSchema } from '../config/values.js';
import { busSchema } from '../bus/bus-config.js';
import { sipSharedSchema } from '../sip/transaction-secret.js';
import { drainSchema } from './drain-config.js';
import { recordsSchema } from '../records/records-config.js';
import { storeSchema } from '../store/store-config.js';

/** Parts of the one configuration file that belong to an element or page each. */
const sections = ['bcf', 'esrp', 'ecrf', 'lis', 'psap', 'provider', 'handover', 'console'] as const;

function logSchema(level: LogLevel) {
  return z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default(level),
      format: z.enum(['auto', 'json', 'text']).default('auto'),
    })
    .prefault({});
}

/** The top-level keys that every program reads of the file, beside the sections of the elements. */
export const commonShape = (logLevel: LogLevel = 'info') => ({
  /** Folder of records and certificates. */
  data: z.string().min(1).default('data'),
  /** Name of this process among all that share bus, store and records; that of the host when not given. */
  instance: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i, 'expected letters, digits and hyphens, such as psap-1')
    .optional(),
  bus: busSchema,
  store: storeSchema,
  records: recordsSchema,
  sip: sipSharedSchema,
  drain: drainSchema,
  pki: z
    .strictObject({
      /** Folder of `name.key.pem`, `name.cert.pem` and `ca.cert.pem`; `pki` in the data folder when not given. */
      folder: z.string().min(1).optional(),
      /** Which of them is this program's; that of its element when not given. For a second PSAP: `psap-b`. */
      name: z.string().min(1).max(63).optional(),
      /** PEM files of the authorities of other ESInets, for the sake of peers that are signed by them. */
      trust: z.array(z.string().min(1)).max(100).default([]),
      /** PEM files of revocation lists (RFC 5280 5) of these authorities or our own. */
      crl: z.array(z.string().min(1)).max(100).default([]),
      /** How often the files are looked at, beside when the system tells of a change. */
      check: durationSchema.prefault('10 s'),
    })
    .prefault({}),
  log: logSchema(logLevel),
  limits: limitsSchema,
});

export type CommonConfig = z.infer<z.ZodObject<ReturnType<typeof commonShape>>>;

/** The file as one element sees it: its own section checked, the sections of the others left alone. */
export function appConfigSchema<T>(
  name: string,
  section: z.ZodType<T>,
): z.ZodType<{ readonly common: CommonConfig; readonly element: T }> {
  const others = Object.fromEntries(
    sections.filter((other) => other !== name).map((other) => [other, z.unknown().optional()]),
  );
  return z.strictObject({ ...commonShape(), ...others, [name]: section }).transform((file) => ({
    common: file as CommonConfig,
    element: (file as Record<string, unknown>)[name] as T,
  }));
}
