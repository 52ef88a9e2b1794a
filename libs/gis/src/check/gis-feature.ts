import type { BoundaryRing } from '@esinet/location';
import type { FeatureRef } from './issue.js';

/** A parsed file. */
export interface GisSource {
  readonly file: string;
  readonly geojson: unknown;
  /** Lines of the features, from 1, where known. */
  readonly lines?: readonly number[];
}

/** A feature as far as it can be understood, whatever is wrong with it. */
export interface GisFeature {
  readonly ref: FeatureRef;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly raw: unknown;
  /** Lower case; empty where it has none. */
  readonly service: string;
  readonly serviceUri: string;
  /** Wall-clock milliseconds; what cannot be read is as if it were not there. */
  readonly effective: number;
  readonly expires: number;
  /** What can be compared; empty where the geometry is beyond understanding. */
  readonly polygons: readonly (readonly BoundaryRing[])[];
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of a property, undefined where it is missing or blank. */
export function textOf(properties: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = properties[name];
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return undefined;
  const trimmed = value.trim();
  return trimmed === '' ? undefined : trimmed;
}

/** ECMA-262: no date is later. */
const LAST_DATE = 8.64e15;

/** A date as readBoundaries understands it; NaN where there is none. */
export function dateOf(properties: Readonly<Record<string, unknown>>, name: string): number {
  const value = properties[name];
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : NaN;
  return Math.abs(ms) <= LAST_DATE ? ms : NaN;
}

/** Its ServiceURN matches `sos.police`, `police` or the whole URN. */
export function inLayer(feature: GisFeature, layer: string): boolean {
  const wanted = layer.toLowerCase();
  const { service } = feature;
  return service === wanted || service.endsWith(`:${wanted}`) || service.endsWith(`.${wanted}`);
}
