import { createRequire } from 'node:module';

interface Decoder {
  feature(topology: unknown, object: unknown): { readonly features: readonly DecodedFeature[] };
}
interface DecodedFeature {
  readonly id: string;
  readonly properties: { readonly name: string };
  readonly geometry: Geometry;
}
interface Geometry {
  readonly type: string;
  readonly coordinates: unknown;
}

export interface SetFeature {
  readonly type: 'Feature';
  readonly properties: Readonly<Record<string, string>>;
  readonly geometry: Geometry;
}

const require = createRequire(new URL('../../../apps/esinet/package.json', import.meta.url));

/** Counties of the United States as service boundaries of fictitious centres; all, or those whose FIPS code starts so. */
export function counties(fips = ''): SetFeature[] {
  const topology = require('us-atlas/counties-10m.json') as { objects: Readonly<Record<string, unknown>> };
  const { features } = (require('topojson-client') as Decoder).feature(
    topology,
    topology.objects['counties'],
  );
  return features
    .filter(({ id }) => id.startsWith(fips))
    .map(({ id, properties, geometry }) => ({
      type: 'Feature',
      properties: {
        NGUID: `urn:test:county:${id}`,
        ServiceURI: `sip:c${id}@psap.example`,
        ServiceURN: 'urn:service:sos',
        ServiceNum: '911',
        DsplayName: `${properties.name} County`,
        Agency_ID: `c${id}.psap.example`,
      },
      geometry,
    }));
}

export function collection(features: readonly unknown[]): string {
  return JSON.stringify({ type: 'FeatureCollection', features });
}

/** The same feature so many degrees farther east and north. */
export function moved<F extends { readonly geometry: Geometry }>(feature: F, east: number, north: number): F {
  const shift = (c: unknown): unknown => {
    const list = c as readonly unknown[];
    return typeof list[0] === 'number' ? [list[0] + east, (list[1] as number) + north] : list.map(shift);
  };
  const { type, coordinates } = feature.geometry;
  return { ...feature, geometry: { type, coordinates: shift(coordinates) } };
}
