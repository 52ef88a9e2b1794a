import { type Clock, isoTime } from '@esinet/kernel';
import type {
  FindServiceRequest,
  FindServiceResponse,
  ListServicesByLocationRequest,
  ListServicesByLocationResponse,
  LostAnswer,
  LostErrors,
  LostLocation,
  LostRequest,
  LostWarning,
} from '@esinet/lost';
import { MAX_PATH } from '@esinet/lost';
import { answer, errorAnswer, expiryOf } from './answer.js';
import type { AnswerCache } from './answer-cache.js';
import { type Coverage, lostName } from './coverage.js';
import type { EcrfLayers } from './layers.js';
import { mended, withReferences } from './passed-on.js';
import type { BoundaryShelf } from './boundary-shelf.js';
import { serviceListBoundary } from './service-list-boundary.js';
import { normalServiceUrn, serviceCandidates, servicesBelow } from './service-urn.js';
import type { Upstreams } from './upstream.js';

export interface ReferralLimits {
  /** For all questions that one question brings about. Milliseconds. */
  readonly budgetMs: number;
  /** Less for each server that was asked before us, so that its own time is not over before our error arrives. */
  readonly hopMs: number;
  /** Redirects of others followed in a row. */
  readonly redirects: number;
  /** Servers asked at once where coverage regions overlap. */
  readonly overlapping: number;
}

/** Where questions go that are not answered from own boundaries. */
export interface Referral {
  readonly coverage: Coverage;
  /** Asked where neither boundaries nor coverage hold the location. Lower case. */
  readonly forestGuide: string | undefined;
  readonly upstreams: Upstreams;
  readonly cache: AnswerCache;
  readonly clock: Clock;
  readonly limits: ReferralLimits;
  close(): void;
}

export interface ResolveContext {
  readonly layers: EcrfLayers;
  /** Boundaries of others that were given by reference to this server. */
  readonly boundaries: BoundaryShelf;
  /** Boundaries of service lists that were. */
  readonly lists: BoundaryShelf;
  /** Undefined: nobody is ever asked. */
  readonly referral: Referral | undefined;
}

interface Asking extends ResolveContext {
  readonly referral: Referral;
}

type Located = FindServiceRequest | ListServicesByLocationRequest;

