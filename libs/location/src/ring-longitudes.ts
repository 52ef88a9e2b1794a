/**
 * What to add to longitudes from a position of a ring on, given the one before: a step of more than half the globe
 * crosses the antimeridian the short way. One of 360 degrees along a parallel is the border of a map of the world; any
 * other is two names of the same meridian. RFC 7946 3.1.9 wants such boundaries cut, but not everybody does.
 */
export function turnOfStep(
  lon: number,
  lat: number,
  lonBefore: number,
  latBefore: number,
  bordered = true,
): number {
  const step = lon - lonBefore;
  if (step <= 180 && step >= -180) return 0;
  if (bordered && (step === 360 || step === -360) && lat === latBefore) return 0;
  return step > 0 ? -360 : 360;
}

/** Whether steps of 360 degrees along a parallel are a border of the ring: it would not end where it starts otherwise. */
export function isBordered(ring: readonly (readonly number[])[]): boolean {
  let turns = 0;
  for (let i = 1; i < ring.length; i += 1) {
    const [lon = 0, lat = 0] = ring[i]!;
    const [lonBefore = 0, latBefore = 0] = ring[i - 1]!;
    if (Math.abs(lon - lonBefore) > 180) turns += turnOfStep(lon, lat, lonBefore, latBefore);
  }
  return turns === 0;
}

/** Whole turns to add to a ring so that none of it lies west of -180 degrees: most rings need none. */
export function turnsEastward(ring: readonly (readonly number[])[], bordered: boolean): number {
  let offset = 0;
  let west = ring[0]?.[0] ?? 0;
  for (let i = 1; i < ring.length; i += 1) {
    const [lon = 0, lat = 0] = ring[i]!;
    const [lonBefore = 0, latBefore = 0] = ring[i - 1]!;
    offset += turnOfStep(lon, lat, lonBefore, latBefore, bordered);
    if (lon + offset < west) west = lon + offset;
  }
  return west < -180 ? 360 * Math.ceil((-180 - west) / 360) : 0;
}
