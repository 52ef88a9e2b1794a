import { LOST_CONTENT_TYPE } from '@esinet/lost';
import type { FastRequest, FastResponse, FastRoutes } from '@esinet/platform';
import type { Ecrf } from './ecrf.js';

/** What clients in the field call a LoST document. */
const ACCEPTED_TYPES = new Set([LOST_CONTENT_TYPE, 'application/xml', 'text/xml']);

const USAGE =
  'LoST (RFC 5222) is asked here by POST with Content-Type application/lost+xml and a findService,\n' +
  'getServiceBoundary, listServices or listServicesByLocation document. GET /boundaries shows the service boundaries.\n';

export function lostRoutes(ecrf: Ecrf): FastRoutes {
  return {
    '/lost': (request) => lost(ecrf, request),
    '/boundaries': (request) => boundaries(ecrf, request),
  };
}

/** RFC 5222 section 14: every LoST answer, errors included, is a 200; other statuses are about HTTP only. */
function lost(ecrf: Ecrf, request: FastRequest): FastResponse | Promise<FastResponse> {
  if (request.method === 'GET' || request.method === 'HEAD') {
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: USAGE };
  }
  if (request.method !== 'POST') return { status: 405, headers: { allow: 'GET, HEAD, POST' } };
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== undefined && type !== '' && !ACCEPTED_TYPES.has(type)) {
    return { status: 415, headers: { accept: LOST_CONTENT_TYPE } };
  }
  const given = ecrf.ask(request.body);
  return typeof given === 'string' ? answered(given) : given.then(answered);
}

function answered(body: string): FastResponse {
  return {
    status: 200,
    headers: { 'content-type': `${LOST_CONTENT_TYPE};charset=utf-8`, 'cache-control': 'no-cache' },
    body,
  };
}

function boundaries(ecrf: Ecrf, request: FastRequest): FastResponse {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, headers: { allow: 'GET, HEAD' } };
  return {
    status: 200,
    headers: { 'content-type': 'application/geo+json', 'cache-control': 'no-cache' },
    body: ecrf.boundariesJson,
  };
}