const LANG = 'en';
/** A question of last resort still gets this much. Milliseconds. */
const MIN_BUDGET_MS = 100;

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
  const local = answer(request, layers, now);
  switch (request.type) {
    case 'findService':
      return referral ? findService(request, local, now, { ...context, referral }) : local;
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

/** RFC 6197 section 3.1: as it is asked for; left out for an address, of which no region is worked out. */
function withListBoundary(
  request: ListServicesByLocationRequest,
  local: LostAnswer,
  { layers, lists }: ResolveContext,
  now: number,
): LostAnswer {
  const shape = locationOf(request)?.shape;
  if (!shape || !request.serviceListBoundary || local.type !== 'listServicesByLocationResponse') return local;
  const region = serviceListBoundary(layers, shape, now);
  if (!region) return local;
  const boundary = { expires: isoTime(expiryOf(layers, now)), shapes: [region] };
  if (request.serviceListBoundary === 'value') return { ...local, serviceListBoundary: boundary };
  // The key names the region; a time in it would make another one of every answer.
  const key = lists.put(layers.source, { shapes: [region] });
  return key === undefined
    ? local
    : { ...local, serviceListBoundaryReference: { source: layers.source, key } };
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

/** RFC 5222 section 13.3. Who was asked already is not named again (section 6). */
function redirect(
  request: Located,
  servers: readonly string[],
  local: LostAnswer,
  layers: EcrfLayers,
): LostAnswer {
  const visited = visitedOf(request.path);
  const target = servers.find((name) => !visited.has(name));
  if (target === undefined) {
    if (local.type !== 'errors') return local;
    return errorAnswer(layers.source, 'loop', 'the responsible server has been asked on the way already');
  }
  return {
    type: 'redirect',
    target,
    source: layers.source,
    message: 'this server is responsible for the location',
    lang: LANG,
  };
}

/** Asks all of `servers`, which are several only where their regions overlap (RFC 5582 section 7.3). */
async function recurse<R extends Located>(
  request: R,
  location: LostLocation,
  servers: readonly string[],
  asking: Asking,
): Promise<LostAnswer[]> {
  const { referral } = asking;
  const { budgetMs, hopMs, overlapping } = referral.limits;
  const budget = Math.max(MIN_BUDGET_MS, budgetMs - hopMs * request.path.length);
  const deadline = referral.clock.now() + budget;
  return Promise.all(
    servers.slice(0, overlapping).map(async (server) => {
      const asked = await askGuided(server, request, deadline, asking);
      if (asked.type === 'findServiceResponse' && request.type === 'findService') {
        if (!request.validateLocation) referral.cache.remember(request.service, location, server, asked);
      }
      return asked;
    }),
  );
}

/**
 * RFC 5582 section 8: a forest guide names the server, and that one is asked. A redirect names one only: where that has
 * nothing, because regions overlap, the guide is asked to ask all of them (section 7.3).
 */
async function askGuided(
  server: string,
  request: Located,
  deadline: number,
  asking: Asking,
): Promise<LostAnswer> {
  if (server !== asking.referral.forestGuide) return ask(server, request, deadline, asking);
  const guided = await ask(server, request, deadline, asking, false);
  const nothing = guided.type === 'errors' && guided.errors[0]?.code === 'notFound';
  return nothing && guided.source !== server ? ask(server, request, deadline, asking) : guided;
}

/** One server and where it redirects to. */
async function ask(
  first: string,
  request: Located,
  deadline: number,
  { layers, referral }: Asking,
  recursive = true,
): Promise<LostAnswer> {
  const own = layers.source.toLowerCase();
  let server = first;
  let path = [...request.path, layers.source];
  for (let redirects = 0; redirects <= referral.limits.redirects; redirects += 1) {
    if (visitedOf(path).has(server) || path.length >= MAX_PATH) {
      return errorAnswer(layers.source, 'loop', 'the responsible server has been asked on the way already');
    }
    const left = deadline - referral.clock.now();
    const onward = { ...request, recursive: recursive || redirects > 0, path };
    // By value, so that the answer can be kept for all of its boundary.
    const question =
      onward.type === 'findService' ? { ...onward, serviceBoundary: 'value' as const } : onward;
    const asked = await referral.upstreams.ask(server, question, left);
    if (!asked.ok) return errorAnswer(layers.source, asked.error.code, asked.error.message);
    if (asked.value.type !== 'redirect') {
      return mended(asked.value, server, path, referral.clock.wall());
    }
    const target = lostName(asked.value.target);
    if (target === undefined) {
      return errorAnswer(layers.source, 'serverError', 'the server redirects to what is no server');
    }
    // RFC 5222 section 6: who asks one server after the other names all of them.
    path = [...path, server];
    if (target === own) {
      return errorAnswer(layers.source, 'notFound', 'the responsible server redirects back to this one');
    }
    server = target;
  }
  return errorAnswer(layers.source, 'serverError', 'too many redirects');
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
  { layers, referral: { coverage } }: Asking,
): LostAnswer {
  if (local.type !== 'errors' || local.errors[0]?.code !== 'serviceNotImplemented') return local;
  return serviceCandidates(request.service).some((urn) => coverage.services.includes(urn))
    ? errorAnswer(layers.source, 'notFound', 'no coverage region holds the location')
    : local;
}

/** The error to tell of several: one that says a server is away before one that says there is nothing. */
function worstOf(asked: readonly LostAnswer[], layers: EcrfLayers): LostErrors {
  const errors = asked.filter((a) => a.type === 'errors');
  const worst = errors.find(isAway) ?? errors.find((e) => e.errors[0]?.code !== 'loop') ?? errors[0];
  if (worst) return worst;
  const message = 'the answer of the server is not one to this question';
  return { type: 'errors', source: layers.source, errors: [{ code: 'serverError', message, lang: LANG }] };
}

function isAway(problem: LostErrors): boolean {
  const code = problem.errors[0]?.code;
  return code === 'serverTimeout' || code === 'serverError' || code === 'internalError';
}

/** RFC 5222 section 13: an error that comes with an answer is a warning. */
function warningsOf(problem: LostErrors): LostWarning[] {
  return problem.errors.map((e) => ({ ...e, source: problem.source }));
}

/** As the requester wants it: boundaries by value, or by reference to this server, which has them now. */
function given(
  found: FindServiceResponse,
  request: FindServiceRequest,
  { layers, boundaries }: Asking,
): FindServiceResponse {
  return request.serviceBoundary === 'value' ? found : withReferences(found, layers.source, boundaries);
}

function listServicesByLocation(
  request: ListServicesByLocationRequest,
  local: LostAnswer,
  now: number,
  asking: Asking,
): LostAnswer | Promise<LostAnswer> {
  const { layers, referral } = asking;
  const location = locationOf(request);
  if (!location || local.type !== 'listServicesByLocationResponse' || local.services.length > 0) return local;
  const related = referral.coverage.services.filter((urn) => isRelated(urn, request.service));
  const own = layers.source.toLowerCase();
  const holding = related.flatMap((urn) => referral.coverage.serversFor(urn, location, now));
  const servers = [...new Set(holding)].filter((name) => name !== own);
  const { forestGuide } = referral;
  if (servers.length === 0 && forestGuide !== undefined && forestGuide !== own) servers.push(forestGuide);
  if (servers.length === 0) return local;
  if (!request.recursive) return redirect(request, servers, local, layers);
  return recurse(request, location, servers, asking).then((asked) => {
    const lists = asked.filter(
      (a): a is ListServicesByLocationResponse => a.type === 'listServicesByLocationResponse',
    );
    const [first] = lists;
    if (!first) {
      const problem = worstOf(asked, layers);
      return isAway(problem) ? problem : local;
    }
    return {
      ...first,
      services: [...new Set(lists.flatMap((a) => a.services))].sort(),
      warnings: lists.flatMap((a) => a.warnings),
    };
  });
}

/** RFC 5222 section 10: what this server can look up, also by asking others. */
function withCovered(
  local: Extract<LostAnswer, { type: 'listServicesResponse' }>,
  service: string | undefined,
  referral: Referral,
): LostAnswer {
  const covered = servicesBelow(referral.coverage.services, service);
  return { ...local, services: [...new Set([...local.services, ...covered])].sort() };
}

/** Whether a server for `urn` may know services below `service`, or top-level ones. */
function isRelated(urn: string, service: string | undefined): boolean {
  if (service === undefined) return true;
  const parent = normalServiceUrn(service);
  return urn === parent || urn.startsWith(`${parent}.`) || parent.startsWith(`${urn}.`);
}

/** RFC 5222 section 12.1 rule 7, as `answer` takes it; undefined where it cannot be used. */
function locationOf(request: Located): LostLocation | undefined {
  const chosen = request.locations.find((l) => l.errorCode !== 'locationProfileUnrecognized');
  return chosen?.shape || chosen?.civic ? chosen : undefined;
}

function visitedOf(path: readonly string[]): Set<string> {
  return new Set(path.map((source) => source.toLowerCase()));
}
