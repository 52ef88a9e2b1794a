import { isoTime } from '@esinet/kernel';
import type { FastRequest, FastResponse, FastRoutes } from '@esinet/platform';
import type { z } from 'zod';
import { idSchema, provisionSchema, shownDevice } from '../device-schema.js';
import { identifierKey } from '../identifier.js';
import type { LocationReferences } from '../location-references.js';
import type { PeerList } from '../peer-list.js';
import { placeSchema, shownPlace } from '../place-schema.js';
import type { ProvisionRefusal, Provisioning } from '../provisioning.js';
import { type ProblemPlace, problem } from './problem.js';
import { devicesQuery } from './schemas.js';

export interface ProvisioningAccess {
  readonly provisioning: Provisioning;
  readonly references: Pick<LocationReferences, 'ofDevice'>;
  readonly provisioners: PeerList;
}

/** Devices of the first page of `GET /devices`, which has no words for a next one. */
const OLD_LIST = 1_000;

/**
 * `/api/devices` and what is below, and the same as `/devices`: JSON, for the configured provisioners only. On fast
 * routes, since positions come by the thousand a second.
 */
export function provisioningRoutes(access: ProvisioningAccess): FastRoutes {
  const handler = (base: string) => (request: FastRequest) => guarded(access, base, request);
  return {
    '/devices': handler('/devices'),
    '/devices/': handler('/devices'),
    '/api/devices': handler('/api/devices'),
    '/api/devices/': handler('/api/devices'),
  };
}

function guarded(
  access: ProvisioningAccess,
  base: string,
  request: FastRequest,
): FastResponse | Promise<FastResponse> {
  if (!access.provisioners.has({ address: request.remoteAddress, names: request.clientNames }))
    return problem('not-allowed', 'the requester is none of lis.provisioners');
  const rest = request.path.slice(base.length + 1);
  if (rest === '') return list(access, base, request);
  const [encoded = '', part, reference, more] = rest.split('/', 4);
  const id = idOf(encoded);
  if (id === undefined || more !== undefined) return problem('not-found', 'there is nothing under this path');
  if (part === undefined) return device(access, id, request);
  if (part === 'position' && reference === undefined) return position(access, id, request);
  if (part === 'location-uris') return locationUris(access, id, reference, request);
  return problem('not-found', 'there is nothing under this path');
}

function list(access: ProvisioningAccess, base: string, request: FastRequest): FastResponse {
  if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed('GET, HEAD');
  const { devices } = access.provisioning;
  const query = devicesQuery.safeParse(Object.fromEntries(request.query));
  if (!query.success) return notAsDescribed(query.error);
  const { identifier, after, limit } = query.data;
  if (base === '/devices' && request.query.size === 0) {
    const page = devices.page(OLD_LIST);
    const link = page.next === undefined ? {} : { link: `</api/devices?after=${page.next}>; rel="next"` };
    return json(200, page.devices.map(shownDevice), link);
  }
  if (identifier !== undefined) {
    const key = identifierKey(identifier);
    if (key === undefined) return problem('bad-request', 'identifier: expected one such as ip:192.0.2.5');
    const found = devices.byIdentifier(key);
    return json(200, { devices: found ? [shownDevice(found)] : [] });
  }
  const page = devices.page(limit, after);
  return json(200, {
    devices: page.devices.map(shownDevice),
    ...(page.next === undefined ? {} : { next: page.next }),
  });
}

async function device(access: ProvisioningAccess, id: string, request: FastRequest): Promise<FastResponse> {
  const { provisioning } = access;
  switch (request.method) {
    case 'GET':
    case 'HEAD': {
      const known = provisioning.devices.get(id);
      return known ? json(200, shownDevice(known)) : noSuchDevice();
    }
    case 'PUT': {
      const read = bodyOf(provisionSchema, request);
      if (!read.ok) return read.response;
      const done = await provisioning.put(id, read.value);
      if (!done.ok) return refused(done.error);
      const known = provisioning.devices.get(id);
      return json(done.value === 'created' ? 201 : 200, known && shownDevice(known));
    }
    case 'DELETE': {
      const done = await provisioning.delete(id);
      return done.ok ? { status: 204 } : refused(done.error);
    }
    default:
      return notAllowed('GET, HEAD, PUT, DELETE');
  }
}

async function position(access: ProvisioningAccess, id: string, request: FastRequest): Promise<FastResponse> {
  if (request.method === 'GET' || request.method === 'HEAD') {
    const place = access.provisioning.devices.get(id)?.places[0];
    return place ? json(200, shownPlace(place)) : noSuchDevice();
  }
  if (request.method !== 'PUT') return notAllowed('GET, HEAD, PUT');
  const read = bodyOf(placeSchema, request);
  if (!read.ok) return read.response;
  const done = await access.provisioning.move(id, read.value);
  return done.ok ? { status: 204 } : refused(done.error);
}

async function locationUris(
  { provisioning, references }: ProvisioningAccess,
  id: string,
  reference: string | undefined,
  request: FastRequest,
): Promise<FastResponse> {
  if (reference !== undefined) {
    if (request.method !== 'DELETE') return notAllowed('DELETE');
    const done = await provisioning.revoke(id, reference);
    return done.ok ? { status: 204 } : refused(done.error);
  }
  if (request.method === 'DELETE') {
    const done = await provisioning.revokeAll(id);
    return done.ok ? { status: 204 } : refused(done.error);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed('GET, HEAD, DELETE');
  if (!provisioning.devices.get(id)) return noSuchDevice();
  const listed = references
    .ofDevice(id)
    .map(({ expires, ...each }) => ({ ...each, expires: isoTime(expires) }));
  return json(200, { locationUris: listed });
}

type Body<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly response: FastResponse };

function bodyOf<S extends z.ZodType>(schema: S, request: FastRequest): Body<z.output<S>> {
  // A page in somebody's browser could send any other type without asking first.
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json')
    return { ok: false, response: problem('unsupported-media-type', 'the body is not application/json') };
  let value: unknown;
  try {
    value = JSON.parse(request.body.toString('utf8'));
  } catch {
    const errors = [{ path: '', message: 'not JSON' }];
    return { ok: false, response: problem('bad-request', 'the body is not JSON', { errors }) };
  }
  const read = schema.safeParse(value);
  return read.success ? { ok: true, value: read.data } : { ok: false, response: notAsDescribed(read.error) };
}

/** Where, and what was expected: never what was there, which may be a place. */
export function placesOf(error: z.ZodError): ProblemPlace[] {
  return error.issues.slice(0, 20).map(({ path, message }) => ({ path: path.join('.'), message }));
}

function notAsDescribed(error: z.ZodError): FastResponse {
  const errors = placesOf(error);
  const [first] = errors;
  return problem('bad-request', `${first?.path || 'body'}: ${first?.message ?? 'not as described'}`, {
    errors,
  });
}

function refused({ code, message }: ProvisionRefusal): FastResponse {
  const path = code === 'identifier-taken' ? 'identifiers' : code === 'outside-area' ? 'shape' : '';
  return problem(code, message, { errors: [{ path, message }] });
}

function noSuchDevice(): FastResponse {
  return problem('not-found', 'no such device');
}

function notAllowed(allow: string): FastResponse {
  return problem('method-not-allowed', `this path has ${allow}`, { headers: { allow } });
}

function idOf(encoded: string): string | undefined {
  try {
    const id = decodeURIComponent(encoded);
    return idSchema.safeParse(id).success ? id : undefined;
  } catch {
    return undefined;
  }
}

function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): FastResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(value),
  };
}
