/** TS 103 280 WGS84CoordinateDecimal: `N48.208174` and `E016.373819`, six decimals, zeros in front. */
export interface Wgs84 {
  readonly latitude: string;
  readonly longitude: string;
}

/** Degrees as these texts; undefined where they are no place on earth. */
export function wgs84(latitude: number, longitude: number): Wgs84 | undefined {
  if (!(Math.abs(latitude) <= 90) || !(Math.abs(longitude) <= 180)) return undefined;
  return { latitude: written(latitude, 'N', 'S', 2), longitude: written(longitude, 'E', 'W', 3) };
}

/** The degrees of such texts, [latitude, longitude]; undefined where they are none. */
export function degreesOf({ latitude, longitude }: Wgs84): readonly [number, number] | undefined {
  if (!/^[NS]\d{2}\.\d{6}$/.test(latitude) || !/^[EW]\d{3}\.\d{6}$/.test(longitude)) return undefined;
  const lat = Number(latitude.slice(1)) * (latitude.startsWith('S') ? -1 : 1);
  const lon = Number(longitude.slice(1)) * (longitude.startsWith('W') ? -1 : 1);
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? [lat, lon] : undefined;
}

function written(degrees: number, positive: string, negative: string, digits: number): string {
  const text = Math.abs(degrees).toFixed(6);
  // Minus nothing is nothing.
  const sign = degrees < 0 && Number(text) > 0 ? negative : positive;
  return sign + text.padStart(digits + 7, '0');
}
