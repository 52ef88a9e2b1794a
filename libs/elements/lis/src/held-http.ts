import { HELD_CONTENT_TYPE, writeHeldAnswer } from '@esinet/held';
import type { HeldAnswer } from '@esinet/held';
import { PIDF_CONTENT_TYPE } from '@esinet/location';
import type { FastRequest, FastResponse, FastRoutes } from '@esinet/platform';
import type { Lis } from './lis.js';
import type { Requester } from './third-parties.js';

const REFERENCES = '/loc/';

/** HELD: location configuration (RFC 5985) and dereference (RFC 6753). */
export function heldRoutes(lis: Lis): FastRoutes {
  return {
    '/held': (request) => held(lis, request),
    [REFERENCES]: (request) => dereference(lis, request),
  };
}

/** RFC 5985 section 8: every HELD answer, errors included, is a 200; other statuses are about HTTP only. */
async function held(lis: Lis, request: FastRequest): Promise<FastResponse> {
  if (request.method !== 'POST') return refuse(lis, 405, { allow: 'POST' });
  const status = documentProblem(request);
  if (status !== undefined) return refuse(lis, status);
  if (!isUtf8(request)) return document(lis.misspoken());
  return document(await lis.request(request.body, requesterOf(request)));
}

function requesterOf(request: FastRequest): Requester {
  return { address: request.remoteAddress, names: request.clientNames };
}

/** RFC 5985 section 5: HELD is UTF-8. Without a charset it is taken for that. */
function isUtf8({ headers }: FastRequest): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]{1,40})/i.exec(
    headers['content-type']?.slice(0, 200) ?? '',
  )?.[1];
  return charset === undefined || ['utf-8', 'utf8', 'us-ascii'].includes(charset.toLowerCase());
}

/** RFC 6753 section 3. */
async function dereference(lis: Lis, request: FastRequest): Promise<FastResponse> {
  const token = request.path.slice(REFERENCES.length);
  if (request.method === 'GET' || request.method === 'HEAD') {
    const answer = await lis.dereference(token, requesterOf(request), undefined, {
      peek: request.method === 'HEAD',
    });
    // Unknown, lapsed and never there look alike.
    if (answer.type === 'error' && answer.code === 'locationUnknown')
      return { status: 404, headers: PRIVATE };
    if (
      answer.type === 'locationResponse' &&
      answer.pidfLo !== undefined &&
      prefersPidf(request.headers.accept)
    ) {
      return { status: 200, headers: { ...PRIVATE, 'content-type': PIDF_CONTENT_TYPE }, body: answer.pidfLo };
    }
    return document(answer);
  }
  if (request.method !== 'POST') return refuse(lis, 405, { allow: 'GET, HEAD, POST' });
  const status = documentProblem(request);
  if (status !== undefined) return refuse(lis, status);
  if (!isUtf8(request)) return document(lis.misspoken());
  return document(await lis.dereference(token, requesterOf(request), request.body));
}

/** RFC 5985 section 8: no cache between may keep a location. */
const PRIVATE = { 'cache-control': 'private, no-store' };

function document(answer: HeldAnswer): FastResponse {
  return {
    status: 200,
    headers: { ...PRIVATE, 'content-type': `${HELD_CONTENT_TYPE};charset=utf-8` },
    body: writeHeldAnswer(answer),
  };
}

function refuse(lis: Lis, status: number, headers: Record<string, string> = {}): FastResponse {
  lis.refused(status);
  return { status, headers };
}

/** RFC 5985 section 8: the HTTP a LIS does not do. Undefined: the body may be read. */
function documentProblem(request: FastRequest): number | undefined {
  const { headers } = request;
  if (Object.keys(headers).some((name) => name.startsWith('if-'))) return 412;
  if (headers.range !== undefined) return 501;
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== HELD_CONTENT_TYPE) return 415;
  if (headers.accept !== undefined && qualityOf(headers.accept, HELD_CONTENT_TYPE) === 0) return 406;
  return undefined;
}

/** RFC 6753 section 3.2: the presence document bare, for who names it and likes it no less. */
function prefersPidf(accept: string | undefined): boolean {
  if (accept === undefined || !accept.toLowerCase().includes(PIDF_CONTENT_TYPE)) return false;
  const pidf = qualityOf(accept, PIDF_CONTENT_TYPE);
  return pidf > 0 && pidf >= qualityOf(accept, HELD_CONTENT_TYPE);
}

/** RFC 9110 section 12.5.1: the weight of the most specific range that fits, 0 where none does. */
function qualityOf(accept: string, type: string): number {
  let best = { specific: -1, quality: 0 };
  for (const entry of accept.toLowerCase().split(',')) {
    const [range = '', ...params] = entry.split(';').map((part) => part.trim());
    const specific = [`*/*`, `${type.slice(0, type.indexOf('/'))}/*`, type].indexOf(range);
    if (specific < 0 || specific < best.specific) continue;
    const weight = params.find((p) => p.startsWith('q='));
    const quality = weight === undefined ? 1 : Number(weight.slice(2));
    best = { specific, quality: Number.isFinite(quality) ? quality : 0 };
  }
  return best.quality;
}
