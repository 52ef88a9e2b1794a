import { type DeviceIdentity, identityKey } from '@esinet/held';
import type { Place } from './place.js';

/** A device and where it is. */
export interface Device {
  readonly id: string;
  /**
   * In the spelling of `identityKey`: `ip:192.0.2.5`, `uri:sip:caller1@provider.lab`; and `ip:192.0.2.9;udpport=5060`
   * for one of several behind an address (RFC 6155 3.3).
   */
  readonly identifiers: readonly string[];
  /** At least one. */
  readonly places: readonly Place[];
  /** Who told of it: `api`, `config`, or `file:` and its name. */
  readonly source: string;
}

export type ProvisionProblem = 'identifier-taken' | 'too-many';

/** Told that something about a device changed, or that it is gone. */
export type DeviceListener = () => void;

interface Entry {
  device: Device;
  /** Wall milliseconds: location URIs that were made before are void. */
  since: number;
  readonly sequence: number;
  gone: boolean;
}

/** A part of the devices, in the order in which they came. */
export interface DevicePage {
  readonly devices: readonly Device[];
  /** Where the next page begins; undefined: this was the last. */
  readonly next?: string;
}

/**
 * The devices a LIS knows, in memory. An identifier belongs to one device only (RFC 6155 2.1). All but `page` costs the
 * same however many there are.
 */
export class Devices {
  readonly #byId = new Map<string, Entry>();
  readonly #byIdentifier = new Map<string, Entry>();
  readonly #listeners = new Map<string, Set<DeviceListener>>();
  #order: Entry[] = [];
  #sequence = 0;

  constructor(readonly limit: number) {}

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Device | undefined {
    return this.#byId.get(id)?.device;
  }

  byIdentifier(key: string): Device | undefined {
    return this.#byIdentifier.get(key)?.device;
  }

  /** The device of an identifier. */
  identified(identity: DeviceIdentity): Device | undefined {
    const key = identityKey(identity);
    return key === undefined ? undefined : this.#byIdentifier.get(key)?.device;
  }

  /** Location URIs of the device that were made before (wall milliseconds) are void. Undefined: no such device. */
  since(id: string): number | undefined {
    return this.#byId.get(id)?.since;
  }

  /** Why a device could not be put, without putting it. */
  problem(device: Pick<Device, 'id' | 'identifiers'>): ProvisionProblem | undefined {
    if (!this.#byId.has(device.id) && this.#byId.size >= this.limit) return 'too-many';
    for (const key of device.identifiers) {
      const owner = this.#byIdentifier.get(key);
      if (owner && owner.device.id !== device.id) return 'identifier-taken';
    }
    return undefined;
  }

  /** Puts a device in the place of the one with the same id. `since`: of a new one. Undefined: done. */
  put(device: Device, since = 0): ProvisionProblem | undefined {
    const problem = this.problem(device);
    if (problem) return problem;
    const known = this.#byId.get(device.id);
    if (known) {
      for (const key of known.device.identifiers) this.#byIdentifier.delete(key);
      known.device = device;
    }
    const entry = known ?? { device, since, sequence: ++this.#sequence, gone: false };
    if (!known) {
      this.#byId.set(device.id, entry);
      this.#order.push(entry);
    }
    for (const key of device.identifiers) this.#byIdentifier.set(key, entry);
    this.#tell(device.id);
    return undefined;
  }

  /** Another place for a device that is known; its identifiers stay. */
  move(device: Device): void {
    const entry = this.#byId.get(device.id);
    if (!entry) return;
    entry.device = device;
    this.#tell(device.id);
  }

  delete(id: string): boolean {
    const entry = this.#byId.get(id);
    if (!entry) return false;
    this.#byId.delete(id);
    for (const key of entry.device.identifiers) this.#byIdentifier.delete(key);
    entry.gone = true;
    if (this.#order.length > 1_000 && this.#order.length > 2 * this.#byId.size)
      this.#order = this.#order.filter(({ gone }) => !gone);
    this.#tell(id);
    return true;
  }

  /** Makes every location URI of a device void that was made before. */
  revokeBefore(id: string, since: number): void {
    const entry = this.#byId.get(id);
    if (!entry) return;
    entry.since = since;
    this.#tell(id);
  }

  /** Calls `listener` on every change of the device, its end included, until the function returned is called. */
  watch(id: string, listener: DeviceListener): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  /** Up to `limit` devices from where `next` of the page before said. */
  page(limit: number, after?: string): DevicePage {
    const from = after === undefined ? 0 : parseInt(after, 36) || 0;
    const devices: Device[] = [];
    let last = 0;
    for (let i = this.#firstBehind(from); i < this.#order.length; i += 1) {
      const entry = this.#order[i];
      if (!entry || entry.gone) continue;
      if (devices.length === limit) return { devices, next: last.toString(36) };
      devices.push(entry.device);
      last = entry.sequence;
    }
    return { devices };
  }

  /** Ids of what one source told of. */
  ofSource(source: string): string[] {
    return [...this.#byId.values()].flatMap(({ device }) => (device.source === source ? device.id : []));
  }

  #firstBehind(sequence: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#order[middle]?.sequence ?? 0) <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #tell(id: string): void {
    const listeners = this.#listeners.get(id);
    if (listeners) for (const listener of [...listeners]) listener();
  }
}
