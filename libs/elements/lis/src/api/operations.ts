import type { z } from 'zod';
import { idSchema, provisionSchema, deviceSchema } from '../device-schema.js';
import { placeSchema } from '../place-schema.js';
import type { ProblemCode } from './problem.js';
import { devicesQuery, devicesSchema, loadQuery, loadReportSchema, locationUrisSchema } from './schemas.js';

export interface Operation {
  readonly method: 'get' | 'put' | 'post' | 'delete';
  readonly path: string;
  readonly id: string;
  readonly tag: 'devices' | 'location URIs' | 'load' | 'about';
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: Readonly<Record<string, z.ZodType>>;
  readonly query?: z.ZodObject;
  /** By content type; a text where there is no schema. */
  readonly body?: Readonly<Record<string, z.ZodType | 'text'>>;
  readonly answers: Readonly<Record<number, { readonly description: string; readonly schema?: z.ZodType }>>;
  readonly problems: readonly ProblemCode[];
  /** What follows `curl -s`. */
  readonly curl: string;
}

const device = { id: idSchema };
const base = 'http://127.0.0.1:15985/api';
const json = `-H 'content-type: application/json'`;
const every: readonly ProblemCode[] = ['not-allowed'];
const written: readonly ProblemCode[] = [
  ...every,
  'bad-request',
  'too-long',
  'unsupported-media-type',
  'not-stored',
];

/** The provisioning interface: what `api/devices-http.ts` and `api/load.controller.ts` serve. */
export const operations: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/devices',
    id: 'listDevices',
    tag: 'devices',
    summary: 'Devices, or the one with an identifier',
    query: devicesQuery,
    answers: { 200: { description: 'In the order in which they came', schema: devicesSchema } },
    problems: [...every, 'bad-request'],
    curl: `'${base}/devices?identifier=uri:sip:caller1@provider.lab'`,
  },
  {
    method: 'get',
    path: '/api/devices/{id}',
    id: 'getDevice',
    tag: 'devices',
    summary: 'A device and where it is',
    parameters: device,
    answers: { 200: { description: 'The device', schema: deviceSchema } },
    problems: [...every, 'not-found'],
    curl: `${base}/devices/van-1`,
  },
  {
    method: 'put',
    path: '/api/devices/{id}',
    id: 'putDevice',
    tag: 'devices',
    summary: 'Makes a device or puts it in the place of what was known of it',
    description:
      'Positions are longitude, latitude. With `lis.keepDevices` it is on disk when the answer comes. Its location URIs stay good.',
    parameters: device,
    body: { 'application/json': provisionSchema },
    answers: {
      200: { description: 'It was known', schema: deviceSchema },
      201: { description: 'It is new', schema: deviceSchema },
    },
    problems: [...written, 'identifier-taken', 'outside-area', 'too-many-devices'],
    curl: `-X PUT ${base}/devices/van-1 ${json} -d '{"identifiers":["uri:sip:van1@provider.lab"],"shape":{"type":"circle","center":[-3.7038,40.4168],"radius":30},"confidence":90}'`,
  },
  {
    method: 'delete',
    path: '/api/devices/{id}',
    id: 'deleteDevice',
    tag: 'devices',
    summary: 'Forgets a device; its location URIs are void',
    parameters: device,
    answers: { 204: { description: 'Done' } },
    problems: [...every, 'not-found', 'not-stored'],
    curl: `-X DELETE ${base}/devices/van-1`,
  },
  {
    method: 'get',
    path: '/api/devices/{id}/position',
    id: 'getPosition',
    tag: 'devices',
    summary: 'Where a device is: its first place',
    parameters: device,
    answers: { 200: { description: 'The place', schema: placeSchema } },
    problems: [...every, 'not-found'],
    curl: `${base}/devices/van-1/position`,
  },
  {
    method: 'put',
    path: '/api/devices/{id}/position',
    id: 'putPosition',
    tag: 'devices',
    summary: 'Moves a device',
    description: 'In the place of its first place; identifiers and alternatives stay. Meant to come often.',
    parameters: device,
    body: { 'application/json': placeSchema },
    answers: { 204: { description: 'Done' } },
    problems: [...written, 'not-found', 'outside-area'],
    curl: `-X PUT ${base}/devices/van-1/position ${json} -d '{"shape":{"type":"point","position":[-3.7,40.42]},"method":"GPS","ttl":60}'`,
  },
  {
    method: 'get',
    path: '/api/devices/{id}/location-uris',
    id: 'listLocationUris',
    tag: 'location URIs',
    summary: 'Location URIs of a device that this process gave out, without what opens them',
    parameters: device,
    answers: { 200: { description: 'Oldest first', schema: locationUrisSchema } },
    problems: [...every, 'not-found'],
    curl: `${base}/devices/van-1/location-uris`,
  },
  {
    method: 'delete',
    path: '/api/devices/{id}/location-uris',
    id: 'revokeLocationUris',
    tag: 'location URIs',
    summary: 'Makes all location URIs of a device void',
    parameters: device,
    answers: { 204: { description: 'Done' } },
    problems: [...every, 'not-found', 'not-stored'],
    curl: `-X DELETE ${base}/devices/van-1/location-uris`,
  },
  {
    method: 'delete',
    path: '/api/devices/{id}/location-uris/{uri}',
    id: 'revokeLocationUri',
    tag: 'location URIs',
    summary: 'Makes one location URI void',
    parameters: { ...device, uri: idSchema },
    answers: { 204: { description: 'Done' } },
    problems: [...every, 'not-found'],
    curl: `-X DELETE ${base}/devices/van-1/location-uris/ID`,
  },
  {
    method: 'post',
    path: '/api/load',
    id: 'loadDevices',
    tag: 'load',
    summary: 'Many devices in one request',
    description:
      'One JSON object a line, or CSV with a head: `id`, `identifiers` (blanks between), `lat`, `lon`, `radius` or `shape` (JSON), `civic.country`, `civic.A1` …, `method`, `timestamp`, `expires`, `ttl`, `confidence`, `pdf`, `retransmissionAllowed`, `providedBy`, `delayMs`. Devices are put one after the other, those that are not named stay. Other changes wait until it is done.',
    query: loadQuery,
    body: { 'application/x-ndjson': 'text', 'text/csv': 'text' },
    answers: { 200: { description: 'What was done, or with dryRun would be', schema: loadReportSchema } },
    problems: [...written, 'load-refused', 'too-many-devices', 'busy'],
    curl: `-X POST '${base}/load?mode=partial' -H 'content-type: text/csv' --data-binary @devices.csv`,
  },
  {
    method: 'get',
    path: '/api/problems',
    id: 'listProblems',
    tag: 'about',
    summary: 'What can go wrong, by code',
    answers: { 200: { description: 'By code: status, title, meaning' } },
    problems: [],
    curl: `${base}/problems`,
  },
];
