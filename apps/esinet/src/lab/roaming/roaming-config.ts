import { join } from 'node:path';
import { devicesAt, places } from '../lab-devices.js';
import { portuguesePlaces, spaniardsAbroad } from './places.js';
import { PORTUGAL_CENTRES } from './portugal.js';
import { FOREST_GUIDE, type Site, at, forestGuideListen, forestGuideUrl, lostUrl } from './site.js';

/** Files in the data folder. */
export const PORTUGAL_FILE = 'portugal.geojson';
export const COVERAGE_FILE = 'coverage.geojson';

/** Configurations as they stand in a file: `esinet up --config` takes them, and so do the programs of one element. */
export interface RoamingConfigs {
  readonly spain: object;
  readonly portugal: object;
  readonly forestGuide: object;
}

export interface RoamingPlan {
  readonly data: string;
  readonly spain: Site;
  readonly portugal: Site;
  /** SHA-256 fingerprint of each site's certificate authority. */
  readonly authorities: { readonly spain: string; readonly portugal: string };
}

/** TS 103 698 D.2: two ESInets, each with its own certificate authority, and the forest guide that both ask. */
export function roamingConfigs(plan: RoamingPlan): RoamingConfigs {
  const { data, spain, portugal, authorities } = plan;
  const forestGuide = forestGuideUrl(spain.offset);
  const abroad = new Set(spaniardsAbroad.map(([account]) => account));
  return {
    spain: siteConfig(
      spain,
      portugal,
      { data, forestGuide, authority: authorities.portugal },
      {
        devices: devicesAt(spain.provider, [
          ...places.filter(([account]) => !abroad.has(account)),
          ...spaniardsAbroad,
        ]),
      },
    ),
    portugal: siteConfig(
      portugal,
      spain,
      { data, forestGuide, authority: authorities.spain },
      {
        ecrf: { boundaries: [join(data, PORTUGAL_FILE)], nearestWithinMetres: 5_000 },
        centres: [...PORTUGAL_CENTRES, { slug: 'default', name: 'Portugal, default centre' }].map(
          ({ slug, name }) => ({ uri: `sip:${slug}@${portugal.privateDomain}`, name: `112 ${name} (lab)` }),
        ),
        devices: devicesAt(portugal.provider, portuguesePlaces),
      },
    ),
    forestGuide: {
      data: join(data, 'forest-guide'),
      ecrf: {
        http: forestGuideListen(spain.offset),
        source: FOREST_GUIDE,
        boundaries: [],
        coverage: [join(data, COVERAGE_FILE)],
        servers: { [spain.ecrf]: lostUrl(spain), [portugal.ecrf]: lostUrl(portugal) },
      },
    },
  };
}

/** Every element of a site: its names, its ports, and what it has agreed on with the other one. */
function siteConfig(
  own: Site,
  other: Site,
  common: { readonly data: string; readonly forestGuide: string; readonly authority: string },
  more: { readonly ecrf?: object; readonly centres?: readonly object[]; readonly devices: readonly object[] },
): object {
  const { data, forestGuide, authority } = common;
  const port = (standard: number): number => standard + own.offset;
  const psaps = [`tcp:${at(own, 15_075)}`];
  const border = [`tcp:${at(own, 15_062)}`];
  return {
    data: join(data, own.name),
    // Both authorities are believed; which of them may speak for whom stands with each peer.
    pki: { trust: [join(data, other.name, 'pki', 'ca.cert.pem')] },
    console: { http: { port: port(8_080) } },
    bcf: {
      http: { port: port(15_960) },
      public: { udp: port(15_060), tcp: port(15_060), tls: port(15_061) },
      private: { udp: port(15_062), tcp: port(15_062) },
      element: `bcf.${own.publicDomain}`,
      publicDomain: own.publicDomain,
      privateDomain: own.privateDomain,
      esrp: [`tcp:${at(own, 15_070)}`],
      psaps: { '*': psaps },
      domains: { [own.provider]: [`tcp:${at(own, 15_050)}`] },
      defaultPsap: `sip:default@${own.privateDomain}`,
      peers: [
        { name: 'provider', sanUri: `sip:${own.provider}` },
        {
          name: other.name,
          sanUri: `sip:${other.publicDomain}`,
          authority,
          relay: [own.provider],
          esinet: {
            hops: [`tls:${at(other, 15_061)};${other.publicDomain}`],
            publicDomain: other.publicDomain,
            privateDomain: other.privateDomain,
            domains: [other.provider],
          },
        },
      ],
    },
    esrp: {
      http: { port: port(15_970) },
      listen: { udp: port(15_070), tcp: port(15_070) },
      privateDomain: own.privateDomain,
      hosts: { [own.privateDomain]: psaps },
      bcf: border,
      defaultPsap: `sip:default@${own.privateDomain}`,
      ecrf: { url: lostUrl(own) },
      held: {
        lis: `http://${at(own, 15_985)}/held`,
        allowedHosts: [at(own, 15_985), at(other, 15_985)],
      },
    },
    ecrf: {
      http: { port: port(15_222) },
      source: own.ecrf,
      forestGuide: FOREST_GUIDE,
      servers: { [FOREST_GUIDE]: forestGuide, [other.ecrf]: lostUrl(other) },
      ...more.ecrf,
    },
    lis: {
      http: { port: port(15_985) },
      domain: own.lis,
      devices: more.devices,
      sip: { listen: { udp: port(15_085), tcp: port(15_085) } },
    },
    psap: {
      listeners: [
        { name: 'psap-udp', transport: 'udp', port: port(15_075) },
        { name: 'psap-tcp', transport: 'tcp', port: port(15_075) },
      ],
      http: { port: port(15_090) },
      domain: own.privateDomain,
      publicDomain: own.publicDomain,
      element: own.privateDomain,
      outboundProxy: border[0],
      held: { allowedHosts: [at(own, 15_985), at(other, 15_985)] },
      transfer: {
        agreements: [
          {
            name: other.name,
            uris: [`sip:*@${other.publicDomain}`, `sip:*@${other.privateDomain}`],
            url: `https://${at(other, 15_090)}`,
            sanUri: `sip:${other.privateDomain}`,
          },
        ],
      },
      ...(more.centres && { centres: more.centres }),
    },
    provider: {
      http: { port: port(15_950) },
      listen: { udp: port(15_050), tcp: port(15_050), ws: port(15_080), wss: port(15_081) },
      domain: own.provider,
      bcf: [`tls:${at(own, 15_061)};${own.publicDomain}`, `tcp:${at(own, 15_060)}`],
      bcfSanUri: `sip:${own.publicDomain}`,
      esinetDomains: [own.publicDomain, other.publicDomain],
    },
  };
}
