import { bcfConfigSchema } from '@esinet/element-bcf';
import { ecrfConfigSchema } from '@esinet/element-ecrf';
import { esrpConfigSchema } from '@esinet/element-esrp';
import { lisConfigSchema } from '@esinet/element-lis';
import { providerConfigSchema } from '@esinet/element-provider';
import { psapConfigSchema } from '@esinet/element-psap';
import { commonShape, listenSchema } from '@esinet/platform';
import { z } from 'zod';

/**
 * The hand-over beside the ESInet: a process of its own with its own identity and records, started for a lab. Anywhere
 * else it is a program of its own (`apps/handover`) with a configuration of its own.
 */
const labHandoverSchema = z
  .strictObject({
    /** `esinet up` without a file turns it on. */
    enabled: z.boolean().default(false),
    /** The desk. */
    http: listenSchema({ port: 15_092 }),
    /** The side of authorities, mutual TLS. */
    public: listenSchema({ port: 15_443 }),
    /** Where it reads the chats of the PSAP of this process, mutual TLS. */
    view: listenSchema({ port: 15_093 }),
    /** A simulator of an authority, onboarded at the start. */
    simulator: z
      .strictObject({
        enabled: z.boolean().default(false),
        http: listenSchema({ port: 16_443 }),
        control: listenSchema({ port: 16_444 }),
      })
      .prefault({}),
  })
  .prefault({});

/** The whole ESInet in one file. Every default is the lab's: an empty file is a valid configuration. */
export const esinetConfigSchema = z.strictObject({
  // Of several elements in one terminal only what someone should look at.
  ...commonShape('warn'),
  /** Where people look: overview and REST API. */
  console: z.strictObject({ http: listenSchema({ port: 8080 }) }).prefault({}),
  bcf: bcfConfigSchema,
  esrp: esrpConfigSchema,
  ecrf: ecrfConfigSchema,
  lis: lisConfigSchema,
  psap: psapConfigSchema,
  provider: providerConfigSchema,
  handover: labHandoverSchema,
});

export type EsinetConfig = z.infer<typeof esinetConfigSchema>;
