import { z } from 'zod';
import { domainSchema, hostSchema } from '../config/values.js';

/** Parts of the one configuration file that belong to an element or page each. */
const sections = ['bcf', 'esrp', 'ecrf', 'lis', 'psap', 'provider', 'app', 'handover', 'console'] as const;

export const logSchema = z
  .strictObject({
    level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    format: z.enum(['auto', 'json', 'text']).default('auto'),
  })
  .prefault({});

/** What every element reads of the file. */
const common = {
  /** Folder of records and certificates. */
  data: z.string().min(1).default('data'),
  /** Address of this machine that the lab's pages show. */
  host: hostSchema.default('127.0.0.1'),
  domains: z
    .strictObject({
      public: domainSchema.default('esinet.lab'),
      psap: domainSchema.default('psap.esinet.internal'),
      provider: domainSchema.default('provider.lab'),
    })
    .prefault({}),
  pki: z
    .strictObject({
      /** Folder of `name.key.pem`, `name.cert.pem` and `ca.cert.pem`; `pki` in the data folder when not given. */
      folder: z.string().min(1).optional(),
    })
    .prefault({}),
  log: logSchema,
};

export type CommonConfig = z.infer<z.ZodObject<typeof common>>;

/** The file as one element sees it: its own section checked, the sections of the others left alone. */
export function appConfigSchema<T>(
  name: string,
  section: z.ZodType<T>,
): z.ZodType<{ readonly common: CommonConfig; readonly element: T }> {
  const others = Object.fromEntries(
    sections.filter((other) => other !== name).map((other) => [other, z.unknown().optional()]),
  );
  return z.strictObject({ ...common, ...others, [name]: section }).transform((file) => ({
    common: file as CommonConfig,
    element: (file as Record<string, unknown>)[name] as T,
  }));
}
