import { join } from 'node:path';
import { type DynamicModule, type InjectionToken, Module } from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import {
  BUS,
  type Bus,
  CLOCK,
  INSTANCE,
  LOGGER,
  METRICS,
  type Metrics,
  type PlatformOptions,
  type RunningElement,
  STORE,
  SipEdge,
  type SipExtras,
  fingerprintsOf,
  hopsOfAnotherEsinet,
  type Store,
  sipEdgeProvider,
  startElement,
} from '@esinet/platform';
import { badActorRoutes, maxReportBytes } from './abuse/bad-actor-routes.js';
import { Border, borderListeners } from './border.js';
import type { BcfConfig } from './config.js';
import { statesProviders } from './states.js';
import { tlsRulesOf } from './peer-tls.js';

@Module({})
class BcfModule {}

export function bcfModule(
  config: BcfConfig,
  o: SipExtras & { readonly dataFolder?: string } = {},
): DynamicModule {
  return {
    module: BcfModule,
    providers: [
      sipEdgeProvider({
        listeners: borderListeners(config),
        hopsBefore: hopsBefore(config),
        tlsPeers: tlsRulesOf(config.peers),
        overload: config.overload,
        ...o,
      }),
      {
        provide: Border,
        inject: [SipEdge, BUS, STORE, CLOCK, LOGGER, METRICS, INSTANCE],
        useFactory: (
          edge: SipEdge,
          bus: Bus,
          store: Store,
          clock: Clock,
          logger: Logger,
          metrics: Metrics,
          instance: string,
        ) =>
          new Border(config, {
            edge,
            bus,
            store,
            clock,
            logger,
            metrics,
            instance,
            ownAuthorities: ownAuthorities(o),
            ...(o.dataFolder !== undefined && { auditFile: join(o.dataFolder, 'bad-actors.jsonl') }),
          }),
      },
      ...statesProviders(config, ownAuthorities(o)),
    ],
  };
}

/** The provider; with peered ESInets also what a call has passed there. */
function hopsBefore({ peers }: BcfConfig): number {
  return peers.some(({ esinet }) => esinet) ? 1 + hopsOfAnotherEsinet : 1;
}

/** Of the trust in force now: it may be exchanged. */
function ownAuthorities({ tls }: SipExtras): () => ReadonlySet<string> | undefined {
  let read = { pem: '', fingerprints: new Set<string>() };
  return () => {
    const pem = tls?.ownCa;
    if (pem === undefined) return undefined;
    if (pem !== read.pem) read = { pem, fingerprints: new Set(fingerprintsOf(pem)) };
    return read.fingerprints;
  };
}

/**
 * Starts the border. What it listens on is the `SipEdge` of the running element. HTTP-2 is served at its HTTP port: to
 * addresses inside, and with a certificate of its own, to those who begin with TLS there and show theirs.
 */
export function startBcf(
  config: BcfConfig,
  platform: PlatformOptions,
  o: SipExtras = {},
): Promise<RunningElement> {
  const { tls } = o;
  const { dataFolder } = platform;
  const { reporters } = config.badActors;
  const names = reporters.names.length > 0 ? reporters.names : [`URI:sip:${config.privateDomain}`];
  const routes = (secure: boolean) => (get: <T>(token: InjectionToken<T>) => T) =>
    badActorRoutes(get<Border>(Border).badActors, { reporters: { ...reporters, names }, secure });
  return startElement({
    name: 'bcf',
    module: bcfModule(config, { ...o, ...(dataFolder !== undefined && { dataFolder }) }),
    http: config.http,
    platform,
    fastRoutes: routes(false),
    ...(tls && {
      secure: {
        ...config.http,
        // An authority that is believed for the sake of one peer names no reporters.
        tls: tls.ownCa === undefined ? tls : { ...tls, ca: tls.ownCa },
        maxBodyBytes: maxReportBytes,
        routes: routes(true),
      },
    }),
  });
}
