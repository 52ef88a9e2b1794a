import {
  type HeldAnswer,
  type HeldErrorCode,
  type LocationRequest,
  type LocationResponse,
  readHeldRequest,
} from '@esinet/held';
import {
  type Clock,
  type IdSource,
  type Logger,
  type Result,
  err,
  isoTime,
  messageOf,
  ok,
} from '@esinet/kernel';
import { writePidfLo } from '@esinet/location';
import type { Bus, Health, Limits, Metrics, Store } from '@esinet/platform';
import { PeerList } from './peer-list.js';
import { type Chosen, chooseLocation, waitOf } from './choose-location.js';
import { type Device, Devices } from './device.js';
import { deviceOf } from './device-schema.js';
import { type IdentifyRules, type Refusal, type Requester, identify } from './identify.js';
import type { LisConfig } from './lis-config.js';
import { LocationReferences } from './location-references.js';

/** Characters of the user part of a pseudonym. */
const PSEUDONYM_LENGTH = 20;

export interface LisPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly bus: Bus;
  readonly store: Store;
  readonly ids: IdSource;
  readonly health: Health;
  readonly limits: Pick<Limits, 'xml'>;
}

/** The LIS at its edge: knows devices, answers HELD, hands out and honours location URIs. */
export class Lis {
  readonly devices: Devices;
  readonly provisioners: PeerList;
  readonly #rules: IdentifyRules;
  readonly #references: LocationReferences;
  readonly #queries: { inc(labels?: Readonly<Record<string, string>>): void };
  #baseUrl: string;

