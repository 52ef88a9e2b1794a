/**
 * What to add to longitudes from a position of a ring on, given the one before: a step of more than half the globe
 * crosses the antimeridian the short way. One of 360 degrees along a parallel is the border of a map of the world; any
 * other is two names of the same meridian. RFC 7946 3.1.9 wants such boundaries cut, but not everybody does.
 */
export function turnOfStep(lon: number, lat: number, lonBefore: number, latBefore: number): number {
  const step = lon - lonBefore;
  if (step <= 180 && step >= -180) return 0;
  if ((step === 360 || step === -360) && lat === latBefore) return 0;
  return step > 0 ? -360 : 360;
}
