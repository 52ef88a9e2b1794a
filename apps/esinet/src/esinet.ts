import { join } from 'node:path';
import { type Logger, silentLogger, systemClock } from '@esinet/kernel';
import { startBcf } from '@esinet/element-bcf';
import { type EcrfExtras, startEcrf } from '@esinet/element-ecrf';
import { startEsrp } from '@esinet/element-esrp';
import { startLis } from '@esinet/element-lis';
import { startProvider } from '@esinet/element-provider';
import { startPsap } from '@esinet/element-psap';
import {
  type Bus,
  type CertificateWatch,
  InProcessBus,
  type LeafName,
  LevelRecords,
  METRICS,
  MemoryStore,
  type Metrics,
  type PlatformOptions,
  PrometheusMetrics,
  type RunningElement,
  type SipExtras,
  type TlsOptions,
  ensureLabPki,
  keptSecret,
  labNames,
  openAdapters,
  watchCertificates,
} from '@esinet/platform';
import { type EsinetConfig, esinetConfigSchema } from './config.js';
import { startConsole } from './console/start-console.js';
import { labCivicData } from './lab/lab-civic.js';
import { LAB_PSAPS, labBoundaries } from './lab/lab-boundaries.js';
import {
  type LabHandover,
  type StartedHandover,
  simulatorLeaf,
  startLabHandover,
} from './lab/handover/lab-handover.js';
import { labDevices } from './lab/lab-devices.js';
import { shiftPorts } from './shift-ports.js';

export const elementNames = ['lis', 'ecrf', 'psap', 'esrp', 'bcf', 'provider'] as const;
export type ElementName = (typeof elementNames)[number];
/** What can be left out: an element, or what runs beside them. */
export type LeavableName = ElementName | 'handover';
export const leavableNames: readonly LeavableName[] = [...elementNames, 'handover'];

/** One SIP message as it came or went, byte by byte. */
export type WireEvent = Parameters<NonNullable<NonNullable<SipExtras['stack']>['onWire']>>[0];

export interface RunningEsinet {
  readonly config: EsinetConfig;
  readonly bus: Bus;
  readonly elements: ReadonlyMap<ElementName | 'console', RunningElement>;
  /** Certificates made by this start, by name. */
  readonly certificatesMade: readonly string[];
  readonly pkiFolder: string;
  /** What of the hand-over runs beside it. */
  readonly handover: StartedHandover;
  /** Ends one element, as if it had died; the others go on. */
  stop(name: ElementName): Promise<void>;
  /** Starts one again that was ended. */
  restart(name: ElementName): Promise<void>;
  /** Ends all of it: what takes new work first, what others need last. */
  close(): Promise<void>;
}

export interface EsinetOptions {
  readonly logger?: Logger;
  /** Elements not to start. */
  readonly without?: readonly LeavableName[];
  /** Told what takes a while. */
  readonly progress?: (line: string) => void;
  /** Sees every SIP message of every element, in and out: personal data, for ladders on request only. */
  readonly onWire?: (element: ElementName, event: WireEvent) => void;
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
  const certificatesMade = await ensureLabPki({ folder: pkiFolder, names: certificateDomains(config) });
  const { trust, crl, check: everyMs } = config.pki;
  const watches = new Map<string, CertificateWatch>();
  const tlsOf = async (name: string): Promise<TlsOptions> => {
    let watch = watches.get(name);
    if (!watch) {
      const files = { folder: pkiFolder, name, trust, crl };
      watch = await watchCertificates(files, { clock, logger, limits: { everyMs } });
      watches.set(name, watch);
    }
    return watch.tls;
  };
  const extras = async (name: ElementName) => ({ tls: await tlsOf(name), ...watching(name, o.onWire) });
  const { limits } = config;
  const instance = config.instance ?? 'esinet';
  const adapters = await openAdapters(config, {
    ...{ instance, clock, logger, limits, metrics: new PrometheusMetrics({ element: 'esinet' }) },
    ...{ folder: join(config.data, 'esinet'), tls: undefined },
  });
  const bus = adapters.bus ?? new InProcessBus({ logger, clock, limits: limits.bus });
  const store = adapters.store ?? new MemoryStore({ clock, ...limits.store });
  const records =
    adapters.records ??
    (await LevelRecords.open(join(config.data, 'records'), { logger, limits: limits.records }));
  const { transactionSecret } = config.sip;
  const platform: PlatformOptions = {
    ...{ bus, store, records, instance, clock, logger, limits, transactionSecret },
  };
  const elements = new Map<ElementName | 'console', RunningElement>();
  // Calls that run outlive a restart.
  const lastingDialogs = async <C extends EsinetConfig['bcf'] | EsinetConfig['esrp']>(own: C): Promise<C> =>
    own.dialogs.secret === undefined
      ? { ...own, dialogs: { secret: await keptSecret(join(config.data, 'dialogs.secret')) } }
      : own;

  const handoverWanted = config.handover.enabled && !o.without?.includes('handover');
  let handover: LabHandover | undefined;

