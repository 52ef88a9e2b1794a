import type { FindServiceRequest, LostAnswer, Mapping } from '@esinet/lost';
import { errorAnswer } from './answer.js';
import { normalServiceUrn } from './service-urn.js';

const EMERGENCY = 'urn:service:sos';

/**
 * RFC 6451 section 5.2: by distance of the points of service, where only service areas are known. Emergency services are
 * answered by area whatever is asked (section 6); of others this server says that it has no answer.
 */
export function byDistance(request: FindServiceRequest, source: string): LostAnswer | undefined {
  if (request.region !== false) return undefined;
  const urn = normalServiceUrn(request.service);
  if (urn === EMERGENCY || urn.startsWith(`${EMERGENCY}.`)) return undefined;
  return errorAnswer(source, 'notFound', 'points of service are not known here, service areas are');
}

/** RFC 6451 section 5.4: no more than so many service URIs. The first mappings are those that fit best. */
export function limited(given: LostAnswer, limit: number | undefined): LostAnswer {
  if (limit === undefined || given.type !== 'findServiceResponse') return given;
  let left = limit;
  const mappings: Mapping[] = [];
  for (const mapping of given.mappings) {
    if (left <= 0 && mappings.length > 0) break;
    const uris = mapping.uris.slice(0, Math.max(0, left));
    mappings.push({ ...mapping, uris });
    left -= uris.length;
  }
  return { ...given, mappings };
}
