import { type Clock, type Logger, isoTime, messageOf } from '@esinet/kernel';
import { type LostAnswer, type LostRequest, readLostRequest, writeLostAnswer } from '@esinet/lost';
import type { Bus, Health, Limits, Metrics } from '@esinet/platform';
import { errorAnswer } from './answer.js';
import { boundariesMap } from './boundaries-map.js';
import { type EcrfLayers, isInForce } from './layers.js';
import { BoundaryShelf } from './boundary-shelf.js';
import { Coverage } from './coverage.js';
import type { Learnt, LostSync } from './sync/lost-sync.js';
import type { Referral, ResolveContext } from './resolve-context.js';
import { resolve } from './resolve.js';

/** What is kept for those who took a boundary by reference. */
const SHELF = { entries: 1_024, positions: 500_000 };

export interface EcrfPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly bus: Bus;
  readonly health: Health;
  readonly limits: Pick<Limits, 'xml'>;
}

/** The ECRF at its edge: documents in, documents out, counted and told to the bus. */
export class Ecrf {
  readonly #ports: EcrfPorts;
  readonly #queries: { inc(labels?: Readonly<Record<string, string>>): void };
  readonly #seconds: { observe(value: number): void };
  readonly #configured: Coverage | undefined;
  #context: ResolveContext;
  #sync: LostSync | undefined;
  #map: Promise<Buffer> | undefined;

  constructor(
    layers: EcrfLayers,
    ports: EcrfPorts,
    /** Where questions go that are not answered from `layers`. */
    referral?: Referral,
  ) {
    this.#ports = ports;
    const boundaries = new BoundaryShelf(SHELF);
    this.#configured = referral?.coverage;
    this.#context = { layers, boundaries, lists: new BoundaryShelf(SHELF), referral };
    this.#queries = ports.metrics.counter('esinet_lost_queries_total', 'LoST questions by outcome', [
      'result',
    ]);
    this.#seconds = ports.metrics.histogram('esinet_lost_query_seconds', 'Time to answer a LoST question');
    ports.health.register('boundaries', () => Promise.resolve(this.#complaint()));
  }

  /** What is answered from now. */
  get layers(): EcrfLayers {
    return this.#context.layers;
  }

  get referral(): Referral | undefined {
    return this.#context.referral;
  }

  /** From now on questions are answered from these; one under way goes on with those it began with. Peers are told. */
  swap(layers: EcrfLayers): void {
    this.#context = { ...this.#context, layers };
    this.#sync?.changed();
  }

  /** Answers also from what peers told. */
  learn({ coverage, mappings }: Learnt): void {
    const { referral } = this.#context;
    if (!referral) return;
    const all = new Coverage([...(this.#configured?.regions ?? []), ...coverage]);
    this.#context = { ...this.#context, referral: { ...referral, coverage: all, mappings } };
  }

  /** RFC 6739, where there are peers. It ends with this. */
  get sync(): LostSync | undefined {
    return this.#sync;
  }

  set sync(sync: LostSync | undefined) {
    this.#sync = sync;
  }

  /** The boundaries as GeoJSON, for maps: made once for all who ask meanwhile. */
  boundariesJson(maxPositions: number): Promise<Buffer> {
    return (this.#map ??= boundariesMap(this.layers, maxPositions).finally(() => (this.#map = undefined)));
  }

  /** A LoST document for a LoST document, whatever comes; at once unless another server has to be asked. */
  ask(document: Uint8Array | string): string | Promise<string> {
    const { clock, limits } = this.#ports;
    const started = clock.now();
    const read = readLostRequest(document, limits.xml);
    if (!read.ok) {
      const refused = errorAnswer(this.layers.source, read.error.code, read.error.message);
      return this.#written(undefined, refused, started);
    }
    const request = read.value;
    try {
      const given = resolve(request, this.#context, clock.wall());
      if (!(given instanceof Promise)) return this.#written(request, given, started);
      return given.then(
        (late) => this.#written(request, late, started),
        (error: unknown) => this.#mistake(request, error, started),
      );
    } catch (error) {
      return this.#mistake(request, error, started);
    }
  }

  #written(request: LostRequest | undefined, given: LostAnswer, started: number): string {
    let text: string;
    try {
      text = writeLostAnswer(given);
    } catch (error) {
      return this.#mistake(request, error, started);
    }
    this.#seconds.observe((this.#ports.clock.now() - started) / 1_000);
    this.#tell(request, given);
    return text;
  }

  #mistake(request: LostRequest | undefined, error: unknown, started: number): string {
    this.#ports.logger.error('lost query failed', { reason: messageOf(error) });
    const given = errorAnswer(this.layers.source, 'internalError', 'this server made a mistake');
    return this.#written(request, given, started);
  }

  onApplicationShutdown(): void {
    this.#sync?.close();
    this.referral?.close();
  }

  /** Which service was looked for and what came of it. The location stays out: it is personal data. */
  #tell(request: LostRequest | undefined, given: LostAnswer): void {
    const result = resultOf(given);
    this.#queries.inc({ result });
    const mapping = given.type === 'findServiceResponse' ? given.mappings[0] : undefined;
    try {
      this.#ports.bus.publish('events.ecrf.query', {
        at: isoTime(this.#ports.clock.wall()),
        element: 'ecrf',
        request: request?.type ?? 'unreadable',
        service: request && 'service' in request ? request.service : undefined,
        result,
        uri: mapping?.uris[0],
      });
    } catch (error) {
      this.#ports.logger.warn('event not published', { reason: messageOf(error) });
    }
  }

  #complaint(): string | undefined {
    const now = this.#ports.clock.wall();
    for (const { boundary } of this.layers.served.values()) if (isInForce(boundary, now)) return undefined;
    if (this.referral && (this.#sync ?? this.referral.forestGuide) !== undefined) return undefined;
    if (this.referral?.coverage.isInForce(now)) return undefined;
    return 'no service boundary is in force';
  }
}

/** A word for the counter: the error, the first warning, or the kind of answer. */
export function resultOf(given: LostAnswer): string {
  switch (given.type) {
    case 'errors':
      return given.errors[0]?.code ?? 'internalError';
    case 'findServiceResponse':
      return given.warnings[0]?.code ?? 'mapping';
    case 'redirect':
      return 'redirect';
    case 'getServiceBoundaryResponse':
    case 'getServiceListBoundaryResponse':
      return 'boundary';
    case 'listServicesResponse':
    case 'listServicesByLocationResponse':
      return 'services';
  }
}
