import type { Place } from '@esinet/lmpe-client';

/** What of `navigator.geolocation` is asked. */
export interface Positions {
  getCurrentPosition(
    success: (position: {
      readonly coords: { readonly latitude: number; readonly longitude: number; readonly accuracy: number };
    }) => void,
    failure: () => void,
    options: { readonly enableHighAccuracy: boolean; readonly timeout: number; readonly maximumAge: number },
  ): void;
}

/** How long a person waits for the position, and how old a known one may be. */
export const positionWithinMs = 5_000;
export const positionAgeMs = 30_000;

/**
 * Where the browser says it is, as a circle with its accuracy as radius. Undefined where it does not know, may not tell
 * or takes too long: a chat goes without.
 */
export function currentPlace(
  positions: Positions | undefined = typeof navigator === 'undefined' ? undefined : navigator.geolocation,
): Promise<Place | undefined> {
  return new Promise((resolve) => {
    if (!positions) return resolve(undefined);
    // The timeout of the interface does not run while the person is asked for permission.
    const late = setTimeout(() => resolve(undefined), positionWithinMs);
    const done = (place?: Place): void => {
      clearTimeout(late);
      resolve(place);
    };
    positions.getCurrentPosition(
      ({ coords: { latitude, longitude, accuracy } }) =>
        done({ lat: latitude, lon: longitude, ...(accuracy > 0 && { radius: accuracy }) }),
      () => done(),
      { enableHighAccuracy: true, timeout: positionWithinMs, maximumAge: positionAgeMs },
    );
  });
}
