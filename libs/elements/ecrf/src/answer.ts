import { isoTime } from '@esinet/kernel';
import { type BoundaryAttributes, type Shape, centroidOf, shapeToPolygon } from '@esinet/location';
import type {
  FindServiceRequest,
  ListServicesByLocationRequest,
  LostAnswer,
  LostErrorCode,
  LostLocation,
  LostRequest,
  LostWarning,
  Mapping,
} from '@esinet/lost';
import { type CivicHit, civicProblem, findCivic, validationOf } from './civic.js';
import {
  type DefaultMapping,
  type EcrfLayers,
  type ServedBoundary,
  type ServedPart,
  isInForce,
} from './layers.js';
import { normalServiceUrn, serviceCandidates, servicesBelow } from './service-urn.js';

const LANG = 'en';
/** Boundaries that an area of uncertainty is answered with, where the policy asks for all. */
export const MAX_MAPPINGS = 32;

interface Found {
  readonly served: ServedBoundary;
  readonly civic?: CivicHit;
  /** Not around the location, only close to it. */
  readonly near?: boolean;
  /** Elsewhere in the boundary a service closer to the one asked for may be offered. */
  readonly partly?: boolean;
}

/**
 * RFC 5222 sections 8 to 13. `now` in wall milliseconds. Always an answer, never recursion: what is not known here is
 * `notFound`, whether recursion was asked for or not.
 */
export function answer(request: LostRequest, layers: EcrfLayers, now: number): LostAnswer {
  switch (request.type) {
    case 'findService':
      return loopOf(request.path, layers) ?? findService(request, layers, now);
    case 'getServiceBoundary':
      return getServiceBoundary(request.key, layers);
    case 'listServices':
      return loopOf(request.path, layers) ?? listServices(request.service, request.path, layers);
    case 'listServicesByLocation':
      return loopOf(request.path, layers) ?? listServicesByLocation(request, layers, now);
    case 'getServiceListBoundary':
      return errorAnswer(
        layers.source,
        'notFound',
        'no service list boundary with this key, or not any more',
      );
  }
}

/** An `<errors>` with one error in it. */
export function errorAnswer(
  source: string,
  code: LostErrorCode,
  message: string,
  unsupportedProfiles?: readonly string[],
): LostAnswer {
  const error = { code, message, lang: LANG, ...(unsupportedProfiles ? { unsupportedProfiles } : {}) };
  return { type: 'errors', source, errors: [error] };
}

/** RFC 5222 section 6: a server that finds itself among the visited ones is in a loop. */
function loopOf(path: readonly string[], layers: EcrfLayers): LostAnswer | undefined {
  const own = layers.source.toLowerCase();
  if (!path.some((source) => source.toLowerCase() === own)) return undefined;
  return errorAnswer(layers.source, 'loop', 'this server has been asked on the way already');
}

function findService(request: FindServiceRequest, layers: EcrfLayers, now: number): LostAnswer {
  const chosen = chooseLocation(request.locations, layers);
  if ('type' in chosen) return chosen;
  const candidates = serviceCandidates(request.service);
  const served = candidates.filter((urn) => layers.services.has(urn));
  if (served.length === 0) {
    return errorAnswer(
      layers.source,
      'serviceNotImplemented',
      'no such service here, nor one that contains it',
    );
  }
  for (const urn of served) {
    const found = find(layers, urn, chosen, now);
    const partly = urn !== served[0];
    if (found.length > 0)
      return mappingAnswer(
        request,
        chosen,
        found.map((f) => ({ ...f, partly })),
        layers,
        now,
      );
  }
  for (const urn of served) {
    const near = findNear(layers, urn, chosen, now);
    if (near) return mappingAnswer(request, chosen, [{ served: near, near: true }], layers, now);
  }
  const byDefault = served.map((urn) => layers.defaults.get(urn)).find((d) => d) ?? layers.defaultMapping;
  if (byDefault) return defaultAnswer(request, chosen, byDefault, layers);
  return errorAnswer(layers.source, 'notFound', 'no service boundary holds the location');
}

