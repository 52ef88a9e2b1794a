import { domainSchema, durationSchema, listenSchema, nextHopsSchema, sipPortsSchema } from '@esinet/platform';
import { z } from 'zod';

const accountSchema = z.strictObject({
  user: z.string().regex(/^[A-Za-z0-9._+-]{1,64}$/, 'expected the user part of a SIP URI'),
  password: z.string().min(1).max(256),
});

const labAccounts = Array.from({ length: 9 }, (_, i) => ({
  user: `caller${i + 1}`,
  password: `caller${i + 1}`,
}));

export const providerConfigSchema = z
  .strictObject({
    http: listenSchema({ port: 15_950 }),
    /** A port of null turns a transport off. */
    listen: sipPortsSchema({ udp: 15_050, tcp: 15_050, tls: null, ws: 15_080, wss: 15_081 })
      .extend({
        /** Of the WebSockets. */
        path: z.string().startsWith('/').default('/sip'),
      })
      .prefault({}),
    /** The domain of the users, and the realm of their passwords. */
    domain: domainSchema.default('provider.lab'),
    accounts: z
      .array(accountSchema)
      .max(100_000)
      .refine((all) => new Set(all.map(({ user }) => user)).size === all.length, 'an account is listed twice')
      .default(labAccounts),
    /** The border of the ESInet: over TLS it believes what this provider asserts. */
    bcf: nextHopsSchema.min(1).prefault(['tls:127.0.0.1:15061;esinet.lab', 'tcp:127.0.0.1:15060']),
    /** The SIP URI in the border's certificate. RFC 5922 7.1 */
    bcfSanUri: z.string().min(5).default('sip:esinet.lab'),
    /** Further addresses the border sends from; those of `bcf` count in any case. */
    bcfAddresses: z.array(z.string().min(2)).default([]),
    /** Public domains of ESInets. */
    esinetDomains: z.array(domainSchema).default(['esinet.lab']),
    /** Local emergency numbers; which service each stands for is the border's to say. */
    numbers: z
      .array(z.string().regex(/^[0-9*#]{2,8}$/))
      .default(['112', '911', '999', '061', '080', '091', '062']),
    registrations: z
      .strictObject({
        /** Where a REGISTER names none. */
        expires: durationSchema.prefault('10 min'),
        min: durationSchema.prefault('60 s'),
        max: durationSchema.prefault('1 h'),
        perAccount: z.int().min(1).default(10),
      })
      .prefault({}),
    /** Of the passwords (RFC 7616). */
    digest: z
      .strictObject({
        /** How long a nonce serves; then the client is told to take a new one. */
        nonceLifetime: durationSchema.prefault('5 min'),
        /** Nonces whose counts are kept against replay; beyond them the oldest become stale early. */
        maxNonces: z.int().min(1).default(10_000),
      })
      .prefault({}),
    /** A next hop or user agent that is silent for this long is joined by the next one. */
    failover: durationSchema.prefault('4 s'),
    /** The same over TCP and TLS between borders of the ESInet: they say 100 within 200 ms (RFC 4320 4.1). */
    prompt: durationSchema.prefault('500 ms'),
  })
  .prefault({});

export type ProviderConfig = z.infer<typeof providerConfigSchema>;
