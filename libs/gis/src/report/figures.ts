/** Square metres as people read them: 12.3 km² or 450 m². */
export function areaText(m2: number): string {
  if (m2 >= 10_000) {
    const km2 = m2 / 1e6;
    return `${km2.toLocaleString('en', { maximumFractionDigits: km2 < 1 ? 3 : km2 < 100 ? 2 : 0 })} km²`;
  }
  return `${m2.toLocaleString('en', { maximumFractionDigits: m2 < 10 ? 2 : 0 })} m²`;
}

/** Latitude first, as `esinet where` takes it. */
export function placeText(place: { readonly lon: number; readonly lat: number }): string {
  return `${round(place.lat)},${round(place.lon)}`;
}

function round(degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6;
}