  constructor(
    private readonly config: LisConfig,
    private readonly ports: LisPorts,
  ) {
    this.devices = new Devices(config.maxDevices);
    for (const { id, ...device } of config.devices) {
      const problem = this.devices.put(deviceOf(id ?? device.identifiers[0] ?? '', device));
      if (problem) ports.logger.error('device not used', { reason: problem });
    }
    this.provisioners = new PeerList(config.provisioners);
    this.#rules = {
      devices: this.devices,
      thirdParties: new PeerList(config.thirdParties),
      accessNetwork: new PeerList(config.accessNetwork),
    };
    this.#references = new LocationReferences(ports.store, ports.ids);
    this.#queries = ports.metrics.counter('esinet_held_queries_total', 'HELD requests by outcome', [
      'result',
    ]);
    this.#baseUrl = config.publicUrl ?? `http://${config.http.host}:${config.http.port}`;
    ports.health.register('store', () =>
      ports.store.get('lis.location.health').then(
        () => undefined,
        (error: unknown) => `location URIs cannot be read: ${messageOf(error)}`,
      ),
    );
  }

  /** Where the server really listens, known only after it does. A configured `publicUrl` stays. */
  listensOn(host: string, port: number, tls: boolean): void {
    if (this.config.publicUrl !== undefined) return;
    if (host === '0.0.0.0' || host === '::') {
      this.ports.logger.warn('location URIs need lis.publicUrl where every address is listened on', { host });
    }
    this.#baseUrl = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /** RFC 5985 section 5.1: a HELD document for a HELD document, whatever comes. */
  async request(document: Uint8Array, requester: Requester): Promise<HeldAnswer> {
    return this.#answered('request', async () => {
      const read = readHeldRequest(document, this.ports.limits.xml);
      if (!read.ok) return err(read.error);
      const identified = identify(read.value, requester, this.#rules, this.ports.clock.wall());
      if (!identified.ok) return identified;
      const { device, by } = identified.value;
      const chosen = chooseLocation(read.value, device, { uris: true });
      if (!chosen.ok) return chosen;
      // A URI needs no location yet: it stands for where the device will be.
      if (chosen.value.geodetic || chosen.value.civic) {
        const waited = await this.#locate(device, read.value);
        if (!waited.ok) return waited;
      }
      return ok({
        type: 'locationResponse',
        ...(await this.#compose(device, chosen.value, this.#pseudonym(), read.value.exact)),
        ...(by.length > 0 ? { device: by } : {}),
      });
    });
  }

  /** RFC 6753: the location behind a location URI. `document` undefined: GET. */
  async dereference(token: string, document?: Uint8Array): Promise<HeldAnswer> {
    return this.#answered('dereference', async () => {
      const request =
        document === undefined ? ok(GET_EQUIVALENT) : readHeldRequest(document, this.ports.limits.xml);
      if (!request.ok) return err(request.error);
      if (request.value.device.length > 0) {
        return err({ code: 'badIdentifier', message: 'a location URI names its device itself' });
      }
      const reference = await this.#references.find(token);
      const device = reference && this.devices.current(reference.device, this.ports.clock.wall());
      if (!reference || !device) return err({ code: 'locationUnknown', message: 'no location known' });
      const chosen = chooseLocation(request.value, device, { uris: false });
      if (!chosen.ok) return chosen;
      const waited = await this.#locate(device, request.value);
      if (!waited.ok) return waited;
      return ok({
        type: 'locationResponse',
        ...(await this.#compose(device, chosen.value, reference.entity, true)),
      });
    });
  }

  /** Counts what ended before there was a document. */
  refused(status: number): void {
    this.#queries.inc({ result: `http-${status}` });
  }

  /** RFC 5985 section 6.1: a location that would come too late is a timeout, told in time. */
  async #locate(device: Device, request: LocationRequest): Promise<Result<true, Refusal>> {
    const wait = waitOf(request.responseTime, this.config);
    const late = wait !== undefined && device.delayMs > wait;
    const ms = late ? wait : device.delayMs;
    if (ms > 0) await new Promise<void>((resolve) => void this.ports.clock.after(ms, resolve));
    return late ? err({ code: 'timeout', message: 'no location within the response time' }) : ok(true);
  }

  async #compose(
    device: Device,
    chosen: Chosen,
    entity: string,
    exact: boolean,
  ): Promise<Omit<LocationResponse, 'type'>> {
    const now = this.ports.clock.wall();
    const byValue = chosen.geodetic || chosen.civic;
    const pidfLo = byValue
      ? writePidfLo({
          entity,
          ...(chosen.geodetic && device.shape ? { shape: device.shape } : {}),
          ...(chosen.civic && device.civic ? { civic: device.civic } : {}),
          timestamp: isoTime(now),
          method: device.method,
          retentionExpiry: isoTime(now + this.config.retention),
        })
      : undefined;
    const value = pidfLo === undefined ? {} : { pidfLo };
    if (!chosen.uri) return value;
    try {
      return { ...value, ...(await this.#reference(device)) };
    } catch (error) {
      // A location by value alone serves better than none.
      if (!byValue || exact) throw error;
      this.ports.logger.warn('no location URI', { reason: messageOf(error) });
      return value;
    }
  }

  async #reference(device: Device): Promise<{ locationUris: string[]; expires: string }> {
    const ttlMs = this.config.uriExpires;
    const expires = isoTime(this.ports.clock.wall() + ttlMs);
    const token = await this.#references.create({ device: device.id, entity: this.#pseudonym() }, ttlMs);
    return { locationUris: [`${this.#baseUrl}/loc/${token}`], expires };
  }

  /** RFC 5985 section 6.6: nothing in a PIDF-LO leads back to the device. */
  #pseudonym(): string {
    return `pres:${this.ports.ids.token(PSEUDONYM_LENGTH)}@${this.config.domain}`;
  }

  async #answered(
    kind: 'request' | 'dereference',
    work: () => Promise<Result<LocationResponse, Refusal>>,
  ): Promise<HeldAnswer> {
    let answer: HeldAnswer;
    try {
      const result = await work();
      answer = result.ok ? result.value : errorAnswer(result.error.code, result.error.message);
    } catch (error) {
      this.ports.logger.error('held request failed', { reason: messageOf(error) });
      answer = errorAnswer('generalLisError', 'this server could not answer');
    }
    this.#tell(kind, answer);
    return answer;
  }

  /** Neither who nor where. */
  #tell(kind: string, answer: HeldAnswer): void {
    const result = answer.type === 'error' ? answer.code : 'location';
    this.#queries.inc({ result });
    try {
      this.ports.bus.publish(`events.lis.${kind}`, {
        at: isoTime(this.ports.clock.wall()),
        element: 'lis',
        result,
        byValue: answer.type === 'locationResponse' && answer.pidfLo !== undefined,
        byReference: answer.type === 'locationResponse' && answer.locationUris !== undefined,
      });
    } catch (error) {
      this.ports.logger.warn('event not published', { reason: messageOf(error) });
    }
  }
}

/** RFC 6753 section 3.2: what a GET stands for. */
const GET_EQUIVALENT: LocationRequest = {
  type: 'locationRequest',
  locationTypes: ['geodetic', 'civic'],
  exact: false,
  device: [],
};

function errorAnswer(code: HeldErrorCode, message: string): HeldAnswer {
  return { type: 'error', code, message };
}
