import { type Clock, type Logger, isoTime, messageOf } from '@esinet/kernel';
import { type Mapping, httpSyncClient } from '@esinet/lost';
import type { Bus, Metrics, Records, TlsOptions } from '@esinet/platform';
import type { CoverageRegion } from '../coverage.js';
import type { EcrfConfig } from '../ecrf-config.js';
import type { EcrfLayers } from '../layers.js';
import { normalServiceUrn } from '../service-urn.js';
import { ForeignMappings, expiryOf, geometryOf } from './foreign-mappings.js';
import { type LearntMapping, MappingBase } from './mapping-base.js';
import { SyncExchange } from './sync-client.js';
import { type SyncCaller, type SyncPeer, SyncPeers, mayWrite } from './sync-peers.js';
import { SyncServer } from './sync-server.js';
import { SyncSource } from './sync-source.js';

export interface LostSyncPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly bus: Bus;
  readonly records: Records;
  /** Shown to peers. */
  readonly tls?: TlsOptions;
}

/** What was learnt from peers, as questions are answered from it. */
export interface Learnt {
  readonly coverage: readonly CoverageRegion[];
  readonly mappings: ForeignMappings;
}

export interface LostSyncOptions {
  readonly config: EcrfConfig;
  /** The layers now served. */
  readonly layers: () => EcrfLayers;
  readonly coverage: readonly CoverageRegion[];
  readonly outline: readonly CoverageRegion[];
  /** Told of every change, and once at the beginning. */
  readonly onLearnt: (learnt: Learnt) => void;
}

/** LoST-Sync (RFC 6739) with all peers of the configuration, both ways. */
export class LostSync {
  readonly #peers: SyncPeers;
  readonly #base: MappingBase;
  readonly #server: SyncServer;
  readonly #exchanges: readonly SyncExchange[];
  readonly #clients: readonly { close(): void }[];

  constructor(
    private readonly o: LostSyncOptions,
    private readonly ports: LostSyncPorts,
  ) {
    const { sync, source } = o.config;
    const { clock, logger, metrics, records, tls } = ports;
    this.#peers = new SyncPeers(sync.peers);
    this.#base = new MappingBase(records, clock, {
      entries: sync.maxMappings,
      positions: sync.maxPositions,
      deletedMs: sync.deleted,
    });
    const from = new SyncSource({
      announce: sync.announce,
      outline: o.outline,
      layers: o.layers,
      coverage: o.coverage,
      base: this.#base,
      clock,
      positions: sync.positions,
    });
    const common = { source, base: this.#base, from, clock, logger, metrics };
    const onLearnt = (peer: SyncPeer, changes: readonly LearntMapping[]): void => this.#learnt(peer, changes);
    this.#server = new SyncServer({ ...common, peers: this.#peers, maxBytes: sync.maxBytes, onLearnt });
    const open = sync.peers.flatMap((peer) => {
      if (peer.url === undefined || (peer.pull === 0 && !peer.push)) return [];
      const client = httpSyncClient({
        url: peer.url,
        timeoutMs: sync.timeout,
        maxBytes: sync.maxBytes,
        ...(tls ? { tls } : {}),
      });
      const { positions } = sync;
      return [
        { client, exchange: new SyncExchange({ ...common, peer, client, records, positions, onLearnt }) },
      ];
    });
    this.#clients = open.map(({ client }) => client);
    this.#exchanges = open.map(({ exchange }) => exchange);
  }

  /** Takes up what was learnt before the last stop, then begins to pull and push. */
  async start(): Promise<void> {
    const { logger, clock } = this.ports;
    try {
      const mappings = await this.#base.load(({ mapping, peer: name }) => {
        const peer = this.#peers.byName(name);
        return peer !== undefined && mayWrite(peer, mapping.source, this.o.config.source);
      });
      logger.info('mappings of peers loaded', { mappings, at: isoTime(clock.wall()) });
    } catch (error) {
      logger.error('mappings of peers not loaded', { reason: messageOf(error) });
    }
    this.#tell();
    for (const exchange of this.#exchanges) exchange.start();
  }

  /** A LoST-Sync document for a LoST-Sync document. */
  handle(document: Uint8Array | string, caller: SyncCaller): Promise<string> {
    return this.#server.handle(document, caller);
  }

  /** Octets taken from who asks; undefined: as many as from anybody. */
  maxBytesFrom(caller: SyncCaller): number | undefined {
    return this.#peers.of(caller).length > 0 ? this.o.config.sync.maxBytes : undefined;
  }

  /** Own boundaries are others now. */
  changed(): void {
    for (const exchange of this.#exchanges) exchange.changed();
  }

  close(): void {
    for (const exchange of this.#exchanges) exchange.close();
    for (const client of this.#clients) client.close();
  }

  #learnt(peer: SyncPeer, changes: readonly LearntMapping[]): void {
    const { clock, bus, logger } = this.ports;
    logger.info('mappings learnt', { peer: peer.name, mappings: changes.length });
    this.#tell();
    try {
      bus.publish('events.ecrf.sync', {
        at: isoTime(clock.wall()),
        element: 'ecrf',
        peer: peer.name,
        mappings: changes.length,
      });
    } catch (error) {
      logger.warn('event not published', { reason: messageOf(error) });
    }
    for (const exchange of this.#exchanges) exchange.changed();
  }

  #tell(): void {
    const current = this.#base.current();
    const isCoverage = ({ mapping, peer }: LearntMapping): boolean =>
      mapping.uris.length === 0 || this.#peers.byName(peer)?.as === 'coverage';
    this.o.onLearnt({
      coverage: current.filter(isCoverage).map(({ mapping }) => regionOf(mapping)),
      mappings: new ForeignMappings(current.filter((l) => !isCoverage(l)).map((l) => l.mapping)),
    });
  }
}

/** RFC 6739 section 3: the source of a mapping is the server that is responsible in it. */
function regionOf(mapping: Mapping): CoverageRegion {
  const geometry = geometryOf(mapping.serviceBoundary);
  const expires = expiryOf(mapping);
  const lastUpdated = Date.parse(mapping.lastUpdated);
  return {
    id: `${mapping.source} ${mapping.sourceId}`,
    server: mapping.source.toLowerCase(),
    serviceUrn: normalServiceUrn(mapping.service),
    lastUpdated,
    ...(geometry ? { geometry } : {}),
    ...(mapping.civicBoundary ? { civic: mapping.civicBoundary } : {}),
    ...(Number.isFinite(expires) ? { expires } : {}),
  };
}
