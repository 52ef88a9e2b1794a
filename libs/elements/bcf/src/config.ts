import {
  dialogsSchema,
  domainSchema,
  durationSchema,
  listenSchema,
  nextHopSchema,
  nextHopsSchema,
  overloadSchema,
  sipPortsSchema,
  sipUriSchema,
  stateTellingSchema,
} from '@esinet/platform';
import { z } from 'zod';
import { peerTlsShape } from './peer-tls.js';
import { abuseConfigSchema, badActorsConfigSchema, peerLimitsSchema } from './abuse/config.js';

const priority = z.string().regex(/^[A-Za-z0-9_-]{1,32}\.[0-9]{1,2}$/, 'expected a priority such as esnet.1');

/**
 * Header fields in which the domain of a PSAP is translated (TS 103 698 D.1), besides the Request-URI. To and From stay:
 * they are the ends' own.
 */
export const translatedFields: readonly string[] = [
  'Reply-To',
  'Contact',
  'P-Asserted-Identity',
  'Route',
  'History-Info',
  'Refer-To',
  'Referred-By',
];

const fieldNames = z
  .array(z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'expected the name of a header field'))
  .max(32);

const domainsSchema = z.array(domainSchema).max(1_000).default([]);

/** The border of another ESInet (TS 103 698 D.2), and what is reached through it. */
const esinetSchema = z.strictObject({
  /** Where that border listens: TLS only, because it is known by its certificate and so are we. */
  hops: nextHopsSchema
    .min(1)
    .refine((hops) => hops.every(({ transport }) => transport === 'tls'), 'expected tls: next hops only'),
  /** What its PSAPs are called outside. */
  publicDomain: domainSchema,
  /** What they are called inside, which is what its ECRF may answer. */
  privateDomain: domainSchema,
  /** Further domains behind it: its application providers. */
  domains: domainsSchema,
});

const peerSchema = z
  .strictObject({
    name: z.string().min(1).max(64),
    ...peerTlsShape,
    trusted: z.boolean().default(true),
    /** The white list: domains this peer may reach through this border, besides our PSAPs. */
    relay: domainsSchema,
    /** Where a provider listens, for the domains it has. Those of an ESInet stand under `esinet`. */
    hops: nextHopsSchema.default([]),
    /** Domains whose people are reached through it. */
    domains: domainsSchema,
    esinet: esinetSchema.exactOptional(),
    /** What it may ask of this border; `bcf.abuse.peer` if not given. */
    limits: peerLimitsSchema.exactOptional(),
  })
  .refine(
    ({ trusted, esinet }) => trusted || !esinet,
    'an ESInet that is not trusted is no peer: trusted must be true',
  )
  .refine(
    ({ domains, hops }) => domains.length === 0 || hops.length > 0,
    'domains need hops to reach them by',
  )
  .refine(
    ({ hops, transports }) => hops.every(({ transport }) => transports.some((each) => each === transport)),
    'a hop over a transport that transports does not list',
  );

