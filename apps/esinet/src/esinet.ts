import { join } from 'node:path';
import { type Logger, silentLogger, systemClock } from '@esinet/kernel';
import { startBcf } from '@esinet/element-bcf';
import { startEcrf } from '@esinet/element-ecrf';
import { startEsrp } from '@esinet/element-esrp';
import { startLis } from '@esinet/element-lis';
import { startProvider } from '@esinet/element-provider';
import { startPsap } from '@esinet/element-psap';
import {
  type Bus,
  InProcessBus,
  LevelRecords,
  MemoryStore,
  type PlatformOptions,
  type RunningElement,
  ensureLabPki,
  loadTls,
} from '@esinet/platform';
import { type EsinetConfig, esinetConfigSchema } from './config.js';
import { startConsole } from './console/start-console.js';
import { LAB_PSAPS, labBoundaries } from './lab/lab-boundaries.js';
import { labDevices } from './lab/lab-devices.js';
import { shiftPorts } from './shift-ports.js';

export const elementNames = ['lis', 'ecrf', 'psap', 'esrp', 'bcf', 'provider'] as const;
export type ElementName = (typeof elementNames)[number];

export interface RunningEsinet {
  readonly config: EsinetConfig;
  readonly bus: Bus;
  readonly elements: ReadonlyMap<ElementName | 'console', RunningElement>;
  /** Certificates made by this start, by name. */
  readonly certificatesMade: readonly string[];
  readonly pkiFolder: string;
  /** Ends one element, as if it had died; the others go on. */
  stop(name: ElementName): Promise<void>;
  /** Ends all of it: what takes new work first, what others need last. */
  close(): Promise<void>;
}

export interface EsinetOptions {
  readonly logger?: Logger;
  /** Elements not to start. */
  readonly without?: readonly ElementName[];
}

/**
 * The whole ESInet in this process: each element a Nest application of its own, with one bus, one store and one set of
 * records between them.
 *
 * @throws whatever the first element that cannot start throws; what had started is ended
 */
export async function startEsinet(config: EsinetConfig, o: EsinetOptions = {}): Promise<RunningEsinet> {
  const logger = o.logger ?? silentLogger;
  const clock = systemClock;
  const pkiFolder = config.pki.folder ?? join(config.data, 'pki');
  const certificatesMade = await ensureLabPki({ folder: pkiFolder });
  const { limits } = config;
  const bus = new InProcessBus({ logger, clock, limits: limits.bus });
  const store = new MemoryStore({ clock, ...limits.store });
  const records = await LevelRecords.open(join(config.data, 'records'), { logger, limits: limits.records });
  const platform: PlatformOptions = { bus, store, records, clock, logger, limits };
  const elements = new Map<ElementName | 'console', RunningElement>();

  const close = async (): Promise<void> => {
    // The console first, the border before the router, what keeps records last: as it started, turned round.
    for (const element of [...elements.values()].reverse()) await element.close();
    elements.clear();
    await bus.close();
    await records.close();
  };
  const start: Record<ElementName, () => Promise<RunningElement>> = {
    lis: async () => startLis(withLabDevices(config), platform, { tls: await loadTls(pkiFolder, 'lis') }),
    ecrf: async () =>
      startEcrf(withLabCoast(config.ecrf), platform, {
        tls: await loadTls(pkiFolder, 'ecrf'),
        ...(config.ecrf.boundaries === 'lab' ? { lab: labBoundaries() } : {}),
      }),
    psap: async () => startPsap(withLabCentres(config), platform, { tls: await loadTls(pkiFolder, 'psap') }),
    esrp: async () => startEsrp(config.esrp, platform, { tls: await loadTls(pkiFolder, 'esrp') }),
    bcf: async () => startBcf(config.bcf, platform, { tls: await loadTls(pkiFolder, 'bcf') }),
    provider: async () =>
      startProvider(config.provider, platform, { tls: await loadTls(pkiFolder, 'provider') }),
  };
  try {
    for (const name of elementNames) {
      if (!o.without?.includes(name)) elements.set(name, await start[name]());
    }
    elements.set('console', await startConsole(config, platform, elements));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    config,
    bus,
    elements,
    certificatesMade,
    pkiFolder,
    async stop(name) {
      const element = elements.get(name);
      elements.delete(name);
      await element?.close();
    },
    close: once(close),
  };
}

/** The lab: defaults, moved by `offset`, with `data` as its folder. For tests and for a second lab on one machine. */
export function startLabEsinet(
  o: EsinetOptions & {
    readonly data: string;
    readonly offset?: number;
    readonly adjust?: (config: EsinetConfig) => EsinetConfig;
  },
): Promise<RunningEsinet> {
  const adjust = o.adjust ?? ((config: EsinetConfig) => config);
  const config = adjust(shiftPorts(esinetConfigSchema.parse({ data: o.data }), o.offset ?? 0));
  return startEsinet(config, o);
}

/** The centres of the lab by name, so that they greet with it; listed centres stand as they are. */
function withLabCentres({ ecrf, psap }: EsinetConfig): EsinetConfig['psap'] {
  if (ecrf.boundaries !== 'lab' || psap.centres.length > 0) return psap;
  const centres = LAB_PSAPS.map(({ slug, name }) => ({
    uri: `sip:${slug}@${psap.domain}`,
    name: `112 ${name} (lab)`,
  }));
  return {
    ...psap,
    centres: [
      ...centres,
      { uri: `sip:${psap.defaultCentre}@${psap.domain}`, name: '112 default centre (lab)' },
    ],
  };
}

/** Metres from the lab's outlines within which the nearest centre answers: the outlines are simplified by up to 200 m. */
const labCoast = 5_000;

function withLabCoast(ecrf: EsinetConfig['ecrf']): EsinetConfig['ecrf'] {
  return ecrf.boundaries === 'lab' && ecrf.nearestWithinMetres === 0
    ? { ...ecrf, nearestWithinMetres: labCoast }
    : ecrf;
}

/** The lab's LIS knows where the provider's accounts are, unless devices are listed. */
function withLabDevices({ ecrf, lis }: EsinetConfig): EsinetConfig['lis'] {
  return ecrf.boundaries === 'lab' && lis.devices.length === 0 ? { ...lis, devices: labDevices() } : lis;
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}
