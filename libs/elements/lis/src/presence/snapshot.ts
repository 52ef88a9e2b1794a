import { type CivicAddress, GEOPRIV_NS, type Shape, isGmlShape, readPresence } from '@esinet/location';
import { type XmlElement, readXml, serialize } from '@esinet/xml';
import type { Whereabouts } from './filter-match.js';
import type { LocationTypeWish } from './location-filter.js';
import type { PresenceNow } from './presence-port.js';

/** What a location URI showed at one time, taken apart for filters. */
export interface Snapshot extends Whereabouts {
  readonly document: string;
  readonly placeExpires: number;
}

export function snapshotOf({ document, placeExpires }: PresenceNow): Snapshot {
  const root = readXml(document);
  const read = root.ok ? readPresence(root.value) : undefined;
  const shape: Shape | undefined = read?.ok ? read.value.shapes[0] : undefined;
  const civic: CivicAddress | undefined = read?.ok ? read.value.civics[0] : undefined;
  return {
    document,
    placeExpires: placeExpires ?? Infinity,
    ...(shape ? { shape } : {}),
    ...(civic ? { civic } : {}),
  };
}

/**
 * The document as a watcher wishes to have it (RFC 6447 3.5): only what was asked for where there is some of it, all of
 * it otherwise; with `exact` all that was asked for or nothing, which is undefined.
 */
export function documentFor(snapshot: Snapshot, { types, exact }: LocationTypeWish): string | undefined {
  if (types === 'any') return snapshot.document;
  const has = { geodetic: snapshot.shape !== undefined, civic: snapshot.civic !== undefined };
  if (exact && types.some((type) => !has[type])) return undefined;
  const drop = (['geodetic', 'civic'] as const).filter((type) => has[type] && !types.includes(type));
  if (drop.length === 0 || !types.some((type) => has[type])) return snapshot.document;
  const root = readXml(snapshot.document);
  if (!root.ok) return undefined;
  const left = without(root.value, drop.includes('civic') ? isCivic : isGmlShape);
  return left && `<?xml version="1.0" encoding="UTF-8"?>\n${serialize(left)}`;
}

function isCivic(e: XmlElement): boolean {
  return e.local === 'civicAddress';
}

/** A tuple without a location left is left out too. */
function without(root: XmlElement, unwanted: (e: XmlElement) => boolean): XmlElement | undefined {
  const children = root.children.flatMap((part): XmlElement[] => {
    const cut = cutLocations(part, unwanted);
    return hasLocation(cut) ? [cut] : [];
  });
  return children.length === 0 ? undefined : { ...root, children };
}

function cutLocations(e: XmlElement, unwanted: (e: XmlElement) => boolean): XmlElement {
  if (e.uri === GEOPRIV_NS && e.local === 'location-info') {
    return { ...e, children: e.children.filter((c) => !unwanted(c)) };
  }
  return e.children.length === 0 ? e : { ...e, children: e.children.map((c) => cutLocations(c, unwanted)) };
}

function hasLocation(part: XmlElement): boolean {
  if (part.uri === GEOPRIV_NS && part.local === 'location-info') return part.children.length > 0;
  return part.children.some(hasLocation);
}
