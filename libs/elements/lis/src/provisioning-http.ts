import type { FastRequest, FastResponse } from '@esinet/platform';
import type { Device } from './device.js';
import { deviceOf, provisionSchema } from './device-schema.js';
import type { Lis } from './lis.js';

const DEVICES = '/devices/';
const MAX_ID = 128;

/** `GET /devices`, `GET|PUT|DELETE /devices/{id}`: JSON, for the configured provisioners only. */
export function provisioning(lis: Lis, request: FastRequest): FastResponse {
  if (!lis.provisioners.has({ address: request.remoteAddress, names: request.clientNames })) return json(403);
  if (request.path === '/devices' || request.path === DEVICES) {
    if (request.method !== 'GET') return { ...json(405), headers: { allow: 'GET' } };
    return json(200, lis.devices.list().map(shown));
  }
  const id = idOf(request.path);
  if (id === undefined) return json(404);
  switch (request.method) {
    case 'GET': {
      const device = lis.devices.get(id);
      return device ? json(200, shown(device)) : json(404);
    }
    case 'PUT':
      return put(lis, id, request);
    case 'DELETE':
      return lis.devices.delete(id) ? json(204) : json(404);
    default:
      return { ...json(405), headers: { allow: 'GET, PUT, DELETE' } };
  }
}

function put(lis: Lis, id: string, request: FastRequest): FastResponse {
  // A page in somebody's browser could send any other type without asking first.
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') return json(415);
  let value: unknown;
  try {
    value = JSON.parse(request.body.toString('utf8'));
  } catch {
    return json(400, { errors: [{ path: '', message: 'not JSON' }] });
  }
  const read = provisionSchema.safeParse(value);
  if (!read.success) {
    const errors = read.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
    return json(400, { errors });
  }
  const isNew = lis.devices.get(id) === undefined;
  const device = deviceOf(id, read.data);
  const problem = lis.devices.put(device);
  if (problem === 'identifier-taken')
    return json(409, { errors: [{ path: 'identifiers', message: problem }] });
  if (problem) return json(507, { errors: [{ path: '', message: problem }] });
  return json(isNew ? 201 : 200, shown(device));
}

function shown(device: Device): unknown {
  const { civic, expires, ...rest } = device;
  return {
    ...rest,
    ...(civic ? { civic: Object.fromEntries(civic.elements.map((e) => [e.name, e.value])) } : {}),
    ...(expires === undefined ? {} : { expires: new Date(expires).toISOString() }),
  };
}

function idOf(path: string): string | undefined {
  try {
    const id = decodeURIComponent(path.slice(DEVICES.length));
    return id !== '' && id.length <= MAX_ID ? id : undefined;
  } catch {
    return undefined;
  }
}

function json(status: number, value?: unknown): FastResponse {
  if (value === undefined) return { status };
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(value),
  };
}
