import { type Clock, type Logger, type Result, err, isoTime, messageOf, ok } from '@esinet/kernel';
import { centroidOf } from '@esinet/location';
import type { Bus } from '@esinet/platform';
import { type BulkOptions, type LoadedDevices, putAll, replaceSource, tryAll } from './bulk-provisioning.js';
import type { Device, Devices } from './device.js';
import type { DeviceRecords } from './device-records.js';
import { type Provision, deviceOf } from './device-schema.js';
import type { LocationReferences } from './location-references.js';
import { type PlaceInput, placeOf } from './place-schema.js';
import type { Place } from './place.js';
import { type ProvisionRefusal, refusalOf } from './provision-refusal.js';

export type { ProvisionRefusal } from './provision-refusal.js';

export interface ProvisioningOptions {
  readonly devices: Devices;
  readonly references: Pick<LocationReferences, 'revokeAll' | 'revoke' | 'ofDevice'>;
  /** Where devices are kept; undefined: in memory alone. */
  readonly records?: DeviceRecords | undefined;
  /** West, south, east, north: where positions may be. */
  readonly area?: readonly [number, number, number, number] | undefined;
  readonly clock: Pick<Clock, 'wall'>;
  readonly logger: Logger;
  readonly bus: Pick<Bus, 'publish'>;
}

/**
 * Tells the LIS of devices. What is to be kept is on disk when a promise here resolves well; where that fails, memory
 * goes back to what it was. Events tell what was done, never to whom nor where.
 */
export class Provisioning {
  #loading: Promise<unknown> | undefined;

  constructor(private readonly o: ProvisioningOptions) {}

  get devices(): Devices {
    return this.o.devices;
  }

  async put(id: string, provision: Provision): Promise<Result<'created' | 'updated', ProvisionRefusal>> {
    while (this.#loading) await this.#loading;
    const device = deviceOf(id, provision, this.o.clock.wall());
    const done = await this.#put(device);
    if (done.ok) this.#tell(done.value);
    return done;
  }

  /** Another place for a device; its identifiers stay. */
  async move(id: string, input: PlaceInput): Promise<Result<Device, ProvisionRefusal>> {
    while (this.#loading) await this.#loading;
    const before = this.o.devices.get(id);
    if (!before) return refuse('not-found', 'no such device');
    const place = placeOf(input, this.o.clock.wall());
    if (!this.isInside(place)) return outside(place, this.o.area);
    const [, ...alternatives] = before.places;
    const device: Device = { ...before, places: [place, ...alternatives], source: 'api' };
    this.o.devices.move(device);
    const stored = await this.#store(device, () => {
      if (this.o.devices.get(id) === device) this.o.devices.move(before);
    });
    if (!stored.ok) return stored;
    this.#tell('moved');
    return ok(device);
  }

