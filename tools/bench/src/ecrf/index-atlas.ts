import { createRequire } from 'node:module';
import {
  BoundaryIndex,
  type Position,
  type ServiceBoundary,
  bytesOf,
  readBoundaries,
} from '@esinet/location';
import { perSecond, row, thousands } from './index-measure.js';
import { TurfLookup } from './index-turf.js';
import { generator } from './index-tessellation.js';

interface Feature {
  readonly id?: string;
  readonly geometry: unknown;
}

const require = createRequire(import.meta.url);

/** The features of a topology in a package, as a GeoJSON FeatureCollection of service boundaries. */
export function atlas(file: string, object: string): { readonly type: string; readonly features: unknown[] } {
  const topology = require(file) as { objects: Record<string, unknown> };
  const { feature } = require('topojson-client') as {
    feature(topology: unknown, object: unknown): { features: Feature[] };
  };
  const { features } = feature(topology, topology.objects[object]);
  return {
    type: 'FeatureCollection',
    features: features.map(({ id, geometry }, n) => ({
      type: 'Feature',
      geometry,
      properties: {
        NGUID: `${id ?? 'none'}-${n}`,
        ServiceURI: `sip:${n}@psap.example`,
        ServiceURN: 'urn:service:sos',
      },
    })),
  };
}

/** Points of a real map: read, indexed, looked up, compared. */
export function atlasRows(name: string, file: string, object: string, where: () => Position): string {
  const collection = atlas(file, object);
  let started = performance.now();
  const read = readBoundaries(collection);
  if (!read.ok) return row(name, 'refused', read.error[0]?.message ?? '');
  const reading = performance.now() - started;
  started = performance.now();
  const index = new BoundaryIndex(read.value);
  const building = performance.now() - started;
  const points = Array.from({ length: 20_000 }, where);
  const ours = perSecond(points.length, 1, () => {
    for (const p of points) index.at(p);
  });
  const turf = new TurfLookup(read.value);
  const few = points.slice(0, 100);
  const theirs = perSecond(few.length, 1, () => {
    for (const p of few) turf.at(p);
  });
  const differ = points.slice(0, 2_000).filter((p) => ids(index.at(p)) !== ids(turf.at(p))).length;
  return (
    row(
      name,
      `${thousands(ours)}/s`,
      `${thousands(index.size)} boundaries, ${thousands(index.vertices)} edges, checked in ${reading.toFixed(0)} ms, ` +
        `indexed in ${building.toFixed(0)} ms, ${(bytesOf(index.packed) / 1e6).toFixed(1)} MB`,
    ) + row('', `${(ours / theirs).toFixed(0)} x turf`, `${differ} of 2,000 answers differ`)
  );
}

function ids(boundaries: readonly ServiceBoundary[]): string {
  return boundaries.map((b) => b.id).join(' ');
}

export function pointsIn(west: number, south: number, east: number, north: number): () => Position {
  const random = generator(3);
  return () => [west + random() * (east - west), south + random() * (north - south)];
}
