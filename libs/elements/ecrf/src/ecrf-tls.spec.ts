import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LostRequest, httpLostClient } from '@esinet/lost';
import { type RunningElement, type TlsOptions, ensureLabPki, loadTls } from '@esinet/platform';
import { nameServer } from '@esinet/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ecrfConfigSchema } from './ecrf-config.js';
import { startEcrf } from './start-ecrf.js';

let folder: string;
let own: TlsOptions;
let peer: TlsOptions;
let stranger: TlsOptions;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'esinet-ecrf-tls-'));
  await ensureLabPki({ folder });
  const other = join(folder, 'other');
  await ensureLabPki({ folder: other });
  own = await loadTls(folder, 'ecrf');
  peer = await loadTls(folder, 'esrp');
  stranger = await loadTls(other, 'esrp');
  const coordinates = [
    [
      [-4, 40],
      [-3, 40],
      [-3, 41],
      [-4, 41],
      [-4, 40],
    ],
  ];
  for (const [file, properties] of [
    ['own.geojson', { ServiceURI: 'sip:madrid@psap.lab' }],
    ['coverage.geojson', { LostServer: 'ecrf.far.lab' }],
  ] as const) {
    const feature = {
      type: 'Feature',
      properties: { NGUID: 'madrid', ServiceURN: 'urn:service:sos', ...properties },
      geometry: { type: 'Polygon', coordinates },
    };
    writeFileSync(join(folder, file), JSON.stringify({ type: 'FeatureCollection', features: [feature] }));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(config: object, tls: TlsOptions | undefined = own): Promise<RunningElement> {
  const parsed = ecrfConfigSchema.parse({
    http: { port: 0 },
    source: 'ecrf.far.lab',
    boundaries: [join(folder, 'own.geojson')],
    ...config,
  });
  const ecrf = await startEcrf(parsed, {}, tls ? { tls } : {});
  closing.push(() => ecrf.close());
  return ecrf;
}

const request: LostRequest = {
  type: 'findService',
  locations: [{ id: 'a', profile: 'geodetic-2d', shape: { type: 'point', position: [-3.7, 40.4] } }],
  service: 'urn:service:sos',
  recursive: true,
  validateLocation: false,
  serviceBoundary: 'value',
  path: [],
};

async function outcome(url: string, tls?: Partial<TlsOptions>): Promise<string> {
  const client = httpLostClient({ url, timeoutMs: 5_000, ...(tls ? { tls } : {}) });
  closing.push(() => client.close());
  const asked = await client.ask(request);
  return asked.ok ? asked.value.type : asked.error.code;
}

it(
  'answers over TLS who shows a certificate, refuses who shows none or one of another authority',
  { meta: { clause: ['RFC 5222 14', 'RFC 5222 18'] } },
  async () => {
    const ecrf = await start({ tls: { port: 0, clientCertificate: 'required' } });
    const url = `https://localhost:${ecrf.secure?.port}/lost`;
    expect(await outcome(url, peer)).toBe('findServiceResponse');
    expect(await outcome(url, { ca: own.ca })).toBe('unreachable');
    expect(await outcome(url, { ...stranger, ca: own.ca })).toBe('unreachable');
    // The client does not believe a server of an authority it does not know.
    expect(await outcome(url, stranger)).toBe('unreachable');
    // Plain HTTP has the probes, and no LoST.
    const plain = `http://127.0.0.1:${ecrf.http.port}`;
    expect(await outcome(`${plain}/lost`)).toBe('http');
    expect((await fetch(`${plain}/livez`)).status).toBe(200);
  },
);

it('serves whom it asked in vain for a certificate, on one port with plain HTTP if it shall', async () => {
  const ecrf = await start({ http: { port: 0 }, tls: { clientCertificate: 'asked', only: false } });
  const { port } = ecrf.http;
  expect(ecrf.secure?.port).toBe(port);
  expect(await outcome(`https://localhost:${port}/lost`, { ca: own.ca })).toBe('findServiceResponse');
  expect(await outcome(`https://localhost:${port}/lost`, peer)).toBe('findServiceResponse');
  expect(await outcome(`http://127.0.0.1:${port}/lost`)).toBe('findServiceResponse');
});

it('takes its certificate from the configuration, and does not start without one', async () => {
  const { cert, key, ca } = peer;
  const ecrf = await start({ tls: { port: 0, cert, key, ca, clientCertificate: 'none' } }, undefined);
  expect(await outcome(`https://localhost:${ecrf.secure?.port}/lost`, { ca })).toBe('findServiceResponse');
  const tls = { port: 0 };
  const config = ecrfConfigSchema.parse({ http: { port: 0 }, boundaries: ['x'], tls });
  await expect(startEcrf(config, {})).rejects.toThrow('ecrf.tls has no certificate; set ecrf.tls.certFile');
  expect(ecrfConfigSchema.safeParse({ tls: { cert } }).success).toBe(false);
  expect(ecrfConfigSchema.safeParse({ tls: { cert: 'cert.pem', key } }).success).toBe(false);
});

it(
  'finds the responsible server by U-NAPTR and shows it its certificate',
  { meta: { clause: ['RFC 5222 4', 'RFC 4848 4'] } },
  async () => {
    const far = await start({ tls: { port: 0, clientCertificate: 'required' } });
    const dns = await nameServer({
      'naptr ecrf.far.lab': {
        naptr: [
          { service: 'LoST:http', regexp: `!.*!http://far.lab:${far.http.port}/lost!` },
          {
            service: 'LoST:https',
            regexp: `!.*!https://ecrf.esinet.lab:${far.secure?.port}/lost!`,
            order: 200,
          },
        ],
      },
      'a ecrf.esinet.lab': { a: '127.0.0.1' },
    });
    closing.push(() => dns.close());
    const discovery = { nameServers: [dns.address], innerAddresses: true };
    const near = (more: object): object => ({
      source: 'fg.lab',
      boundaries: [],
      coverage: [join(folder, 'coverage.geojson')],
      discovery: { ...discovery, ...more },
    });
    const guide = await start(near({}), peer);
    const url = `http://127.0.0.1:${guide.http.port}/lost`;
    expect(await outcome(url)).toBe('findServiceResponse');
    expect(dns.asked.filter((question) => question.startsWith('naptr'))).toEqual(['naptr ecrf.far.lab']);
    // What a stranger writes into the DNS does not make us call our own machine, unless we say so.
    const careful = await start(near({ innerAddresses: false }), peer);
    expect(await outcome(`http://127.0.0.1:${careful.http.port}/lost`)).toBe('errors');
  },
);