  async delete(id: string): Promise<Result<true, ProvisionRefusal>> {
    while (this.#loading) await this.#loading;
    const before = this.o.devices.get(id);
    if (!before) return refuse('not-found', 'no such device');
    const since = this.o.devices.since(id) ?? 0;
    this.o.devices.delete(id);
    try {
      await this.o.records?.delete(id);
    } catch (error) {
      if (!this.o.devices.get(id)) this.o.devices.put(before, since);
      return this.#notStored(error);
    }
    await this.o.references.revokeAll(id);
    this.#tell('deleted');
    return ok(true);
  }

  /** Makes every location URI of a device void. */
  async revokeAll(id: string): Promise<Result<true, ProvisionRefusal>> {
    while (this.#loading) await this.#loading;
    const device = this.o.devices.get(id);
    if (!device) return refuse('not-found', 'no such device');
    // Void first, wherever they were made; then kept, so that they stay void.
    this.o.devices.revokeBefore(id, this.o.clock.wall());
    await this.o.references.revokeAll(id);
    // A device of a file stays the file's: kept here it would hold over what the file says later.
    const stored = device.source === 'api' ? await this.#store(device, () => undefined) : ok(true);
    if (!stored.ok) return stored;
    this.#tell('revoked');
    return ok(true);
  }

  async revoke(id: string, reference: string): Promise<Result<true, ProvisionRefusal>> {
    if (!(await this.o.references.revoke(id, reference))) return refuse('not-found', 'no such location URI');
    this.#tell('revoked');
    return ok(true);
  }

  /** Whether a place may be told here. */
  isInside({ shape }: Pick<Place, 'shape'>): boolean {
    if (!this.o.area || !shape) return true;
    const [lon, lat] = centroidOf(shape);
    return isWithin(lon, lat, this.o.area);
  }

  /** Why a device cannot be put, without putting it. */
  problem(device: Device): ProvisionRefusal | undefined {
    const place = device.places.find((each) => !this.isInside(each));
    if (place) return outside(place, this.o.area).error;
    const problem = this.o.devices.problem(device);
    return problem && refusalOf(problem);
  }

  /** Devices there may be. */
  get limit(): number {
    return this.o.devices.limit;
  }

  /** What `load` would do with each by itself. */
  tryLoad(
    devices: readonly Device[],
    refused: (index: number, refusal: ProvisionRefusal) => void,
  ): Promise<LoadedDevices> {
    return tryAll(this.#bulk, devices, refused);
  }

  /**
   * Puts many at once; others wait meanwhile. `accept` is asked for each that cannot be put: false ends it and takes
   * back what was put. The number of new ones and of those that were known.
   */
  load(
    devices: readonly Device[],
    accept: (index: number, refusal: ProvisionRefusal) => boolean,
  ): Promise<Result<LoadedDevices, ProvisionRefusal>> {
    return this.#alone(() => putAll(this.#bulk, devices, accept));
  }

  /**
   * What a source says from now on, in the place of what it said before. Nothing is kept on disk: the source is. A
   * device that the API told of since stays as it is. Where one cannot be put, all stays as it was.
   */
  replace(source: string, devices: readonly Device[]): Promise<Result<LoadedDevices, ProvisionRefusal>> {
    return this.#alone(() => replaceSource(this.#bulk, source, devices));
  }

  async #alone(
    run: () => Promise<Result<LoadedDevices, ProvisionRefusal>>,
  ): Promise<Result<LoadedDevices, ProvisionRefusal>> {
    while (this.#loading) await this.#loading;
    const work = run();
    this.#loading = work.catch(() => undefined).finally(() => (this.#loading = undefined));
    const done = await work;
    if (done.ok) this.#tell('loaded', done.value.created + done.value.updated);
    return done;
  }

  get #bulk(): BulkOptions {
    return {
      devices: this.o.devices,
      problem: (device) => this.problem(device),
      ...(this.o.records ? { keep: (device: Device) => this.#keep(device) } : {}),
      revoke: (id) => this.o.references.revokeAll(id),
      notStored: (error) => this.#notStored(error).error,
      now: () => this.o.clock.wall(),
    };
  }

  async #put(device: Device): Promise<Result<'created' | 'updated', ProvisionRefusal>> {
    const { devices } = this.o;
    const refusal = this.problem(device);
    if (refusal) return err(refusal);
    const before = devices.get(device.id);
    devices.put(device, this.o.clock.wall());
    const stored = await this.#store(device, () => {
      if (devices.get(device.id) !== device) return;
      if (before) devices.put(before);
      else devices.delete(device.id);
    });
    return stored.ok ? ok(before ? 'updated' : 'created') : stored;
  }

  async #keep(device: Device): Promise<void> {
    await this.o.records?.put(device, this.o.devices.since(device.id) ?? 0);
  }

  async #store(device: Device, undo: () => void): Promise<Result<true, ProvisionRefusal>> {
    if (!this.o.records) return ok(true);
    try {
      await this.#keep(device);
      return ok(true);
    } catch (error) {
      undo();
      return this.#notStored(error);
    }
  }

  #notStored(error: unknown): { readonly ok: false; readonly error: ProvisionRefusal } {
    this.o.logger.error('device not stored', { reason: messageOf(error) });
    return refuse('not-stored', 'it cannot be kept now: what was known before stays in force');
  }

  #tell(what: string, devices = 1): void {
    try {
      const at = isoTime(this.o.clock.wall());
      this.o.bus.publish('events.lis.provisioned', { at, element: 'lis', what, devices });
    } catch (error) {
      this.o.logger.warn('event not published', { reason: messageOf(error) });
    }
  }
}

function isWithin(lon: number, lat: number, area: readonly [number, number, number, number]): boolean {
  const [west, south, east, north] = area;
  const inLon = west <= east ? lon >= west && lon <= east : lon >= west || lon <= east;
  return inLon && lat >= south && lat <= north;
}

function outside(
  { shape }: Pick<Place, 'shape'>,
  area: ProvisioningOptions['area'],
): { readonly ok: false; readonly error: ProvisionRefusal } {
  const [lon, lat] = shape ? centroidOf(shape) : [NaN, NaN];
  const swapped = area !== undefined && isWithin(lat, lon, area);
  return refuse(
    'outside-area',
    swapped
      ? 'the position is outside of lis.area; longitude comes first'
      : 'the position is outside of lis.area',
  );
}

function refuse(
  code: ProvisionRefusal['code'],
  message: string,
): { readonly ok: false; readonly error: ProvisionRefusal } {
  return err({ code, message });
}