/** RFC 5222 section 12.1, rules 7 and 8: the first location whose profile is understood, usable or not. */
function chooseLocation(locations: readonly LostLocation[], layers: EcrfLayers): LostLocation | LostAnswer {
  const chosen = locations.find((l) => l.errorCode !== 'locationProfileUnrecognized');
  if (!chosen) {
    const profiles = locations.map((l) => l.profile).filter((p) => p !== '');
    return errorAnswer(
      layers.source,
      'locationProfileUnrecognized',
      'none of the profiles is known here',
      profiles,
    );
  }
  const problem = chosen.error ?? (chosen.civic && civicProblem(chosen.civic));
  if (problem !== undefined || (!chosen.shape && !chosen.civic)) {
    return errorAnswer(layers.source, chosen.errorCode ?? 'locationInvalid', problem ?? 'empty location');
  }
  return chosen;
}

/** The best first; more than one only where the policy asks for all. */
function find(layers: EcrfLayers, urn: string, location: LostLocation, now: number): Found[] {
  if (location.civic) {
    const civic = findCivic(layers, urn, location.civic, now);
    return civic ? [{ served: civic.served, civic }] : [];
  }
  const boundaries = location.shape ? boundariesFor(layers, urn, location.shape, now) : [];
  return boundaries.flatMap(({ id }) => {
    const served = layers.served.get(id);
    return served ? [{ served }] : [];
  });
}

/**
 * The boundaries in force of a location, by the policy for uncertainty (RFC 5222 section 12.2): that with the largest
 * share of the area, that around its centroid, or all that meet it, most of it first. Where the centroid lies in no
 * boundary the largest share decides, and the other way round: who asks is to get an answer wherever there is one.
 */
function boundariesFor(
  layers: EcrfLayers,
  urn: string,
  shape: Shape,
  now: number,
): readonly BoundaryAttributes[] {
  const index = layers.services.get(urn);
  if (!index) return [];
  const inForce = (boundaries: readonly BoundaryAttributes[]): readonly BoundaryAttributes[] =>
    boundaries.filter((b) => isInForce(b, now));
  const atCentroid = (): readonly BoundaryAttributes[] => inForce(index.at(centroidOf(shape)));
  const byShare = (): readonly BoundaryAttributes[] =>
    shape.type === 'point' ? [] : inForce(index.covering(shape).map((c) => c.boundary));
  const [first, second] = layers.uncertainty === 'centroid' ? [atCentroid, byShare] : [byShare, atCentroid];
  const found = first();
  const best = found.length > 0 ? found : second();
  return best.slice(0, layers.uncertainty === 'all' ? MAX_MAPPINGS : 1);
}

/** Where boundaries leave a gap or a coast lies outside of them (RFC 5222 section 13.2, a nearby PSAP). */
function findNear(
  layers: EcrfLayers,
  urn: string,
  location: LostLocation,
  now: number,
): ServedBoundary | undefined {
  if (layers.nearestWithinMetres <= 0 || !location.shape) return undefined;
  const boundary = layers.services
    .get(urn)
    ?.nearestOf(centroidOf(location.shape), layers.nearestWithinMetres, (b) => isInForce(b, now))?.boundary;
  return boundary && layers.served.get(boundary.id);
}

function mappingAnswer(
  request: FindServiceRequest,
  location: LostLocation,
  found: readonly Found[],
  layers: EcrfLayers,
  now: number,
): LostAnswer {
  const warnings: LostWarning[] = [];
  const warn = (code: LostWarning['code'], message: string): void => {
    warnings.push({ code, message, lang: LANG, source: layers.source });
  };
  if (found.some((f) => normalServiceUrn(request.service) !== f.served.boundary.serviceUrn))
    warn('serviceSubstitution', 'the service is not offered here, this one contains it');
  if (found.some((f) => f.near))
    warn('defaultMappingReturned', 'no service boundary holds the location, this one is nearest');
  const [best] = found;
  return {
    type: 'findServiceResponse',
    mappings: found.map((f) => mappingOf(request, location, f, layers, now)),
    warnings,
    path: [...request.path, layers.source],
    locationUsed: location.id,
    ...(request.validateLocation && location.civic
      ? { locationValidation: validationOf(location.civic, best?.civic?.rule) }
      : {}),
  };
}

function mappingOf(
  request: FindServiceRequest,
  location: LostLocation,
  found: Found,
  layers: EcrfLayers,
  now: number,
): Mapping {
  const { boundary, source, lastUpdated } = found.served;
  const exact = normalServiceUrn(request.service) === boundary.serviceUrn;
  return {
    source,
    sourceId: boundary.id,
    lastUpdated: isoTime(lastUpdated),
    expires: isoTime(expiryOf(layers, now)),
    displayName: [{ lang: languageOf(boundary), text: boundary.displayName }],
    // RFC 5222 section 5.4: copied from the request unless another service stands in.
    service: exact ? request.service : boundary.serviceUrn,
    uris: [boundary.serviceUri],
    ...(boundary.serviceNumber === undefined ? {} : { serviceNumber: boundary.serviceNumber }),
    // RFC 5222 section 5.5: only a region in which the answer would be the same everywhere.
    ...(found.near || found.partly ? {} : boundaryOf(request, location, found, layers)),
  };
}

