import { identityKey, type DeviceIdentity } from '@esinet/held';
import type { CivicAddress, Shape } from '@esinet/location';

/** Where a device is, as provisioned. At least one of `shape` and `civic` is there. */
export interface Device {
  readonly id: string;
  /** In the spelling of `identityKey`: `ip:192.0.2.5`, `uri:sip:caller1@provider.lab`. */
  readonly identifiers: readonly string[];
  readonly shape?: Shape;
  readonly civic?: CivicAddress;
  /** RFC 4119 section 2.2.3: how the location was found. */
  readonly method: string;
  /** Wall milliseconds after which the LIS knows nothing of this device any more. */
  readonly expires?: number;
  /** Milliseconds it takes to find the location. */
  readonly delayMs: number;
}

export type ProvisionProblem = 'identifier-taken' | 'too-many';

/** The devices a LIS knows, in memory. An identifier belongs to one device only (RFC 6155 section 2.1). */
export class Devices {
  readonly #byId = new Map<string, Device>();
  readonly #byIdentifier = new Map<string, Device>();

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Device | undefined {
    return this.#byId.get(id);
  }

  list(): readonly Device[] {
    return [...this.#byId.values()];
  }

  /** Puts a device in the place of the one with the same id. Undefined: done. */
  put(device: Device): ProvisionProblem | undefined {
    if (!this.#byId.has(device.id) && this.#byId.size >= this.limit) return 'too-many';
    for (const key of device.identifiers) {
      const owner = this.#byIdentifier.get(key);
      if (owner && owner.id !== device.id) return 'identifier-taken';
    }
    this.delete(device.id);
    this.#byId.set(device.id, device);
    for (const key of device.identifiers) this.#byIdentifier.set(key, device);
    return undefined;
  }

  delete(id: string): boolean {
    const device = this.#byId.get(id);
    if (!device) return false;
    this.#byId.delete(id);
    for (const key of device.identifiers) this.#byIdentifier.delete(key);
    return true;
  }

  /** The device of an identifier, unless what is known of it has lapsed. */
  identified(identity: DeviceIdentity, now: number): Device | undefined {
    const key = identityKey(identity);
    return key === undefined ? undefined : inForce(this.#byIdentifier.get(key), now);
  }

  /** As `get`, unless what is known of it has lapsed. */
  current(id: string, now: number): Device | undefined {
    return inForce(this.#byId.get(id), now);
  }
}

function inForce(device: Device | undefined, now: number): Device | undefined {
  return device && now < (device.expires ?? Infinity) ? device : undefined;
}
