import type { LocationRequest } from '@esinet/held';
import { type Result, err, ok } from '@esinet/kernel';
import type { Refusal } from './identify.js';
import type { Place } from './place.js';

/** What of a device's location goes into the answer. At least one is true. */
export interface Chosen {
  readonly geodetic: boolean;
  readonly civic: boolean;
  readonly uri: boolean;
}

/**
 * RFC 5985 sections 6.2 and 6.2.1. With `exact` all that was asked for and nothing else, or an error; without it
 * what there is of it, else another. `uris: false` is a dereference: no URI for a URI (RFC 6753 section 3.1);
 * `values: false` is a requester who may have references only.
 */
export function chooseLocation(
  request: Pick<LocationRequest, 'locationTypes' | 'exact'>,
  places: readonly Pick<Place, 'shape' | 'civic'>[],
  o: { readonly uris: boolean; readonly values?: boolean },
): Result<Chosen, Refusal> {
  const values = o.values ?? true;
  const has = {
    geodetic: values && places.some(({ shape }) => shape !== undefined),
    civic: values && places.some(({ civic }) => civic !== undefined),
    uri: o.uris,
  };
  const types = request.locationTypes;
  if (types.length === 0 || types.includes('any')) return ok(has);
  const wanted = {
    geodetic: types.includes('geodetic'),
    civic: types.includes('civic'),
    uri: types.includes('locationURI'),
  };
  const given = {
    geodetic: wanted.geodetic && has.geodetic,
    civic: wanted.civic && has.civic,
    uri: wanted.uri && has.uri,
  };
  const complete =
    given.geodetic === wanted.geodetic && given.civic === wanted.civic && given.uri === wanted.uri;
  if (request.exact && !complete) {
    return err({
      code: 'cannotProvideLiType',
      message: 'not all of the location types asked for are available',
    });
  }
  if (given.geodetic || given.civic || given.uri) return ok(given);
  return ok({ ...has, uri: !values && o.uris });
}

/** What an emergency purpose allows for (RFC 5985 section 6.1), milliseconds. */
export interface PurposeTimes {
  readonly emergencyRouting: number;
  readonly emergencyDispatch: number;
}

/** Milliseconds the asker waits; undefined: as long as it takes. */
export function waitOf(
  responseTime: LocationRequest['responseTime'],
  times: PurposeTimes,
): number | undefined {
  return typeof responseTime === 'string' ? times[responseTime] : responseTime;
}
