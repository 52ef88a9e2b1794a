import type {
  FindServiceRequest,
  FindServiceResponse,
  LostAnswer,
  LostLocation,
  LostRequest,
} from '@esinet/lost';
import { answer, errorAnswer } from './answer.js';
import type { EcrfLayers } from './layers.js';
import { byDistance, limited } from './lost-extensions.js';
import { withReferences } from './passed-on.js';
import { isAway, recurse, redirect, warningsOf, worstOf } from './recursion.js';
import { type Asking, LANG, type ResolveContext, locationOf } from './resolve-context.js';
import { listServicesByLocation, withCovered, withListBoundary } from './resolve-lists.js';
import { normalServiceUrn, serviceCandidates } from './service-urn.js';

/**
 * The answer of `answer`, or where that server is not responsible: a redirect to the one that is, or with
 * `recursive="true"` its answer (RFC 5222 sections 6, 8.3.3 and 13, RFC 5582 section 7.2). At once where nobody has to
 * be asked; never rejects.
 */
export function resolve(
  request: LostRequest,
  context: ResolveContext,
  now: number,
): LostAnswer | Promise<LostAnswer> {
  const { layers, referral } = context;
  const local = answer(request, wideFor(request, layers), now);
  switch (request.type) {
    case 'findService': {
      const own = local.type === 'errors' ? local : (byDistance(request, layers.source) ?? local);
      const given = referral ? findService(request, own, now, { ...context, referral }) : own;
      return given instanceof Promise
        ? given.then((late) => limited(late, request.limit))
        : limited(given, request.limit);
    }
    case 'listServicesByLocation': {
      const listed = withListBoundary(request, local, context, now);
      return referral ? listServicesByLocation(request, listed, now, { ...context, referral }) : listed;
    }
    case 'listServices':
      return referral && local.type === 'listServicesResponse'
        ? withCovered(local, request.service, referral)
        : local;
    case 'getServiceBoundary':
      return local.type === 'errors' ? (fromShelf(request.key, context) ?? local) : local;
    case 'getServiceListBoundary': {
      const boundary = context.lists.get(request.key);
      return boundary ? { type: 'getServiceListBoundaryResponse', boundary, path: [layers.source] } : local;
    }
  }
}

/** RFC 6451 sections 5.2 and 5.4: who asks for several gets all whose area has something of the location. */
function wideFor(request: LostRequest, layers: EcrfLayers): EcrfLayers {
  const isWide = request.type === 'findService' && (request.region === true || request.limit !== undefined);
  return isWide ? { ...layers, uncertainty: 'all' } : layers;
}

function fromShelf(key: string, { boundaries, layers }: ResolveContext): LostAnswer | undefined {
  const boundary = boundaries.get(key);
  if (!boundary) return undefined;
  return {
    type: 'getServiceBoundaryResponse',
    serviceBoundary: boundary.shapes,
    warnings: [],
    path: [layers.source],
  };
}

function findService(
  request: FindServiceRequest,
  local: LostAnswer,
  now: number,
  asking: Asking,
): LostAnswer | Promise<LostAnswer> {
  const { layers, referral } = asking;
  const location = locationOf(request);
  const wanted = location && notAnsweredHere(request, local);
  if (!wanted) return local;
  const foreign = foreignAnswer(request, wanted.services, location, now, asking);
  if (foreign) return foreign;
  const servers = serversFor(wanted.services, location, wanted.byForestGuide, now, asking);
  if (servers.length === 0) return notFoundOf(request, local, asking);
  const kept = request.validateLocation
    ? undefined
    : referral.cache.find(request.service, location, servers, 'fresh');
  if (kept) return given(kept, request, asking);
  if (!request.recursive) return redirect(request, servers, local, layers);
  return recurse(request, location, servers, asking).then((asked) =>
    settled(request, location, local, asked, servers, asking),
  );
}

