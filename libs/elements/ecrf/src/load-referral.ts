import type { Clock, Logger } from '@esinet/kernel';
import type { LostDns } from '@esinet/lost';
import type { Metrics, TlsOptions } from '@esinet/platform';
import { AnswerCache } from './answer-cache.js';
import { Coverage, type CoverageRegion, readCoverage } from './coverage.js';
import type { EcrfConfig } from './ecrf-config.js';
import { type BoundarySource, type LoadProblem, readBoundaryFile } from './load-boundaries.js';
import type { Referral } from './resolve.js';
import { normalServiceUrn } from './service-urn.js';
import { ServerDirectory } from './lost-servers.js';
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
  return config.coverage.length > 0 || config.coverageCivic.length > 0 || config.forestGuide !== undefined;
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

async function loadCoverage(config: EcrfConfig, logger: Logger): Promise<CoverageRegion[]> {
  const sources: BoundarySource[] = [];
  const problems: LoadProblem[] = [];
  for (const file of config.coverage) {
    const read = await readBoundaryFile(file);
    if (read.ok) sources.push(read.value);
    else problems.push(read.error);
  }
  const read = readCoverage(sources);
  problems.push(...read.problems);
  for (const { source, feature, code, message } of problems) {
    logger.error('coverage region not used', { file: source, feature, code, reason: message });
  }
  const civic = config.coverageCivic.map(({ match, service, server }, i) => ({
    id: `civic ${i}`,
    server,
    serviceUrn: normalServiceUrn(service),
    civic: [{ elements: Object.entries(match).map(([name, value]) => ({ name, value })) }],
  }));
  const regions = [...read.regions, ...civic];
  logger.info('coverage loaded', { regions: regions.length, problems: problems.length });
  return regions;
}
