import type { Clock, Logger } from '@esinet/kernel';
import type { LostDns } from '@esinet/lost';
import type { Metrics, TlsOptions } from '@esinet/platform';
import { AnswerCache } from './answer-cache.js';
import { Coverage, type CoverageRegion, readCoverage } from './coverage.js';
import type { EcrfConfig } from './ecrf-config.js';
import { type BoundarySource, type LoadProblem, readBoundaryFile } from './load-boundaries.js';
import type { Referral } from './resolve-context.js';
import { normalServiceUrn } from './service-urn.js';
import { ServerDirectory } from './lost-servers.js';
import { ForeignMappings } from './sync/foreign-mappings.js';
import { Upstreams } from './upstream.js';

export interface ReferralPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Shown to the servers asked, and whose authority theirs has to be signed by. */
  readonly tls?: TlsOptions;
  /** In place of the system's. */
  readonly dns?: LostDns;
}

/** Whether there is somebody to ask where there is no boundary. */
export function answersThroughOthers(config: EcrfConfig): boolean {
  return (
    config.coverage.length > 0 ||
    config.coverageCivic.length > 0 ||
    config.forestGuide !== undefined ||
    config.sync.peers.length > 0
  );
}

/** Reads the coverage regions and makes what asks other servers. Undefined: nobody is ever asked. */
export async function loadReferral(config: EcrfConfig, ports: ReferralPorts): Promise<Referral | undefined> {
  if (!answersThroughOthers(config)) return undefined;
  const { clock } = ports;
  const { upstream } = config;
  const { entries, positions } = upstream.cache;
  const servers = new ServerDirectory(config, clock, ports.tls, ports.dns);
  const configured = new Set(Object.keys(config.servers));
  return {
    coverage: new Coverage(await loadCoverage(config, ports.logger)),
    mappings: new ForeignMappings([]),
    forestGuide: config.forestGuide,
    upstreams: new Upstreams(
      servers.find,
      clock,
      {
        failures: upstream.breaker.failures,
        pauseMs: upstream.breaker.pause,
        perServer: upstream.perServer,
        total: upstream.total,
      },
      ports.metrics,
      configured,
    ),
    cache: new AnswerCache(clock, {
      entries,
      positions,
      maxAgeMs: upstream.cache.maxAge,
      staleMs: upstream.cache.stale,
    }),
    clock,
    close: () => servers.close(),
    limits: {
      budgetMs: upstream.budget,
      hopMs: upstream.hop,
      redirects: upstream.redirects,
      overlapping: upstream.overlapping,
    },
  };
}

/** What this server says it is responsible for, where it does not give its boundaries (RFC 5582 section 7.1). */
export function loadOutline(config: EcrfConfig, logger: Logger): Promise<readonly CoverageRegion[]> {
  return regionsOf(config.sync.outline, config.source, logger);
}

async function regionsOf(
  files: readonly string[],
  server: string | undefined,
  logger: Logger,
): Promise<readonly CoverageRegion[]> {
  const sources: BoundarySource[] = [];
  const problems: LoadProblem[] = [];
  for (const file of files) {
    const read = await readBoundaryFile(file);
    if (read.ok) sources.push(read.value);
    else problems.push(read.error);
  }
  const read = readCoverage(sources, server);
  problems.push(...read.problems);
  for (const { source, feature, code, message } of problems) {
    logger.error('coverage region not used', { file: source, feature, code, reason: message });
  }
  return read.regions;
}

async function loadCoverage(config: EcrfConfig, logger: Logger): Promise<CoverageRegion[]> {
  const read = await regionsOf(config.coverage, undefined, logger);
  const civic = config.coverageCivic.map(({ match, service, server }, i) => ({
    id: `civic ${i}`,
    server,
    serviceUrn: normalServiceUrn(service),
    civic: [{ elements: Object.entries(match).map(([name, value]) => ({ name, value })) }],
  }));
  const regions = [...read, ...civic];
  logger.info('coverage loaded', { regions: regions.length });
  return regions;
}
