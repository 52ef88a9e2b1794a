import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, silentLogger, systemClock } from '@esinet/kernel';
import { ecrfConfigSchema, startEcrf } from '@esinet/element-ecrf';
import { type RunningElement, ensureLabPki, listPki } from '@esinet/platform';
import { type EsinetConfig, esinetConfigSchema } from '../../config.js';
import { type ElementName, type RunningEsinet, type WireEvent, startEsinet } from '../../esinet.js';
import { type LabFeatureCollection } from '../atlas.js';
import { labBoundaries } from '../lab-boundaries.js';
import { PORTUGAL_ATTRIBUTION, portugalBoundaries } from './portugal.js';
import { COVERAGE_FILE, PORTUGAL_FILE, roamingConfigs } from './roaming-config.js';
import { type Site, portugal as portugalAt, spain as spainAt } from './site.js';
import { yamlText } from './yaml-text.js';

export type SiteName = 'spain' | 'portugal';

export interface RoamingOptions {
  /** Folder of everything: a folder for each site, the boundaries, and the configuration files. */
  readonly data: string;
  /** Spain's ports, and the forest guide's, are moved by so much. */
  readonly offset?: number;
  /** Portugal's; a thousand more if not given. */
  readonly neighbourOffset?: number;
  readonly logger?: Logger;
  readonly adjust?: (config: EsinetConfig, site: SiteName) => EsinetConfig;
  /** Sees every SIP message of both sites: personal data, for ladders on request only. */
  readonly onWire?: (site: SiteName, element: ElementName, event: WireEvent) => void;
}

export interface RunningRoaming {
  readonly spain: RunningEsinet;
  readonly portugal: RunningEsinet;
  readonly sites: Readonly<Record<SiteName, Site>>;
  /** The configurations as files, good for `esinet up --config` and for the programs of one element. */
  readonly files: readonly string[];
  stopForestGuide(): Promise<void>;
  restartForestGuide(): Promise<void>;
  close(): Promise<void>;
}

/** TS 103 698 D.2 in this process: two ESInets with authorities of their own, peered borders, and a forest guide. */
export async function startRoaming(o: RoamingOptions): Promise<RunningRoaming> {
  const { data, logger = silentLogger } = o;
  const offset = o.offset ?? 0;
  const sites = { spain: spainAt(offset), portugal: portugalAt(o.neighbourOffset ?? offset + 1_000) };
  await mkdir(data, { recursive: true });
  const authorities = {
    spain: await authorityOf(join(data, sites.spain.name, 'pki')),
    portugal: await authorityOf(join(data, sites.portugal.name, 'pki')),
  };
  const configs = roamingConfigs({ data, ...sites, authorities });
  const files = await writeFiles(data, sites, configs);

  const adjust = o.adjust ?? ((config: EsinetConfig) => config);
  const startSite = (name: SiteName): Promise<RunningEsinet> => {
    const { onWire } = o;
    return startEsinet(adjust(esinetConfigSchema.parse(configs[name]), name), {
      logger,
      ...(onWire && { onWire: (element: ElementName, event: WireEvent) => onWire(name, element, event) }),
    });
  };
  const startForestGuide = (): Promise<RunningElement> => {
    const { ecrf } = configs.forestGuide as { readonly ecrf: unknown };
    return startEcrf(ecrfConfigSchema.parse(ecrf), { logger, clock: systemClock });
  };
  const running: { close(): Promise<void> }[] = [];
  const closeAll = async (): Promise<void> => {
    for (const each of running.splice(0).reverse()) await each.close();
  };
  try {
    let forestGuide: RunningElement | undefined = await startForestGuide();
    running.push({ close: async () => void (await forestGuide?.close()) });
    const portugal = await startSite('portugal');
    running.push(portugal);
    const spain = await startSite('spain');
    running.push(spain);
    return {
      spain,
      portugal,
      sites,
      files,
      async stopForestGuide() {
        await forestGuide?.close();
        forestGuide = undefined;
      },
      async restartForestGuide() {
        forestGuide ??= await startForestGuide();
      },
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Makes a site's certificate authority where there is none; its fingerprint. */
async function authorityOf(folder: string): Promise<string> {
  await ensureLabPki({ folder, names: [] });
  const authority = (await listPki(folder)).find(({ name }) => name === 'ca');
  if (!authority) throw new Error(`no certificate authority in ${folder}`);
  return authority.fingerprint;
}

async function writeFiles(
  data: string,
  sites: Readonly<Record<SiteName, Site>>,
  configs: ReturnType<typeof roamingConfigs>,
): Promise<string[]> {
  const neighbours = portugalBoundaries(sites.portugal.privateDomain);
  await writeFile(join(data, PORTUGAL_FILE), JSON.stringify(neighbours));
  const coverage = [
    ...regionsOf(labBoundaries(), sites.spain.ecrf),
    ...regionsOf(neighbours, sites.portugal.ecrf),
  ];
  const attribution = `${labBoundaries().properties.attribution}; ${PORTUGAL_ATTRIBUTION}`;
  await writeFile(
    join(data, COVERAGE_FILE),
    JSON.stringify({ type: 'FeatureCollection', properties: { attribution }, features: coverage }),
  );
  const files: string[] = [];
  for (const [name, config] of [
    ['spain', configs.spain],
    ['portugal', configs.portugal],
    ['forest-guide', configs.forestGuide],
  ] as const) {
    const file = join(data, `${name}.yaml`);
    await writeFile(file, `${yamlText(config)}\n`);
    files.push(file);
  }
  return files;
}

/** RFC 5582 7.1: whose server answers in which region. */
function regionsOf({ features }: LabFeatureCollection, server: string): object[] {
  return features.map(({ type, properties, geometry }) => ({
    type,
    properties: {
      NGUID: `${properties['NGUID'] ?? ''}:coverage`,
      ServiceURN: properties['ServiceURN'],
      LostServer: server,
    },
    geometry,
  }));
}
