import { isoTime } from '@esinet/kernel';
import type { Position, Shape } from '@esinet/location';
import type { Mapping } from '@esinet/lost';
import type { CoverageRegion } from '../coverage.js';
import { type EcrfLayers, isInForce } from '../layers.js';

/** What this server tells of itself: where it is responsible, or its mappings. */
export type Announce = 'coverage' | 'mappings';

/**
 * The boundaries of this server as mappings. As coverage (RFC 5582 section 7.1, RFC 6739 section 3) they have no URI: the
 * source is the server to ask. They do not expire by themselves, or each would have to be sent again and again.
 */
export function ownMappings(layers: EcrfLayers, announce: Announce, now: number): Mapping[] {
  const served = [...layers.served.values()].filter(({ boundary }) => isInForce(boundary, now));
  return served.map(({ boundary, source, lastUpdated, parts }) => ({
    source: announce === 'coverage' ? layers.source : source,
    // Another one for each form: what is known of one does not stand in the way of the other.
    sourceId: announce === 'coverage' ? `coverage:${boundary.id}` : boundary.id,
    lastUpdated: isoTime(lastUpdated),
    expires: boundary.expires === undefined ? 'NO-EXPIRATION' : isoTime(boundary.expires),
    displayName: [{ lang: 'en', text: boundary.displayName }],
    service: boundary.serviceUrn,
    uris: announce === 'coverage' ? [] : [boundary.serviceUri],
    ...(announce === 'coverage' || boundary.serviceNumber === undefined
      ? {}
      : { serviceNumber: boundary.serviceNumber }),
    serviceBoundary: parts.map((part) => part.shape),
  }));
}

/** Coverage regions as mappings of the servers responsible in them. */
export function coverageMappings(regions: readonly CoverageRegion[], changedAt: number): Mapping[] {
  return regions.map((region) => ({
    source: region.server,
    sourceId: `coverage:${region.id}`,
    lastUpdated: isoTime(region.lastUpdated ?? changedAt),
    expires: region.expires === undefined ? 'NO-EXPIRATION' : isoTime(region.expires),
    displayName: [{ lang: 'en', text: region.server }],
    service: region.serviceUrn,
    uris: [],
    ...(region.geometry ? { serviceBoundary: shapesOf(region.geometry) } : {}),
    ...(region.civic ? { civicBoundary: region.civic } : {}),
  }));
}

function shapesOf(geometry: NonNullable<CoverageRegion['geometry']>): Shape[] {
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  return polygons.map((polygon) => ({
    type: 'polygon',
    rings: polygon.map((ring) => ring.map((p): Position => [p[0] ?? 0, p[1] ?? 0])),
  }));
}