export const bcfConfigSchema = z
  .strictObject({
    http: listenSchema({ port: 15_960 }),
    /** Towards callers and providers; a port of null turns a transport off. */
    public: sipPortsSchema({ udp: 15_060, tcp: 15_060, tls: 15_061 }).prefault({}),
    /** Towards ESRPs and PSAPs. */
    private: sipPortsSchema({ udp: 15_062, tcp: 15_062, tls: null }).prefault({}),
    /** Names this border in identifiers it assigns. */
    element: domainSchema.default('bcf.esinet.lab'),
    publicDomain: domainSchema.default('esinet.lab'),
    privateDomain: domainSchema.default('psap.esinet.internal'),
    /** Header fields in which these domains stand for each other, by direction. */
    translate: z
      .strictObject({
        inwards: fieldNames.default([...translatedFields]),
        outwards: fieldNames.default([...translatedFields]),
      })
      .prefault({}),
    /** Tried one after another. */
    esrp: nextHopsSchema.prefault(['tcp:127.0.0.1:15070']),
    /** PSAPs by the user part of their URI; `*` for all others. */
    psaps: z.record(z.string().min(1).max(64), nextHopsSchema).prefault({ '*': ['tcp:127.0.0.1:15075'] }),
    /** Next hops of the domains of application providers; those of other ESInets stand with their peer. */
    domains: z.record(domainSchema, nextHopsSchema).prefault({ 'provider.lab': ['tcp:127.0.0.1:15050'] }),
    /** Where a call goes when every ESRP is away. */
    defaultPsap: sipUriSchema.default('sip:default@psap.esinet.internal'),
    peers: z
      .array(peerSchema)
      .max(1_000)
      .prefault([{ name: 'provider', sanUri: 'sip:provider.lab', trusted: true }]),
    /** Emergency numbers and what each stands for. */
    numbers: z.record(z.string().regex(/^[0-9*#]{2,8}$/), z.string().startsWith('urn:service:')).default({
      '112': 'urn:service:sos',
      '911': 'urn:service:sos',
      '999': 'urn:service:sos',
      '061': 'urn:service:sos.ambulance',
      '080': 'urn:service:sos.fire',
      '091': 'urn:service:sos.police',
      '062': 'urn:service:sos.police',
    }),
    /** Domains in which these numbers count: a list, or `*` for any, since an emergency is not refused for a host part. */
    numberDomains: z.union([z.literal('*'), z.array(z.string()).min(1)]).default('*'),
    priority: z
      .strictObject({
        /** TS 103 698 6.1.2.5 */
        emergency: priority.default('esnet.1'),
        callback: priority.default('esnet.0'),
      })
      .prefault({}),
    removeFromUntrusted: z
      .array(z.string().regex(/^[A-Za-z0-9-]{1,64}$/))
      .default([
        'P-Asserted-Identity',
        'P-Preferred-Identity',
        'P-Access-Network-Info',
        'P-Asserted-Service',
        'P-Associated-URI',
        'P-Called-Party-ID',
        'P-Charging-Function-Addresses',
        'P-Charging-Vector',
        'P-Profile-Key',
        'P-Served-User',
        'P-User-Database',
        'P-Visited-Network-ID',
      ]),
    /** NENA i3 identifiers beside those of TS 103 698. */
    nenaIdentifiers: z.boolean().default(true),
    chats: z
      .strictObject({
        /** How long the way back to a caller is remembered after their last message. */
        remember: durationSchema.prefault('30 min'),
        /** Ways kept in memory; the store may hold more. */
        max: z.int().min(1).default(100_000),
        /** How long the store is waited for. */
        storeTimeout: durationSchema.prefault('300 ms'),
        /** Characters of the unique part of a CallId from which on it counts as a secret. */
        secretLength: z.int().min(8).max(64).default(20),
      })
      .prefault({}),
    /** Private sides of the other borders that share the store, by instance, where what they say of themselves does not do. */
    siblings: z
      .record(z.string().min(1).max(63), nextHopSchema)
      .refine((siblings) => Object.keys(siblings).length <= 100, 'expected 100 at most')
      .default({}),
    /** How long this border counts as alive after it last said so in the store. */
    presence: durationSchema.prefault('15 s'),
    dialogs: dialogsSchema,
    abuse: abuseConfigSchema,
    badActors: badActorsConfigSchema,
    /** A next hop that is silent for this long is joined by the next one. */
    failover: durationSchema.prefault('4 s'),
    /** The same over TCP and TLS between ESRPs, or servers of one PSAP: they say 100 within 200 ms (RFC 4320 4.1). */
    prompt: durationSchema.prefault('500 ms'),
    /** How long an ESRP that failed is tried after the others. */
    avoid: durationSchema.prefault('10 s'),
    /** What this border tells of itself, inside (RFC 6665; NENA i3 shapes). */
    states: stateTellingSchema('bcf.esinet.lab'),
    overload: overloadSchema,
  })
  .superRefine((config, context) => {
    const owners = new Map<string, string>([
      [config.publicDomain, 'this border'],
      [config.privateDomain, 'this border'],
      ...Object.keys(config.domains).map((domain) => [domain, 'bcf.domains'] as const),
    ]);
    for (const [i, { name, esinet, domains }] of config.peers.entries()) {
      for (const domain of [...domains, ...(esinet ? domainsOf(esinet) : [])]) {
        const owner = owners.get(domain);
        if (owner === undefined) owners.set(domain, name);
        else {
          const message = `${domain} cannot be behind ${name}: ${owner} has it`;
          context.addIssue({ code: 'custom', message, path: ['peers', i, esinet ? 'esinet' : 'domains'] });
        }
      }
    }
  })
  .prefault({});

/** Every domain that is reached through the border of an ESInet. */
export function domainsOf(esinet: z.infer<typeof esinetSchema>): string[] {
  return [...new Set([esinet.publicDomain, esinet.privateDomain, ...esinet.domains])];
}

export type BcfConfig = z.infer<typeof bcfConfigSchema>;