/** RFC 5222 section 5.1: a mapping of another server that is served here, unmodified. */
function foreignAnswer(
  request: FindServiceRequest,
  services: readonly string[],
  location: LostLocation,
  now: number,
  asking: Asking,
): LostAnswer | undefined {
  const { layers, referral } = asking;
  for (const urn of services) {
    const mapping = referral.mappings.find(urn, location, now);
    if (!mapping) continue;
    const isOther = urn !== normalServiceUrn(request.service);
    const message = 'the service is not offered here, this one contains it';
    const source = layers.source;
    const found: FindServiceResponse = {
      type: 'findServiceResponse',
      mappings: [isOther ? mapping : { ...mapping, service: request.service }],
      warnings: isOther ? [{ code: 'serviceSubstitution', message, lang: LANG, source }] : [],
      path: [...request.path, source],
      locationUsed: location.id,
    };
    return given(found, request, asking);
  }
  return undefined;
}

/** The services to look for elsewhere, first the one asked for; undefined where the local answer is the right one. */
function notAnsweredHere(
  request: FindServiceRequest,
  local: LostAnswer,
): { readonly services: readonly string[]; readonly byForestGuide: boolean } | undefined {
  const candidates = serviceCandidates(request.service);
  if (local.type === 'errors') {
    const code = local.errors[0]?.code;
    return code === 'notFound' || code === 'serviceNotImplemented'
      ? { services: candidates, byForestGuide: true }
      : undefined;
  }
  if (local.type !== 'findServiceResponse') return undefined;
  if (local.warnings.some((w) => w.code === 'defaultMappingReturned')) {
    return { services: candidates, byForestGuide: true };
  }
  // Another server may offer the very service for which only a more general one is offered here.
  const own = normalServiceUrn(local.mappings[0]?.service ?? '');
  const closer = candidates.slice(0, Math.max(0, candidates.indexOf(own)));
  return closer.length > 0 ? { services: closer, byForestGuide: false } : undefined;
}

function serversFor(
  services: readonly string[],
  location: LostLocation,
  byForestGuide: boolean,
  now: number,
  { layers, referral }: Asking,
): string[] {
  const own = layers.source.toLowerCase();
  for (const urn of services) {
    const servers = referral.coverage.serversFor(urn, location, now).filter((name) => name !== own);
    if (servers.length > 0) return servers;
  }
  const { forestGuide } = referral;
  return byForestGuide && forestGuide !== undefined && forestGuide !== own ? [forestGuide] : [];
}

function settled(
  request: FindServiceRequest,
  location: LostLocation,
  local: LostAnswer,
  asked: readonly LostAnswer[],
  servers: readonly string[],
  asking: Asking,
): LostAnswer {
  const { layers, referral } = asking;
  const found = asked.filter((a) => a.type === 'findServiceResponse');
  const [first] = found;
  if (first) {
    const mappings = found.flatMap((a) => a.mappings);
    const warnings = found.flatMap((a) => a.warnings);
    return given({ ...first, mappings, warnings }, request, asking);
  }
  const problem = worstOf(asked, layers);
  if (isAway(problem)) {
    const stale = referral.cache.find(request.service, location, servers, 'stale');
    if (stale) {
      return given({ ...stale, warnings: [...stale.warnings, ...warningsOf(problem)] }, request, asking);
    }
  }
  // A mapping that stands in (default, nearest, more general service) is better than an error of another server.
  if (local.type === 'findServiceResponse') {
    return { ...local, warnings: [...local.warnings, ...warningsOf(problem)] };
  }
  // Those who know more sent us back to ourselves: nobody has it.
  const isSentBack = problem.errors[0]?.code === 'loop' && problem.source !== layers.source;
  return isSentBack ? notFoundOf(request, local, asking) : problem;
}

/** A service that is implemented somewhere in our trees is not found here, which is another error than not implemented. */
function notFoundOf(
  request: FindServiceRequest,
  local: LostAnswer,
  { layers, referral: { coverage, mappings } }: Asking,
): LostAnswer {
  if (local.type !== 'errors' || local.errors[0]?.code !== 'serviceNotImplemented') return local;
  const known = new Set([...coverage.services, ...mappings.services]);
  return serviceCandidates(request.service).some((urn) => known.has(urn))
    ? errorAnswer(layers.source, 'notFound', 'no coverage region holds the location')
    : local;
}

/** As the requester wants it: boundaries by value, or by reference to this server, which has them now. */
function given(
  found: FindServiceResponse,
  request: FindServiceRequest,
  { layers, boundaries }: Asking,
): FindServiceResponse {
  return request.serviceBoundary === 'value' ? found : withReferences(found, layers.source, boundaries);
}
