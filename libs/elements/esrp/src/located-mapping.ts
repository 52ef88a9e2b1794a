import type { SipMessage } from '@esinet/sip';
import {
  type FoundLocation,
  type LocationFailure,
  type LocationPorts,
  askedOfLis,
  dereferenced,
  givenLocations,
} from './call-location.js';
import type { GeolocationErrorCode } from './geolocation-error.js';
import type { Failure, RoutingPolicy } from './policy.js';
import { type MappingPorts, type ServiceMapping, serviceMapping } from './service-mapping.js';

/** Where the caller is and which next hops serve there. */
export interface LocatedMapping {
  /** The location that led to the mapping; without one the first that could be read. */
  readonly location?: FoundLocation;
  readonly mapping: ServiceMapping;
  /** What the caller is told of the locations it sent: none of them could be used. */
  readonly geolocationError?: GeolocationErrorCode;
  /** Locations that were asked for. */
  readonly tried: number;
  readonly locationMs: number;
  readonly mappingMs: number;
}

type Ports = LocationPorts & MappingPorts & { readonly policy: RoutingPolicy };

/**
 * Location and mapping of one emergency, within the time of the policy. Every value of the message is tried before
 * anything is fetched, and the caller's LIS is asked where the message has nothing that can be used. The next location
 * is tried where the ECRF has no mapping for one; not where it did not answer, since it would not for another either.
 */
export async function locatedMapping(
  service: string,
  request: SipMessage,
  ports: Ports,
): Promise<LocatedMapping> {
  const { clock, policy } = ports;
  const until = clock.now() + policy.budgetMs;
  let mappingMs = 0;
  let tried = 0;
  let first: { location: FoundLocation; mapping: ServiceMapping } | undefined;

  /** Whether that settles it: there is a mapping, or no further location would have one. */
  const settles = async (location: FoundLocation): Promise<boolean> => {
    const began = clock.now();
    tried++;
    const mapping = await mapped(service, location, Math.min(until - began, policy.lostMs), ports);
    mappingMs += clock.now() - began;
    if (mapping.how !== 'none') {
      first = { location, mapping };
      return true;
    }
    first ??= { location, mapping };
    return mapping.failure.cause !== 404;
  };

  const began = clock.now();
  const given = readGiven(request, ports);
  const failure = await search(request, given, { settles, left: () => until - clock.now() }, ports);
  const locationMs = clock.now() - began - mappingMs;
  const usable = given.values.length > 0 || first?.location.how === 'reference';
  return {
    ...(first ?? { mapping: { how: 'none', failure: plain(failure) } }),
    ...(!usable && failure && { geolocationError: failure.geolocationError }),
    tried,
    locationMs,
    mappingMs,
  };
}

/** Tries one after the other; gives what was wrong with those that could not be used. */
async function search(
  request: SipMessage,
  given: ReturnType<typeof givenLocations>,
  o: { readonly settles: (location: FoundLocation) => Promise<boolean>; readonly left: () => number },
  ports: Ports,
): Promise<LocationFailure | undefined> {
  let { failure } = given;
  if (given.forbidden) return failure;
  for (const value of given.values) if (await o.settles(value)) return failure;
  const ms = (): number => Math.min(ports.policy.heldMs, o.left());
  if (given.references.length > 0 && ms() > 0) {
    const found = await dereferenced(given.references, ms(), ports);
    if ('how' in found) {
      await o.settles(found);
      return failure;
    }
    // What was looked for last says most about a message whose values were of no use either.
    failure = found;
  }
  if (given.values.length > 0) return failure;
  const known = ms() > 0 ? await askedOfLis(request, ms(), ports) : undefined;
  if (known) await o.settles(known);
  return failure ?? none;
}

const none: LocationFailure = { cause: 404, text: 'location: none', geolocationError: 100 };

function readGiven(request: SipMessage, ports: Ports): ReturnType<typeof givenLocations> {
  try {
    return givenLocations(request, {
      routingNo: ports.policy.routingNo,
      ...(ports.limits && { limits: ports.limits }),
    });
  } catch {
    const failure: LocationFailure = { cause: 424, text: 'location: unreadable', geolocationError: 100 };
    return { values: [], references: [], failure, forbidden: false };
  }
}

async function mapped(
  service: string,
  location: FoundLocation,
  ms: number,
  ports: MappingPorts,
): Promise<ServiceMapping> {
  try {
    return await serviceMapping(service, location.pidfLo, ms, ports);
  } catch {
    return { how: 'none', failure: { cause: 500, text: 'lost: lookup failed' } };
  }
}

function plain(failure: Failure | undefined): Failure {
  const { cause, text } = failure ?? none;
  return { cause, text };
}
