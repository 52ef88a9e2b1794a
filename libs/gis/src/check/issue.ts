import type { IssueCode, Severity } from './issue-catalogue.js';

export type Lonlat = readonly [number, number];
export type PolygonCoordinates = readonly (readonly Lonlat[])[];

export type IssueGeometry =
  | { readonly type: 'Point'; readonly coordinates: Lonlat }
  | { readonly type: 'MultiPoint'; readonly coordinates: readonly Lonlat[] }
  | { readonly type: 'MultiPolygon'; readonly coordinates: readonly PolygonCoordinates[] };

/** A feature as people find it again. */
export interface FeatureRef {
  /** NGUID, or `#` and the place in the file, from 0, where it has none. */
  readonly id: string;
  /** DsplayName, or what comes nearest to it. */
  readonly name: string;
  readonly file: string;
  /** From 1; where the file was read as text. */
  readonly line?: number;
}

/** One thing that is wrong or odd. */
export interface Issue {
  /** Stays the same as long as the fault does: code and eight hexadecimal digits. */
  readonly id: string;
  readonly code: IssueCode;
  readonly severity: Severity;
  /** What is the case here. */
  readonly message: string;
  readonly features: readonly FeatureRef[];
  /** ServiceURN of the layer, for faults between features. */
  readonly service?: string;
  /** A position within the fault. */
  readonly place?: { readonly lon: number; readonly lat: number };
  readonly geometry?: IssueGeometry;
  /** Square metres on the sphere. */
  readonly areaM2?: number;
  /** Why it was accepted: it does not count then. */
  readonly accepted?: string;
}

export interface IssueDraft extends Omit<Issue, 'id' | 'severity'> {
  /** What tells it from another of the same code with the same features. */
  readonly mark?: string;
}

/** 32-bit FNV-1a over UTF-16 units, as eight hexadecimal digits. */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