/** RFC 5222 sections 5.5, 5.6 and 12.1 rule 9. A boundary too long to send is sent as a reference. */
function boundaryOf(
  request: FindServiceRequest,
  location: LostLocation,
  found: Found,
  layers: EcrfLayers,
): Partial<Mapping> {
  if (found.civic) return { civicBoundary: [found.civic.rule.match] };
  const part = location.shape && partAround(location.shape, found.served, layers);
  if (!part) return {};
  return request.serviceBoundary === 'value' && part.vertices <= layers.maxVerticesByValue
    ? { serviceBoundary: [part.shape] }
    : { serviceBoundaryReference: { source: layers.source, key: part.key } };
}

/** The part of a boundary that holds the location; of an area its centre, or else what of its outline comes first. */
function partAround(shape: Shape, served: ServedBoundary, layers: EcrfLayers): ServedPart | undefined {
  const index = layers.services.get(normalServiceUrn(served.boundary.serviceUrn));
  const outline = shape.type === 'point' ? [] : (shapeToPolygon(shape)[0] ?? []);
  for (const position of [centroidOf(shape), ...outline]) {
    const part = index?.partAt(served.boundary, position);
    if (part !== undefined) return served.part(part);
  }
  return undefined;
}

/** RFC 5222 section 13.2. Nobody shall keep it: the next location may have a mapping of its own. */
function defaultAnswer(
  request: FindServiceRequest,
  location: LostLocation,
  { uri, displayName }: DefaultMapping,
  layers: EcrfLayers,
): LostAnswer {
  return {
    type: 'findServiceResponse',
    mappings: [
      {
        source: layers.source,
        sourceId: 'default',
        lastUpdated: isoTime(layers.builtAt),
        expires: 'NO-CACHE',
        displayName: [{ lang: LANG, text: displayName }],
        service: request.service,
        uris: [uri],
      },
    ],
    warnings: [
      {
        code: 'defaultMappingReturned',
        message: 'no service boundary holds the location',
        lang: LANG,
        source: layers.source,
      },
    ],
    path: [...request.path, layers.source],
    locationUsed: location.id,
    ...(request.validateLocation && location.civic
      ? { locationValidation: validationOf(location.civic, undefined) }
      : {}),
  };
}

/** A mapping is good until it may be another: its time to live, or the next change of any boundary. */
export function expiryOf(layers: EcrfLayers, now: number): number {
  const { changes } = layers;
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (changes[middle]! > now) high = middle;
    else low = middle + 1;
  }
  return Math.min(now + layers.expiresMs, changes[low] ?? Infinity);
}

function getServiceBoundary(key: string, layers: EcrfLayers): LostAnswer {
  const part = layers.byKey.get(key);
  if (!part) return errorAnswer(layers.source, 'notFound', 'no boundary with this key, or not any more');
  return {
    type: 'getServiceBoundaryResponse',
    serviceBoundary: [part.shape],
    warnings: [],
    path: [layers.source],
  };
}

/** RFC 5222 section 10: top-level services, or those right below the one asked for. */
function listServices(service: string | undefined, path: readonly string[], layers: EcrfLayers): LostAnswer {
  return {
    type: 'listServicesResponse',
    services: servicesBelow([...layers.services.keys()], service),
    warnings: [],
    path: [...path, layers.source],
  };
}

/** RFC 5222 section 11. */
function listServicesByLocation(
  request: ListServicesByLocationRequest,
  layers: EcrfLayers,
  now: number,
): LostAnswer {
  const chosen = chooseLocation(request.locations, layers);
  if ('type' in chosen) return chosen;
  const here = [...layers.services.keys()].filter((urn) => find(layers, urn, chosen, now).length > 0);
  return {
    type: 'listServicesByLocationResponse',
    services: servicesBelow(here, request.service),
    warnings: [],
    path: [...request.path, layers.source],
    locationUsed: chosen.id,
  };
}

/** xsd:language, or the default. */
function languageOf(boundary: BoundaryAttributes): string {
  const { language } = boundary;
  return language !== undefined && /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,8}$/.test(language) ? language : LANG;
}
