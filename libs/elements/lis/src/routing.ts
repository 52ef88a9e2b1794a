import type { RoutingInformation } from '@esinet/held';
import type { FindServiceRequest, LostClient } from '@esinet/lost';
import type { Place } from './place.js';

/** Destinations of one answer. */
const MAX_DESTINATIONS = 16;

export interface RoutingOptions {
  readonly lost?: LostClient | undefined;
  /** Given where LoST knows nothing. */
  readonly defaultRoute?: string | undefined;
}

/** Where a call from a place has to go, as LoST says: the source of routing information (RFC 7840 4). */
export class Routing {
  constructor(private readonly o: RoutingOptions) {}

  /**
   * Routing information for the first of the places that LoST knows how to serve. Never fails: without an answer it is
   * the default route, marked so, and without one of those it is left out.
   */
  async find(service: string, places: readonly Place[]): Promise<RoutingInformation | undefined> {
    const { lost, defaultRoute } = this.o;
    const request = lost && findServiceOf(service, places);
    if (lost && request) {
      const answer = await lost.ask(request);
      if (answer.ok && answer.value.type === 'findServiceResponse') {
        const { mappings, warnings } = answer.value;
        const [mapping] = mappings;
        const destinations = onePerScheme(mapping?.uris ?? []);
        // A mapping that LoST itself calls a default one is one here too (RFC 5222 13.2).
        const isDefault = warnings.some(({ code }) => code === 'defaultMappingReturned');
        if (mapping && destinations.length > 0)
          return { service: mapping.service, destinations, defaultRoute: isDefault };
      }
    }
    return defaultRoute === undefined
      ? undefined
      : { service: 'urn:service:sos', destinations: [defaultRoute], defaultRoute: true };
  }
}

/** RFC 5222 8.3; URN traversal (RFC 5031) is the LoST server's: it answers with the nearest service it has. */
function findServiceOf(service: string, places: readonly Place[]): FindServiceRequest | undefined {
  const locations = places.flatMap(({ shape, civic }, i) => [
    ...(shape ? [{ id: `g${i}`, profile: 'geodetic-2d', shape }] : []),
    ...(civic ? [{ id: `c${i}`, profile: 'civic', civic }] : []),
  ]);
  if (locations.length === 0) return undefined;
  return {
    type: 'findService',
    locations,
    service,
    recursive: true,
    validateLocation: false,
    serviceBoundary: 'reference',
    path: [],
  };
}

/** RFC 7840 4: each scheme once. */
function onePerScheme(uris: readonly string[]): string[] {
  const schemes = new Set<string>();
  return uris
    .filter((uri) => {
      const scheme = uri.slice(0, uri.indexOf(':')).toLowerCase();
      if (scheme === '' || schemes.has(scheme)) return false;
      schemes.add(scheme);
      return true;
    })
    .slice(0, MAX_DESTINATIONS);
}
