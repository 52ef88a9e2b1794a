import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { askWhere } from '@esinet/element-app/where';
import type { GisSource } from '@esinet/gis';
import { err, silentLogger, systemClock } from '@esinet/kernel';
import { PrometheusMetrics, openAdapters, readTlsMaterial } from '@esinet/platform';
import { type TlsOptions, nodeDns, serverLocator } from '@esinet/sip';
import { readSource } from '../commands/gis-files.js';
import type { EsinetConfig } from '../config.js';
import { certificateDomains, elementNames } from '../esinet.js';
import { labBoundaries } from '../lab/lab-boundaries.js';
import { checkAddresses } from './addresses.js';
import { checkCertificates } from './certificates.js';
import { type Neighbour, checkClock } from './clock.js';
import { type Configured, configured } from './configured.js';
import { type CheckName, checkNames } from './check-names.js';
import { checkCoverage } from './coverage.js';
import { checkDns } from './dns.js';
import { type Finding, fault, warning } from './finding.js';
import { type SecureHop, checkHandshakes } from './handshakes.js';
import { insidePoint } from './inside-point.js';
import { type KnownPlace, checkLost } from './lost.js';
import { checkMessageSize } from './message-size.js';
import { addressPorts, folderPorts, handshake, httpDate, sipDate } from './ports.js';
import { checkStores } from './stores.js';

export interface Examined extends Finding {
  readonly check: CheckName;
}

export interface ExamineOptions {
  readonly only?: readonly CheckName[];
  /** For each thing that is asked of the network. */
  readonly timeoutMs: number;
}

/** Features asked about; a national set has a few dozen. */
const mostPlaces = 50;

/** Every check, one after another; nothing that it does changes anything. */
export async function examine(config: EsinetConfig, o: ExamineOptions): Promise<Examined[]> {
  const parts = configured(config);
  let read: ReturnType<typeof readBoundaries> | undefined;
  const boundaries = () => (read ??= readBoundaries(config));
  const own = await readTls(config, 'bcf').catch(() => undefined);
  const checks: Record<CheckName, () => Promise<Finding[]> | Finding[]> = {
    dns: () => {
      const dns = nodeDns({ timeoutMs: o.timeoutMs, tries: 1 });
      const locator = serverLocator({
        ...{ table: [], dns, clock: systemClock, timeoutMs: o.timeoutMs, preferred: ['tls', 'tcp', 'udp'] },
      });
      return checkDns(parts.hops, { dns, locate: (uri) => locator.locate(uri) });
    },
    tls: async () => [
      ...(await certificates(config)),
      ...(await checkHandshakes(secureHops(parts), {
        handshake: (hop) => handshake(hop, own, o.timeoutMs),
        now: systemClock.wall(),
      })),
    ],
    clock: () =>
      checkClock(neighbours(parts, own, o.timeoutMs), {
        wall: () => systemClock.wall(),
        now: () => systemClock.now(),
        wait: (ms) => wait(ms),
      }),
    addresses: () => checkAddresses(parts.listeners, addressPorts()),
    size: () =>
      checkMessageSize(parts.hops, config.limits, [
        { path: 'psap.limits.textBytes', bytes: config.psap.limits.textBytes },
      ]),
    lost: () =>
      checkLost(
        [{ path: 'esrp.ecrf.url', url: config.esrp.ecrf.url }],
        placesOf(config, boundaries().sources),
        {
          ask: (lost, { latitude, longitude, service }) =>
            inTime(
              askWhere({ lost, latitude, longitude, service, boundary: false, iterative: false }),
              o.timeoutMs,
              lost,
            ),
        },
      ),
    coverage: () => [...boundaries().findings, ...checkCoverage(boundaries().sources, systemClock.wall())],
    stores: () =>
      checkStores(
        {
          data: config.data,
          kinds: { bus: config.bus.kind, store: config.store.kind, records: config.records.kind },
        },
        { ...folderPorts, open: () => openServers(config, own, o.timeoutMs) },
      ),
  };
  const found: Examined[] = [];
  for (const check of checkNames) {
    if (o.only && !o.only.includes(check)) continue;
    for (const finding of await checks[check]()) found.push({ check, ...finding });
  }
  return found;
}

/** A lab makes its own when it starts: none at all is no fault where nobody said where they are. */
async function certificates(config: EsinetConfig): Promise<Finding[]> {
  const folder = join(config.data, 'pki');
  if (config.pki.folder === undefined && !existsSync(folder)) {
    const fix = 'Start the ESInet, which makes those of a lab, or set pki.folder to where yours are.';
    return [warning(`There are no certificates in ${folder} yet.`, fix)];
  }
  const names: readonly string[] = elementNames;
  return checkCertificates(
    certificateDomains(config).filter(({ name }) => names.includes(name)),
    { read: (name) => readTls(config, name), now: systemClock.wall() },
  );
}

