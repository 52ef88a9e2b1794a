import { isoTime } from '@esinet/kernel';
import type { ListServicesByLocationRequest, ListServicesByLocationResponse, LostAnswer } from '@esinet/lost';
import { expiryOf } from './answer.js';
import { isAway, recurse, redirect, worstOf } from './recursion.js';
import { type Asking, type Referral, type ResolveContext, locationOf } from './resolve-context.js';
import { serviceListBoundary } from './service-list-boundary.js';
import { normalServiceUrn, servicesBelow } from './service-urn.js';

/** RFC 6197 section 3.1: as it is asked for; left out for an address, of which no region is worked out. */
export function withListBoundary(
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

export function listServicesByLocation(
  request: ListServicesByLocationRequest,
  local: LostAnswer,
  now: number,
  asking: Asking,
): LostAnswer | Promise<LostAnswer> {
  const { layers, referral } = asking;
  const location = locationOf(request);
  if (!location || local.type !== 'listServicesByLocationResponse' || local.services.length > 0) return local;
  const offered = referral.mappings.services.filter((urn) => referral.mappings.find(urn, location, now));
  const foreign = servicesBelow(offered, request.service);
  if (foreign.length > 0) return { ...local, services: foreign };
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
export function withCovered(
  local: Extract<LostAnswer, { type: 'listServicesResponse' }>,
  service: string | undefined,
  referral: Referral,
): LostAnswer {
  const covered = servicesBelow([...referral.coverage.services, ...referral.mappings.services], service);
  return { ...local, services: [...new Set([...local.services, ...covered])].sort() };
}

/** Whether a server for `urn` may know services below `service`, or top-level ones. */
function isRelated(urn: string, service: string | undefined): boolean {
  if (service === undefined) return true;
  const parent = normalServiceUrn(service);
  return urn === parent || urn.startsWith(`${parent}.`) || parent.startsWith(`${urn}.`);
}
