import {
  type DeviceIdentity,
  type DeviceIdentityKind,
  type HeldErrorCode,
  type LocationRequest,
  canonicalAddress,
  identitiesOfFlow,
} from '@esinet/held';
import { type Result, err, ok } from '@esinet/kernel';
import type { Device, Devices } from './device.js';
import type { PeerList } from './peer-list.js';
import type { Allowance, Requester, ThirdParties } from './third-parties.js';

export type { Requester } from './third-parties.js';

export interface IdentifyRules {
  readonly devices: Devices;
  /** May ask for the location of others. */
  readonly thirdParties: Pick<ThirdParties, 'allowance'>;
  /** Where own devices come from; empty: anywhere. */
  readonly accessNetwork: PeerList;
}

export interface Identified {
  readonly device: Device;
  /** What it was found by; empty: the source address (RFC 6155 section 2.2, echoed in the answer). */
  readonly by: readonly DeviceIdentity[];
  readonly thirdParty: boolean;
  readonly allowance: Allowance;
}

export interface Refusal {
  readonly code: HeldErrorCode;
  readonly message: string;
  /** RFC 6155 section 2.2. */
  readonly requiredIdentifiers?: readonly DeviceIdentityKind[];
}

const PORTS: ReadonlySet<string> = new Set(['udpport', 'tcpport', 'sctpport', 'dccpport']);
/** What a device may be told about itself. */
const OWN: Allowance = { value: true, reference: true };

/**
 * Whose location is asked for, and whether the asker may have it. RFC 5985 section 4.1: the source address is the
 * identity; RFC 6155 section 4.2: other identities need an agreement, the default is to deny. Who may not ask gets
 * one and the same answer whether the device exists or not.
 */
export function identify(
  request: LocationRequest,
  requester: Requester,
  rules: IdentifyRules,
): Result<Identified, Refusal> {
  const own = rules.devices.identified({ kind: 'ip', value: requester.address });
  const identities = request.flow ? [...request.device, ...identitiesOfFlow(request.flow)] : request.device;
  if (identities.length === 0) {
    if (own) return ok({ device: own, by: [], thirdParty: false, allowance: OWN });
    const outside = !rules.accessNetwork.empty && !rules.accessNetwork.has(requester);
    return outside
      ? err({ code: 'notLocatable', message: 'not a device of this access network' })
      : err({ code: 'locationUnknown', message: 'no location known' });
  }
  const named = identities.filter(({ kind }) => kind !== 'other' && !PORTS.has(kind));
  const ports = identities.filter(({ kind }) => PORTS.has(kind));
  const allowance = rules.thirdParties.allowance(requester, named);
  const device = foundBy(named, ports, rules.devices);
  // All its identities lead to the device that asks: no third party then (RFC 6155 section 1.1).
  if (device && device === own)
    return ok({ device, by: echoed(named, ports, device), thirdParty: false, allowance: OWN });
  if (!allowance && !onlyAddressOf(requester, named)) {
    return err({ code: 'badIdentifier', message: 'identifier not usable by this requester' });
  }
  if (named.length === 0) {
    const required = ports.length > 0 ? { requiredIdentifiers: ['ip' as const] } : {};
    return err({ code: 'badIdentifier', message: 'no identifier of a supported kind', ...required });
  }
  if (device && allowance)
    return ok({ device, by: echoed(named, ports, device), thirdParty: true, allowance });
  return err({ code: 'locationUnknown', message: 'no location known' });
}

/** The one device that all identifiers lead to (RFC 6155 section 2.1). */
function foundBy(
  named: readonly DeviceIdentity[],
  ports: readonly DeviceIdentity[],
  devices: Devices,
): Device | undefined {
  let device: Device | undefined;
  for (const identity of named) {
    const found = behindPort(identity, ports, devices) ?? devices.identified(identity);
    if (!found || (device && found !== device)) return undefined;
    device = found;
  }
  return device && portsAgree(ports, device) ? device : undefined;
}

/** One of several devices behind an address, which the port tells apart (RFC 6155 section 3.3). */
function behindPort(
  { kind, value }: DeviceIdentity,
  ports: readonly DeviceIdentity[],
  devices: Devices,
): Device | undefined {
  if (kind !== 'ip' || ports.length === 0) return undefined;
  const address = canonicalAddress(value);
  for (const port of ports) {
    const device = devices.byIdentifier(`ip:${address};${port.kind}=${Number(port.value)}`);
    if (device) return device;
  }
  return undefined;
}

/** A port says something only of devices that were provisioned with one (RFC 6155 section 3.3). */
function portsAgree(ports: readonly DeviceIdentity[], device: Device): boolean {
  return ports.every(({ kind, value }) => {
    const provisioned = device.identifiers.filter((id) => id.startsWith(`${kind}:`));
    return provisioned.length === 0 || provisioned.includes(`${kind}:${Number(value)}`);
  });
}

/** RFC 6155 section 2.2: what was the basis of the location. A port that told nothing was not. */
function echoed(
  named: readonly DeviceIdentity[],
  ports: readonly DeviceIdentity[],
  device: Device,
): readonly DeviceIdentity[] {
  const telling = ports.filter(({ kind, value }) =>
    device.identifiers.some((id) => id.startsWith('ip:') && id.endsWith(`;${kind}=${Number(value)}`)),
  );
  return telling.length === 0 ? named : [...named, ...telling];
}

function onlyAddressOf(requester: Requester, identities: readonly DeviceIdentity[]): boolean {
  const address = canonicalAddress(requester.address);
  return (
    identities.length > 0 && identities.every((i) => i.kind === 'ip' && canonicalAddress(i.value) === address)
  );
}
