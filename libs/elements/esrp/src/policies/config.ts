import { durationSchema } from '@esinet/platform';
import { z } from 'zod';

/** The route policies of this router. Without files there are none, and every call takes its normal next hop. */
export const policiesConfigSchema = z
  .strictObject({
    /** JSON files, one policy each, and folders of them (`*.json`, not what lies in folders below). */
    files: z.array(z.string().min(1)).default([]),
    /** PEM file of a public key or a certificate. With it, policies that are not signed by it (JWS) are refused. */
    verificationKey: z.string().min(1).nullable().default(null),
    /** New policies whenever a file changes. */
    watch: z.boolean().default(true),
    /** How long files have to be left alone before they are read. */
    debounce: durationSchema.prefault('500 ms'),
    /** Policies together. */
    maxPolicies: z.int().min(1).max(10_000).default(500),
    /** Rules of one policy. */
    maxRules: z.int().min(1).max(20_000).default(2_000),
    /** Octets of one file. */
    maxBytes: z.int().min(256).max(16_777_216).default(1_048_576),
    /** Rules that were not true, in one explanation. */
    maxTrail: z.int().min(0).max(1_000).default(50),
    /** PUT and DELETE of policies over HTTP; they are kept in the first folder of `files`. */
    api: z.boolean().default(false),
    /**
     * Policies go to the other routers on the bus, and come from there: whoever may send on `policy.>` decides where calls
     * go. They are kept in the first folder of `files`.
     */
    share: z.boolean().default(false),
    /** How often routers compare what they have. */
    shareEvery: durationSchema.pipe(z.number().min(100).max(86_400_000)).prefault('1 min'),
    /** Who may ask for the policies and change them, beside this machine: IP addresses. */
    addresses: z.array(z.union([z.ipv4(), z.ipv6()])).default([]),
    /** The same by a name in the client's certificate. */
    names: z.array(z.string().min(1)).default([]),
  })
  .prefault({});

export type PoliciesConfig = z.infer<typeof policiesConfigSchema>;
