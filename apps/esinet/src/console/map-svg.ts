/** What the map needs of a GeoJSON feature. */
export interface MapFeature {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly geometry: { readonly type: string; readonly coordinates: unknown };
}

export interface MapLayers {
  /** Service areas: coloured, named on hover. */
  readonly areas: readonly MapFeature[];
  /** Outlines around them. */
  readonly neighbours: readonly MapFeature[];
}

type Ring = readonly (readonly [number, number])[];

const width = 860;
/** Share of the areas' extent left around them. */
const margin = 0.04;
/** Areas beside each other should differ; the golden angle spreads hues. */
const hueStep = 137.5;

/**
 * The service areas as an SVG picture without scripts: longitude to the right, latitude up, one degree of longitude as
 * long as it is at the middle latitude.
 */
export function mapSvg({ areas, neighbours }: MapLayers): string {
  const rings = areas.map(ringsOf);
  const box = extentOf(rings.flat());
  if (!box) return '';
  const shrink = Math.cos((((box.south + box.north) / 2) * Math.PI) / 180);
  const scale = width / ((box.east - box.west) * shrink);
  const height = Math.round((box.north - box.south) * scale);
  const x = (lon: number): string => ((lon - box.west) * shrink * scale).toFixed(1);
  const y = (lat: number): string => ((box.north - lat) * scale).toFixed(1);
  const path = (all: readonly Ring[]): string =>
    all.map((ring) => `M${ring.map(([lon, lat]) => `${x(lon)} ${y(lat)}`).join('L')}Z`).join('');
  const around = neighbours.map(
    (feature) =>
      `<path d="${path(ringsOf(feature))}" class="land"><title>${escaped(feature.properties['name'])}</title></path>`,
  );
  const served = areas.map((feature, index) => {
    const { DsplayName, ServiceURI } = feature.properties;
    const hue = Math.round((index * hueStep) % 360);
    return (
      `<path d="${path(rings[index] ?? [])}" fill="hsl(${hue} 45% 72%)" class="area">` +
      `<title>${escaped(DsplayName)}\n${escaped(ServiceURI)}</title></path>`
    );
  });
  return (
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Service areas" xmlns="http://www.w3.org/2000/svg" fill-rule="evenodd">` +
    `<rect width="${width}" height="${height}" class="sea"/>${around.join('')}${served.join('')}</svg>`
  );
}

function ringsOf({ geometry }: MapFeature): Ring[] {
  if (geometry.type === 'Polygon') return geometry.coordinates as Ring[];
  if (geometry.type === 'MultiPolygon') return (geometry.coordinates as Ring[][]).flat();
  return [];
}

function extentOf(
  rings: readonly Ring[],
): { west: number; south: number; east: number; north: number } | undefined {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (const [lon, lat] of ring) {
      west = Math.min(west, lon);
      east = Math.max(east, lon);
      south = Math.min(south, lat);
      north = Math.max(north, lat);
    }
  }
  if (!(east > west) || !(north > south)) return undefined;
  const [dx, dy] = [(east - west) * margin, (north - south) * margin];
  return { west: west - dx, south: south - dy, east: east + dx, north: north + dy };
}

function escaped(text: unknown): string {
  return String(text ?? '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;');
}
