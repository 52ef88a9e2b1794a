import { type HeldAnswer, type LocationRequest, type LocationResponse, readHeldRequest } from '@esinet/held';
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
import type { LostClient } from '@esinet/lost';
import type { Bus, Health, Limits, Metrics, Store } from '@esinet/platform';
import { type Chosen, chooseLocation, waitOf } from './choose-location.js';
import { composePresence } from './compose-presence.js';
import { type Device, Devices } from './device.js';
import { type Identified, type IdentifyRules, type Refusal, identify } from './identify.js';
import type { LisConfig } from './lis-config.js';
import { LocationReferences } from './location-references.js';
import { type LocationUriSet, LocationUris } from './location-uris.js';
import { PeerList } from './peer-list.js';
import { type ChosenPlaces, type Place, placesNow } from './place.js';
import { resolveReference } from './resolve-reference.js';
import { Routing } from './routing.js';
import { type Requester, ThirdParties } from './third-parties.js';

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
  /** Who is asked for routes (RFC 7840), with a time limit of its own. */
  readonly lost?: LostClient | undefined;
}

/** What a location URI shows now, for another protocol than HELD. */
export interface PresenceNow {
  /** PIDF-LO. */
  readonly document: string;
  /** Wall milliseconds: the location URI works no more then. */
  readonly expires: number;
  /** Wall milliseconds: what is shown is not true any more then; `watch` does not tell. */
  readonly placeExpires?: number;
}

/** The LIS at its edge: knows devices, answers HELD, hands out and honours location URIs. */
export class Lis {
  readonly devices: Devices;
  readonly references: LocationReferences;
  readonly #rules: IdentifyRules;
  readonly #routing: Routing;
  readonly #queries: { inc(labels?: Readonly<Record<string, string>>): void };
  readonly #locationUris: LocationUris;

