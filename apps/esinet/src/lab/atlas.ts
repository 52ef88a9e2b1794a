import { createRequire } from 'node:module';
import { feature } from 'topojson-client';

const require = createRequire(import.meta.url);

/** One degree of 1e-5 is a metre: the outlines are not that exact. */
const DECIMALS = 1e5;

export interface LabFeature {
  readonly type: 'Feature';
  readonly properties: Readonly<Record<string, string>>;
  readonly geometry: { readonly type: 'MultiPolygon'; readonly coordinates: number[][][][] };
}

/** GeoJSON (RFC 7946). `attribution` names the source of the outlines and has to be shown with them. */
export interface LabFeatureCollection {
  readonly type: 'FeatureCollection';
  readonly properties: { readonly attribution: string; readonly note: string };
  readonly features: readonly LabFeature[];
}

export interface Outline {
  readonly code: string;
  readonly name: string;
  readonly polygons: number[][][][];
}

interface Topology {
  readonly objects: Readonly<Record<string, { readonly geometries: readonly { readonly id?: string }[] }>>;
}

/** The outlines of one object of a TopoJSON file of an installed package; those with one of `codes`, where given. */
export function readAtlas(file: string, object: string, codes?: readonly string[]): Outline[] {
  const topology = require(file) as Topology;
  const all = topology.objects[object];
  const wanted = codes &&
    all && { ...all, geometries: all.geometries.filter(({ id }) => codes.includes(id ?? '')) };
  return feature(topology, wanted ?? all).features.map((f) => {
    const name = f.properties['name'];
    return {
      code: String(f.id ?? ''),
      name: typeof name === 'string' ? name : '',
      polygons: (f.geometry.type === 'Polygon' ? [f.geometry.coordinates] : f.geometry.coordinates).map(
        (polygon) => polygon.map((ring) => ring.map(rounded)),
      ),
    };
  });
}

/** The same number for the same corner, so that neighbours go on sharing their border exactly. */
function rounded(position: number[]): number[] {
  return position.map((degrees) => Math.round(degrees * DECIMALS) / DECIMALS);
}
