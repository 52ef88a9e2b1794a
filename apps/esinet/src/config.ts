import { bcfConfigSchema } from '@esinet/element-bcf';
import { ecrfConfigSchema } from '@esinet/element-ecrf';
import { esrpConfigSchema } from '@esinet/element-esrp';
import { lisConfigSchema } from '@esinet/element-lis';
import { providerConfigSchema } from '@esinet/element-provider';
import { psapConfigSchema } from '@esinet/element-psap';
import { commonShape, listenSchema } from '@esinet/platform';
import { z } from 'zod';

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
});

export type EsinetConfig = z.infer<typeof esinetConfigSchema>;