  const close = async (): Promise<void> => {
    await handover?.close();
    // The console first, the border before the router, what keeps records last: as it started, turned round.
    for (const element of [...elements.values()].reverse()) await element.close();
    elements.clear();
    for (const watch of watches.values()) watch.close();
    await bus.close();
    await records.close();
    await adapters.close();
  };
  const start: Record<ElementName, () => Promise<RunningElement>> = {
    lis: async () => startLis(withLabDevices(config), platform, await extras('lis')),
    ecrf: async () =>
      startEcrf(withLabCoast(config.ecrf), platform, {
        tls: await tlsOf('ecrf'),
        ...(config.ecrf.boundaries === 'lab' ? { lab: labBoundaries(), ...labCivic() } : {}),
      }),
    psap: async () => startPsap(withRecordsView(config, handoverWanted), platform, await extras('psap')),
    esrp: async () => startEsrp(await lastingDialogs(withLabStates(config)), platform, await extras('esrp')),
    bcf: async () =>
      startBcf(
        await lastingDialogs(config.bcf),
        { ...platform, dataFolder: join(config.data, 'bcf') },
        await extras('bcf'),
      ),
    provider: async () => startProvider(config.provider, platform, await extras('provider')),
  };
  const run = async (name: ElementName): Promise<void> => {
    const element = await start[name]();
    elements.set(name, element);
    watches.get(name)?.measure(element.get<Metrics>(METRICS));
  };
  let beside: StartedHandover = { desk: false, simulator: false };
  try {
    // Meanwhile: it takes as long as all the others together.
    if (handoverWanted) {
      const progress = o.progress ?? (() => undefined);
      handover = startLabHandover(config, { pkiFolder, logger, clock, progress });
    }
    for (const name of elementNames) {
      if (!o.without?.includes(name)) await run(name);
    }
    elements.set('console', await startConsole(config, platform, elements));
    // What is wrong with it must not keep anybody from being answered.
    if (handover) beside = await handover.started;
    if (beside.problem !== undefined) logger.error('hand-over does not run', { reason: beside.problem });
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
    handover: beside,
    async stop(name) {
      const element = elements.get(name);
      elements.delete(name);
      await element?.close();
    },
    async restart(name) {
      if (!elements.has(name)) await run(name);
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

/** The hand-over of the lab reads the chats of this process. */
function withRecordsView(config: EsinetConfig, isWanted: boolean): EsinetConfig['psap'] {
  const psap = withLabCentres(config);
  if (!isWanted || psap.recordsView) return psap;
  const leaf = certificateDomains(config).find(({ name }) => name === 'handover');
  return { ...psap, recordsView: { ...config.handover.view, readers: [`URI:sip:${leaf?.domain ?? ''}`] } };
}

function labCivic(): EcrfExtras {
  const labCivic = labCivicData();
  return labCivic ? { labCivic } : {};
}

/** The lab's router asks the PSAPs how they are: the service as a whole, and the queue of each centre. */
function withLabStates(config: EsinetConfig): EsinetConfig['esrp'] {
  const { ecrf, esrp, psap } = config;
  const ports = new Set(psap.listeners.map(({ port }) => port));
  // Only of the PSAP that runs here: somebody else's may never have heard of such a package.
  const isOurs = (esrp.hosts[psap.domain] ?? []).some((hop) => 'port' in hop && ports.has(hop.port));
  if (ecrf.boundaries !== 'lab' || esrp.states.subscribe.length > 0 || !isOurs) return esrp;
  const centres = withLabCentres(config).centres.map(({ uri }) => uri);
  const subscribe = [
    { uri: `sip:${psap.domain}`, packages: ['ServiceState' as const], name: 'PSAP' },
    ...centres.map((uri) => ({ uri, packages: ['QueueState' as const], name: 'PSAP' })),
  ];
  return { ...esrp, states: { ...esrp.states, subscribe } };
}

/** Metres from the lab's outlines within which the nearest centre answers: the outlines are simplified by up to 200 m. */
const labCoast = 5_000;

function withLabCoast(ecrf: EsinetConfig['ecrf']): EsinetConfig['ecrf'] {
  return ecrf.boundaries === 'lab' && ecrf.nearestWithinMetres === 0
    ? { ...ecrf, nearestWithinMetres: labCoast }
    : ecrf;
}

/** The lab's LIS knows where the provider's accounts are, unless devices are listed, and asks its ECRF for routes. */
function withLabDevices({ ecrf, lis }: EsinetConfig): EsinetConfig['lis'] {
  if (ecrf.boundaries !== 'lab') return lis;
  const none = lis.devices.length === 0 && lis.deviceFiles.length === 0;
  const lost = lis.routing.lost ?? `http://${ecrf.http.host}:${ecrf.http.port}/lost`;
  return { ...lis, devices: none ? labDevices() : lis.devices, routing: { ...lis.routing, lost } };
}

/** The SIP domains that the certificates of this ESInet stand for. RFC 5922 7.1 */
export function certificateDomains({ bcf, ecrf, lis, psap, provider, handover }: EsinetConfig): LeafName[] {
  const domains: Readonly<Record<string, string>> = {
    bcf: bcf.publicDomain,
    esrp: `esrp.${bcf.publicDomain}`,
    ecrf: ecrf.source,
    lis: lis.domain,
    psap: psap.domain,
    provider: provider.domain,
  };
  const names = labNames.map(({ name, domain }) => ({ name, domain: domains[name] ?? domain }));
  return handover.enabled && handover.simulator.enabled ? [...names, simulatorLeaf] : names;
}

function watching(element: ElementName, onWire: EsinetOptions['onWire']): Pick<SipExtras, 'stack'> {
  return onWire ? { stack: { onWire: (event) => onWire(element, event) } } : {};
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}