function readTls({ data, pki }: EsinetConfig, name: string): Promise<TlsOptions> {
  return readTlsMaterial({ folder: pki.folder ?? join(data, 'pki'), name, trust: pki.trust, crl: pki.crl });
}

function secureHops({ hops, urls }: Configured): SecureHop[] {
  return [
    ...hops.flatMap(({ path, hop }) =>
      'uri' in hop || (hop.transport !== 'tls' && hop.transport !== 'wss')
        ? []
        : [
            {
              ...{ path, host: hop.address, port: hop.port },
              ...(hop.serverName !== undefined && { serverName: hop.serverName }),
            },
          ],
    ),
    ...urls.flatMap(({ path, url }) => {
      const { protocol, hostname, port } = new URL(url);
      return protocol === 'https:' ? [{ path, host: hostname, port: Number(port || 443) }] : [];
    }),
  ];
}

/** One for each place that is asked, however often the configuration names it. */
function neighbours({ hops, urls }: Configured, tls: TlsOptions | undefined, timeoutMs: number): Neighbour[] {
  const found = new Map<string, Neighbour>();
  for (const { path, url } of urls) {
    const { origin } = new URL(url);
    found.set(origin, { name: `${path} (${origin})`, ask: () => httpDate(url, tls, timeoutMs) });
  }
  for (const { path, hop } of hops) {
    if ('uri' in hop || (hop.transport !== 'udp' && hop.transport !== 'tcp')) continue;
    const where = `${hop.transport}:${hop.address}:${hop.port}`;
    found.set(where, { name: `${path} (${where})`, ask: () => sipDate(hop, timeoutMs) });
  }
  return [...found.values()];
}

function readBoundaries({ ecrf }: EsinetConfig): {
  readonly sources: GisSource[];
  readonly findings: Finding[];
} {
  if (ecrf.boundaries === 'lab')
    return { sources: [{ file: 'lab.geojson', geojson: labBoundaries() }], findings: [] };
  const sources: GisSource[] = [];
  const findings: Finding[] = [];
  for (const file of [...ecrf.boundaries, ...ecrf.layers.flatMap(({ files }) => files)]) {
    const source = readSource(file);
    if (source.ok) sources.push(source.value);
    else
      findings.push(fault(`Boundaries: ${source.error}.`, 'Correct ecrf.boundaries, or put the file there.'));
  }
  return { sources, findings };
}

function placesOf({ ecrf }: EsinetConfig, sources: readonly GisSource[]): KnownPlace[] {
  const places: KnownPlace[] = [];
  for (const { geojson } of sources) {
    const { features = [] } = (geojson ?? {}) as { features?: readonly Record<string, unknown>[] };
    for (const { properties, geometry } of features) {
      const {
        ServiceURI: uri,
        ServiceURN: service,
        DsplayName: name,
      } = (properties ?? {}) as Record<string, unknown>;
      const point = insidePoint(geometry);
      if (!point || typeof uri !== 'string' || typeof service !== 'string') continue;
      const known = typeof name === 'string' ? name : uri;
      places.push({ longitude: point.lon, latitude: point.lat, service, uri, name: known });
    }
  }
  const shown = places.slice(0, mostPlaces);
  const asksOthers = ecrf.forestGuide !== undefined || ecrf.coverage.length > 0;
  // Far from all land: whoever is asked has to say that nobody serves it.
  if (asksOthers)
    shown.push({
      longitude: -140,
      latitude: -45,
      service: 'urn:service:sos',
      name: 'a place that nobody serves',
    });
  return shown;
}

async function openServers(
  config: EsinetConfig,
  tls: TlsOptions | undefined,
  timeoutMs: number,
): Promise<void> {
  const opening = openAdapters(config, {
    ...{ instance: 'doctor', clock: systemClock, logger: silentLogger, limits: config.limits },
    ...{ metrics: new PrometheusMetrics({ element: 'doctor' }), folder: undefined, tls },
  });
  const late = new AbortController();
  try {
    const adapters = await Promise.race([
      opening,
      wait(timeoutMs, undefined, { signal: late.signal }).then(() =>
        Promise.reject(new Error('no answer in time')),
      ),
    ]);
    await adapters.close();
  } finally {
    late.abort();
    // What opens after all is closed again.
    opening.then((adapters) => adapters.close()).catch(() => undefined);
  }
}

async function inTime<T>(
  asking: Promise<T>,
  timeoutMs: number,
  what: string,
): Promise<T | ReturnType<typeof err<string>>> {
  const late = new AbortController();
  const tooLate = wait(timeoutMs, undefined, { signal: late.signal }).then(() =>
    err(`${what}: no answer in time`),
  );
  try {
    return await Promise.race([asking, tooLate]);
  } finally {
    late.abort();
    tooLate.catch(() => undefined);
  }
}
