import { type DeviceIdentity, type LocationRequest, canonicalAddress } from '@esinet/held';
import { type Result, err, ok } from '@esinet/kernel';
import type { HeldErrorCode } from '@esinet/held';
import type { PeerList } from './peer-list.js';
import type { Device, Devices } from './device.js';

/** Who asks. */
export interface Requester {
  readonly address: string;
  /** Names of the client certificate, when it showed a good one. */
  readonly names?: readonly string[];
}

export interface IdentifyRules {
  readonly devices: Devices;
  /** May ask for the location of others. */
  readonly thirdParties: PeerList;
  /** Where own devices come from; empty: anywhere. */
  readonly accessNetwork: PeerList;
}

export interface Identified {
  readonly device: Device;
  /** What it was found by; empty: the source address (RFC 6155 section 2.2, echoed in the answer). */
  readonly by: readonly DeviceIdentity[];
  readonly thirdParty: boolean;
}

export interface Refusal {
  readonly code: HeldErrorCode;
  readonly message: string;
}

const PORTS: ReadonlySet<string> = new Set(['udpport', 'tcpport', 'sctpport', 'dccpport']);

/**
 * Whose location is asked for, and whether the asker may have it. RFC 5985 section 4.1: the source address is the
 * identity; RFC 6155 section 4.2: other identities need an agreement, the default is to deny. Who may not ask gets
 * one and the same answer whether the device exists or not.
 */
export function identify(
  request: LocationRequest,
  requester: Requester,
  rules: IdentifyRules,
  now: number,
): Result<Identified, Refusal> {
  const own = rules.devices.identified({ kind: 'ip', value: requester.address }, now);
  if (request.device.length === 0) {
    if (own) return ok({ device: own, by: [], thirdParty: false });
    const outside = !rules.accessNetwork.empty && !rules.accessNetwork.has(requester);
    return outside
      ? err({ code: 'notLocatable', message: 'not a device of this access network' })
      : err({ code: 'locationUnknown', message: 'no location known' });
  }
  const isThirdParty = rules.thirdParties.has(requester);
  const named = request.device.filter((identity) => identity.kind !== 'other' && !PORTS.has(identity.kind));
  const found = named.map((identity) => rules.devices.identified(identity, now));
  const device = found[0];
  const agree =
    device !== undefined && found.every((f) => f === device) && portsAgree(request.device, device);
  // All its identities lead to the device that asks: no third party then (RFC 6155 section 1.1).
  if (agree && (isThirdParty || device === own)) return ok({ device, by: named, thirdParty: device !== own });
  if (!isThirdParty && !onlyAddressOf(requester, named)) {
    return err({ code: 'badIdentifier', message: 'identifier not usable by this requester' });
  }
  if (named.length === 0) return err({ code: 'badIdentifier', message: 'no identifier of a supported kind' });
  return err({ code: 'locationUnknown', message: 'no location known' });
}

/** A port says something only of devices that were provisioned with one (RFC 6155 section 3.3). */
function portsAgree(identities: readonly DeviceIdentity[], device: Device): boolean {
  return identities.every(({ kind, value }) => {
    if (!PORTS.has(kind)) return true;
    const provisioned = device.identifiers.filter((key) => key.startsWith(`${kind}:`));
    return provisioned.length === 0 || provisioned.includes(`${kind}:${Number(value)}`);
  });
}

function onlyAddressOf(requester: Requester, identities: readonly DeviceIdentity[]): boolean {
  const address = canonicalAddress(requester.address);
  return (
    identities.length > 0 && identities.every((i) => i.kind === 'ip' && canonicalAddress(i.value) === address)
  );
}
