import { LOSTSYNC_CONTENT_TYPE, LOST_CONTENT_TYPE } from '@esinet/lost';
import type { FastHandler, FastRequest, FastResponse, FastRoutes } from '@esinet/platform';
import type { Ecrf } from './ecrf.js';
import type { LostSync } from './sync/lost-sync.js';
import type { SyncCaller } from './sync/sync-peers.js';

/** What clients in the field call a LoST document, too. */
const XML_TYPES = new Set(['application/xml', 'text/xml']);

const USAGE =
  'LoST (RFC 5222) is asked here by POST with Content-Type application/lost+xml and a findService,\n' +
  'getServiceBoundary, listServices or listServicesByLocation document. GET /boundaries shows the service boundaries.\n';

export function lostRoutes(ecrf: Ecrf, maxMapPositions: number): FastRoutes {
  return {
    '/lost': (request) => lost(ecrf, request),
    ...(ecrf.sync ? { '/lostsync': syncHandler(ecrf.sync) } : {}),
    '/boundaries': (request) => boundaries(ecrf, request, maxMapPositions),
  };
}

/** RFC 5222 section 14: every LoST answer, errors included, is a 200; other statuses are about HTTP only. */
function lost(ecrf: Ecrf, request: FastRequest): FastResponse | Promise<FastResponse> {
  if (request.method === 'GET' || request.method === 'HEAD') {
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: USAGE };
  }
  if (request.method !== 'POST') return { status: 405, headers: { allow: 'GET, HEAD, POST' } };
  const type = typeOf(request);
  if (type !== undefined && type !== LOST_CONTENT_TYPE && !XML_TYPES.has(type)) {
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

/** RFC 6739 section 6: like LoST, every answer is a 200. Long documents are taken from peers only. */
function syncHandler(sync: LostSync): FastHandler {
  const callerOf = ({ remoteAddress, clientNames }: FastRequest): SyncCaller => ({
    address: remoteAddress,
    names: clientNames,
  });
  const handler = async (request: FastRequest): Promise<FastResponse> => {
    if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST' } };
    const type = typeOf(request);
    if (type !== undefined && type !== LOSTSYNC_CONTENT_TYPE && !XML_TYPES.has(type)) {
      return { status: 415, headers: { accept: LOSTSYNC_CONTENT_TYPE } };
    }
    return {
      status: 200,
      headers: { 'content-type': `${LOSTSYNC_CONTENT_TYPE};charset=utf-8`, 'cache-control': 'no-cache' },
      body: await sync.handle(request.body, callerOf(request)),
    };
  };
  return Object.assign(handler, {
    maxBodyBytes: (request: FastRequest) => sync.maxBytesFrom(callerOf(request)),
  });
}

/** Without parameters; undefined where there is none. */
function typeOf(request: FastRequest): string | undefined {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  return type === '' ? undefined : type;
}

async function boundaries(ecrf: Ecrf, request: FastRequest, maxMapPositions: number): Promise<FastResponse> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, headers: { allow: 'GET, HEAD' } };
  return {
    status: 200,
    headers: { 'content-type': 'application/geo+json', 'cache-control': 'no-cache' },
    body: await ecrf.boundariesJson(maxMapPositions),
  };
}
