import { isoTime } from '@esinet/kernel';
import type { FindServiceResponse, LostAnswer, Mapping } from '@esinet/lost';
import type { BoundaryShelf } from './boundary-shelf.js';
import { lostName } from './coverage.js';

/**
 * An answer of another server as it may be passed on: its mappings, path and warnings as they came. What RFC 5222 wants
 * and the other left out (section 15) is filled in, so that what we send is valid whatever we received.
 */
export function mended(
  asked: LostAnswer,
  server: string,
  path: readonly string[],
  wallMs: number,
): LostAnswer {
  const nameOr = (name: string): string => (lostName(name) === undefined ? server : name);
  switch (asked.type) {
    case 'errors':
      return { ...asked, source: nameOr(asked.source) };
    case 'redirect':
    case 'getServiceListBoundaryResponse':
      return asked;
    default:
      break;
  }
  const warnings = asked.warnings.map((w) => ({ ...w, source: nameOr(w.source) }));
  const isTraced = asked.path.length > 0 && asked.path.every((via) => lostName(via) !== undefined);
  const traced = { warnings, path: isTraced ? asked.path : [...path, server] };
  return asked.type === 'findServiceResponse'
    ? { ...asked, ...traced, mappings: asked.mappings.map((m) => mendedMapping(m, nameOr(m.source), wallMs)) }
    : { ...asked, ...traced };
}

function mendedMapping(mapping: Mapping, source: string, wallMs: number): Mapping {
  const { lastUpdated, sourceId } = mapping;
  const reference = mapping.serviceBoundaryReference;
  return {
    ...mapping,
    source,
    sourceId: sourceId === '' ? 'unnamed' : sourceId,
    lastUpdated: Number.isNaN(Date.parse(lastUpdated)) ? isoTime(wallMs) : lastUpdated,
    ...(reference && lostName(reference.source) === undefined
      ? { serviceBoundaryReference: { ...reference, source } }
      : {}),
  };
}

/** RFC 5222 section 5.6: boundaries that came by value, as references to this server. */
export function withReferences(
  found: FindServiceResponse,
  source: string,
  shelf: BoundaryShelf,
): FindServiceResponse {
  return {
    ...found,
    mappings: found.mappings.map((mapping) => {
      const { serviceBoundary, civicBoundary, ...rest } = mapping;
      // An address pattern is shorter than a reference to it.
      if (!serviceBoundary || civicBoundary) return mapping;
      const key = shelf.put(source, { shapes: serviceBoundary });
      return key === undefined ? rest : { ...rest, serviceBoundaryReference: { source, key } };
    }),
  };
}
