import { err, ok, type Result } from '@esinet/kernel';
import { attribute, escapeAttribute, escapeText, readXml, type XmlElement } from '@esinet/xml';
import { polygonsOfRaw, type RawFeature } from './raw-feature.js';

/** KML of a whole country with its villages; what is larger is cut by ogr2ogr. */
const limits = { maxBytes: 200_000_000, maxElements: 2_000_000, maxDepth: 64, maxAttributes: 64 };

/** Polygons of the Placemarks of a KML file (OGC 07-147r2), with their names and extended data. */
export function readKml(text: string): Result<RawFeature[], string> {
  const root = readXml(text, limits);
  if (!root.ok) {
    const { line, column, message } = root.error;
    return err(line === undefined ? message : `line ${line}, column ${column ?? 0}: ${message}`);
  }
  if (root.value.local !== 'kml')
    return err(`it is XML, but no KML: its root is ${root.value.local.slice(0, 40)}`);
  const features: RawFeature[] = [];
  for (const placemark of descendants(root.value, 'Placemark')) {
    const polygons = descendants(placemark, 'Polygon').map((polygon) => [
      ...ringsIn(polygon, 'outerBoundaryIs'),
      ...ringsIn(polygon, 'innerBoundaryIs'),
    ]);
    if (polygons.length === 0) continue;
    const [only] = polygons;
    const geometry =
      polygons.length === 1 && only
        ? { type: 'Polygon', coordinates: only }
        : { type: 'MultiPolygon', coordinates: polygons };
    features.push({ properties: propertiesOf(placemark), geometry });
  }
  return ok(features);
}

function descendants(element: XmlElement, local: string): XmlElement[] {
  const found: XmlElement[] = [];
  const pending = [...element.children].reverse();
  for (let e = pending.pop(); e; e = pending.pop()) {
    if (e.local === local) found.push(e);
    else for (const child of [...e.children].reverse()) pending.push(child);
  }
  return found;
}

function ringsIn(polygon: XmlElement, boundary: string): number[][][] {
  return polygon.children
    .filter(({ local }) => local === boundary)
    .flatMap((b) => descendants(b, 'coordinates'))
    .map(({ text }) =>
      text
        .trim()
        .split(/\s+/)
        .map((tuple) => tuple.split(',').slice(0, 2).map(Number)),
    );
}

function propertiesOf(placemark: XmlElement): Record<string, string> {
  const properties: [string, string][] = [];
  for (const child of placemark.children) {
    if (child.local === 'name' || child.local === 'description')
      properties.push([child.local, child.text.trim()]);
  }
  for (const data of [...descendants(placemark, 'Data'), ...descendants(placemark, 'SimpleData')]) {
    const name = attribute(data, 'name');
    const value = data.local === 'Data' ? data.children.find(({ local }) => local === 'value') : data;
    if (name) properties.push([name, value?.text.trim() ?? '']);
  }
  return Object.fromEntries(properties);
}

export function writeKml(features: readonly RawFeature[]): string {
  const ring = (positions: readonly number[][]): string =>
    `<LinearRing><coordinates>${positions.map(([x, y]) => `${x},${y}`).join(' ')}</coordinates></LinearRing>`;
  const placemarks = features.map((f) => {
    const { properties } = f;
    const name = properties['DsplayName'] ?? properties['name'] ?? properties['NGUID'];
    const data = Object.entries(properties).flatMap(([key, value]) =>
      value === null || value === undefined
        ? []
        : [`<Data name="${escapeAttribute(key)}"><value>${escapeText(shown(value))}</value></Data>`],
    );
    const polygons = polygonsOfRaw(f).map(([outer = [], ...inner]) => {
      const holes = inner.map((hole) => `<innerBoundaryIs>${ring(hole)}</innerBoundaryIs>`).join('');
      return `<Polygon><outerBoundaryIs>${ring(outer)}</outerBoundaryIs>${holes}</Polygon>`;
    });
    return `<Placemark><name>${escapeText(shown(name ?? ''))}</name><ExtendedData>${data.join('')}</ExtendedData><MultiGeometry>${polygons.join('')}</MultiGeometry></Placemark>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n${placemarks.join('\n')}\n</Document></kml>\n`;
}

/** XML has no way to write control characters. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, ' ');
}