  constructor(
    private readonly config: LisConfig,
    private readonly ports: LisPorts,
  ) {
    this.devices = new Devices(config.maxDevices);
    this.references = new LocationReferences(ports.store, ports.ids, ports.clock, config.urisPerDevice);
    this.#rules = {
      devices: this.devices,
      thirdParties: new ThirdParties(config.thirdParties),
      accessNetwork: new PeerList(config.accessNetwork),
    };
    this.#routing = new Routing({ lost: ports.lost, defaultRoute: config.routing.default });
    this.#queries = ports.metrics.counter('esinet_held_queries_total', 'HELD requests by outcome', [
      'result',
    ]);
    this.#locationUris = new LocationUris(config, this.references, ports.clock);
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
    const name = host.includes(':') ? `[${host}]` : host;
    this.#locationUris.baseUrl = `${tls ? 'https' : 'http'}://${name}:${port}`;
  }

  /** What location URIs start with. */
  get baseUrl(): string {
    return this.#locationUris.baseUrl;
  }

  /** The token in a location URI of this LIS. */
  tokenOf(uri: string): string | undefined {
    const start = `${this.baseUrl.replace(/\/$/, '')}/loc/`;
    const token = uri.startsWith(start) ? uri.slice(start.length) : '';
    return /^[a-z0-9]{1,128}$/i.test(token) ? token : undefined;
  }

  /** RFC 5985 section 5.1: a HELD document for a HELD document, whatever comes. */
  async request(document: Uint8Array, requester: Requester): Promise<HeldAnswer> {
    return this.#answered('request', async () => {
      const read = readHeldRequest(document, this.ports.limits.xml);
      if (!read.ok) return err(read.error);
      const identified = identify(read.value, requester, this.#rules);
      return identified.ok ? this.#locate(read.value, identified.value) : identified;
    });
  }

  /**
   * RFC 6753: the location behind a location URI. `document` undefined: GET. `peek`: it is only looked whether there is
   * one, which is no use of a URI that is good for so many.
   */
  async dereference(
    token: string,
    requester: Requester,
    document?: Uint8Array,
    o: { readonly peek?: boolean } = {},
  ): Promise<HeldAnswer> {
    return this.#answered('dereference', async () => {
      const request =
        document === undefined ? ok(GET_EQUIVALENT) : readHeldRequest(document, this.ports.limits.xml);
      if (!request.ok) return err(request.error);
      if (request.value.device.length > 0 || request.value.flow) {
        return err({ code: 'badIdentifier', message: 'a location URI names its device itself' });
      }
      const waitMs = waitOf(request.value.responseTime, this.config);
      const resolved = await resolveReference(token, requester, waitMs, this.#sources);
      if (!resolved) return unknown();
      const { reference, grant, found } = resolved;
      if (found === 'late') return this.#tooLate(waitMs ?? 0);
      const chosen = chooseLocation(request.value, found.places, { uris: false });
      if (!chosen.ok) return (await this.references.isUsable(token, reference)) ? chosen : unknown();
      if (found.delayMs > 0) await this.#wait(found.delayMs);
      const isGood = o.peek
        ? this.references.isUsable(token, reference)
        : this.references.use(token, reference);
      if (!(await isGood)) return unknown();
      const pidfLo = this.#compose(found.places, chosen.value, reference.entity, grant);
      return pidfLo === undefined ? unknown() : ok({ type: 'locationResponse', pidfLo });
    });
  }

  /**
   * The presence document behind a location URI, for whoever watches it. Undefined, whyever: no such URI, lapsed, used
   * up, revoked, nothing known, or not for this requester. Counts as a use where the URI is good for so many.
   */
  async presenceOf(token: string, requester: Requester): Promise<PresenceNow | undefined> {
    const resolved = await resolveReference(token, requester, undefined, this.#sources);
    if (!resolved || resolved.found === 'late') return undefined;
    const { reference, grant, found } = resolved;
    if (!(await this.references.use(token, reference))) return undefined;
    const document = this.#compose(found.places, { geodetic: true, civic: true }, reference.entity, grant);
    if (document === undefined) return undefined;
    const placeExpires = reference.snapshot
      ? undefined
      : Math.min(...found.places.map(({ expires = Infinity }) => expires));
    return {
      document,
      expires: reference.expires,
      ...(placeExpires !== undefined && Number.isFinite(placeExpires) ? { placeExpires } : {}),
    };
  }

  /**
   * Calls `listener` whenever `presenceOf` may say something else: another place, another policy, revoked, the device
   * gone. Until the function returned is called. Undefined: no such location URI.
   */
  async watch(token: string, listener: () => void): Promise<(() => void) | undefined> {
    const reference = await this.references.find(token);
    if (!reference) return undefined;
    const unwatchDevice = this.devices.watch(reference.device, listener);
    const unwatchReference = this.references.watch(token, listener);
    return () => {
      unwatchDevice();
      unwatchReference();
    };
  }

  /** Further URIs of a token, one a scheme, in every set that is given out: what another protocol serves. */
  offerUris(make: (token: string) => readonly string[]): void {
    this.#locationUris.others.push(make);
  }

  /** The answer to a document of another charset than HELD has (RFC 5985 sections 5 and 6.3). */
  misspoken(): HeldAnswer {
    const answer = errorAnswer({ code: 'requestError', message: 'HELD is written in UTF-8' });
    this.#tell('request', answer);
    return answer;
  }

  /** Counts what ended before there was a document. */
  refused(status: number): void {
    this.#queries.inc({ result: `http-${status}` });
  }

  get #sources() {
    const { keepLapsed: lapsedMs } = this.config;
    return { references: this.references, devices: this.devices, clock: this.ports.clock, lapsedMs };
  }

  async #locate(
    request: LocationRequest,
    { device, by, thirdParty, allowance }: Identified,
  ): Promise<Result<LocationResponse, Refusal>> {
    const waitMs = waitOf(request.responseTime, this.config);
    const found = placesNow(device.places, this.ports.clock.wall(), {
      waitMs,
      lapsedMs: this.config.keepLapsed,
    });
    if (!found) return unknown();
    const known: ChosenPlaces = found === 'late' ? { places: device.places, delayMs: 0 } : found;
    const chosen = chooseLocation(request, known.places, {
      uris: allowance.reference,
      values: allowance.value,
    });
    if (!chosen.ok) return chosen;
    // A URI needs no location yet: it stands for where the device will be.
    const byValue = chosen.value.geodetic || chosen.value.civic;
    if (byValue && found === 'late') return this.#tooLate(waitMs ?? 0);
    if (byValue && known.delayMs > 0) await this.#wait(known.delayMs);
    const [uris, routing] = await Promise.all([
      chosen.value.uri ? this.#uris(request, device, known.places, { byValue, thirdParty }) : undefined,
      request.routing === undefined ? undefined : this.#routing.find(request.routing, known.places),
    ]);
    const pidfLo = byValue ? this.#compose(known.places, chosen.value, this.#pseudonym()) : undefined;
    return ok({
      type: 'locationResponse',
      ...(pidfLo === undefined ? {} : { pidfLo }),
      ...uris,
      ...(by.length > 0 ? { device: by } : {}),
      ...(routing ? { routing } : {}),
    });
  }

  /** RFC 5985 section 6.1: a location that would come too late is a timeout, told in time. */
  async #tooLate(waitMs: number): Promise<Result<never, Refusal>> {
    if (waitMs > 0) await this.#wait(waitMs);
    return err({ code: 'timeout', message: 'no location within the response time' });
  }

  #wait(ms: number): Promise<void> {
    return new Promise<void>((resolve) => void this.ports.clock.after(ms, resolve));
  }

  #compose(
    places: readonly Place[],
    chosen: Pick<Chosen, 'geodetic' | 'civic'>,
    entity: string,
    grant?: Parameters<typeof composePresence>[2]['grant'],
  ): string | undefined {
    return composePresence(places, chosen, {
      entity,
      now: this.ports.clock.wall(),
      retentionMs: this.config.retention,
      providedBy: this.config.providedBy,
      retransmissionAllowed: this.config.retransmissionAllowed,
      grant,
    });
  }

  /** A location by value alone serves better than none. */
  async #uris(
    request: LocationRequest,
    device: Device,
    places: readonly Place[],
    o: { readonly byValue: boolean; readonly thirdParty: boolean },
  ): Promise<LocationUriSet | undefined> {
    try {
      return await this.#locationUris.make(device.id, places, {
        entity: this.#pseudonym(),
        wishes: request.reference ?? {},
        policy: !o.thirdParty && request.policyUri === true,
        thirdParty: o.thirdParty,
      });
    } catch (error) {
      if (!o.byValue || request.exact) throw error;
      this.ports.logger.warn('no location URI', { reason: messageOf(error) });
      return undefined;
    }
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
      answer = result.ok ? result.value : errorAnswer(result.error);
    } catch (error) {
      this.ports.logger.error('held request failed', { reason: messageOf(error) });
      answer = errorAnswer({ code: 'generalLisError', message: 'this server could not answer' });
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

function unknown(): Result<never, Refusal> {
  return err({ code: 'locationUnknown', message: 'no location known' });
}

function errorAnswer({ code, message, requiredIdentifiers }: Refusal): HeldAnswer {
  return { type: 'error', code, message, ...(requiredIdentifiers ? { requiredIdentifiers } : {}) };
}
