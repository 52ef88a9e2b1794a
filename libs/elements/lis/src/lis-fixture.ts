import {
  type DeviceIdentity,
  type LocationRequest,
  type LocationResponse,
  httpHeldClient,
  readHeldAnswer,
  writeHeldRequest,
} from '@esinet/held';
import { silentLogger } from '@esinet/kernel';
import { type PidfLo, readPidfLo } from '@esinet/location';
import type { RunningElement } from '@esinet/platform';
import { expect, onTestFinished } from 'vitest';
import { lisConfigSchema } from './lis-config.js';
import { startLis } from './start-lis.js';

/** What is to be ended with the test, the last first. */
export const closing = {
  push(close: () => unknown): void {
    onTestFinished(async () => void (await close()));
  },
};

export const devices = [
  {
    id: 'here',
    identifiers: ['ip:127.0.0.1', 'uri:sip:caller1@provider.lab'],
    shape: { type: 'circle', center: [-3.7038, 40.4168], radius: 30 },
    civic: { country: 'ES', A1: 'Madrid' },
    method: 'Wiremap',
  },
  { identifiers: ['uri:sip:caller2@provider.lab'], shape: { type: 'point', position: [2.17, 41.38] } },
  {
    identifiers: ['uri:sip:slow@provider.lab'],
    shape: { type: 'point', position: [2.17, 41.38] },
    delayMs: 5_000,
  },
];

/** A LIS on a free port with these devices. */
export async function start(config: object = {}, platform: object = {}): Promise<RunningElement> {
  const lis = await startLis(lisConfigSchema.parse({ http: { port: 0 }, sip: null, devices, ...config }), {
    logger: silentLogger,
    ...platform,
  });
  closing.push(() => lis.close());
  return lis;
}

export const urlOf = (lis: RunningElement, path = '/held'): string =>
  `http://127.0.0.1:${lis.http.port}${path}`;

export function clientOf(lis: RunningElement) {
  const client = httpHeldClient({ url: urlOf(lis), allowedHosts: [`127.0.0.1:${lis.http.port}`] });
  closing.push(() => client.close());
  return client;
}

export function question(more: Partial<LocationRequest> = {}): LocationRequest {
  return { type: 'locationRequest', locationTypes: ['any'], exact: false, device: [], ...more };
}

export const caller = (name: string): DeviceIdentity[] => [
  { kind: 'uri', value: `sip:${name}@provider.lab` },
];

export function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/held+xml', ...headers },
  });
}

export async function codeOf(response: Response): Promise<string> {
  expect(response.status).toBe(200);
  const read = readHeldAnswer(await response.text());
  return read.ok && read.value.type === 'error' ? read.value.code : 'location';
}

/** The answer to a question, or the code of the HELD error. */
export async function asked(
  lis: RunningElement,
  more: Partial<LocationRequest> = {},
): Promise<LocationResponse> {
  const response = await post(urlOf(lis), writeHeldRequest(question(more)));
  const read = readHeldAnswer(await response.text());
  if (!read.ok || read.value.type === 'error')
    throw new Error(read.ok && read.value.type === 'error' ? read.value.code : 'no HELD');
  return read.value;
}

/** A new location URI of a device. */
export async function reference(
  lis: RunningElement,
  more: Partial<LocationRequest> = {},
): Promise<LocationResponse & { uri: string }> {
  const answer = await asked(lis, { locationTypes: ['locationURI'], exact: true, ...more });
  return { ...answer, uri: answer.locationUris?.[0] ?? '' };
}

/** The place behind a location URI; undefined: 404. */
export async function placeAt(uri: string): Promise<PidfLo | undefined> {
  const response = await fetch(uri, { headers: { accept: 'application/pidf+xml' } });
  const text = await response.text();
  if (response.status === 404) {
    expect(text).toBe('');
    return undefined;
  }
  expect(response.status).toBe(200);
  const read = readPidfLo(text);
  if (!read.ok) throw new Error(read.error.code);
  return read.value;
}

export function api(
  lis: RunningElement,
  method: string,
  path: string,
  body?: unknown,
  type = 'application/json',
): Promise<Response> {
  return fetch(urlOf(lis, path), {
    method,
    ...(body === undefined
      ? {}
      : {
          body: typeof body === 'string' ? body : JSON.stringify(body),
          headers: { 'content-type': type },
        }),
  });
}
