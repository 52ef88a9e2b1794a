import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { ManualClock, silentLogger } from '@esinet/kernel';
import { type TlsOptions, ensureLabPki, loadTls } from '@esinet/platform';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DataFetchOptions, httpDataFetch } from './data-fetch.js';
import { Lookups, withFindings } from './lookups.js';

const comment =
  '<EmergencyCallData.Comment xmlns="urn:ietf:params:xml:ns:EmergencyCallData:Comment"><Comment>asthma</Comment></EmergencyCallData.Comment>';

let folder: string;
let psap: TlsOptions;
let secure: string;
let plain: string;
const asked: { path: string; who: string | undefined }[] = [];
const servers: Server[] = [];

function port(server: Server): Promise<number> {
  servers.push(server);
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-fetch-'));
  await ensureLabPki({ folder: folder });
  psap = await loadTls(folder, 'psap');
  const other = await loadTls(folder, 'provider');
  const server = createServer({ ...other, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    const certificate = (request.socket as TLSSocket).getPeerCertificate();
    asked.push({ path: request.url ?? '', who: certificate.subjectaltname });
    switch (request.url) {
      case '/redirect':
        return response.writeHead(302, { location: '/comment' }).end();
      case '/hang':
        return;
      case '/long':
        return response.end('x'.repeat(3_000));
      case '/gone':
        return response.writeHead(404).end();
      case '/cap':
        return response.writeHead(200, { 'content-type': 'application/EmergencyCallData.cap+xml' }).end('<alert');
      case '/image':
        return response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from([1, 2, 3]));
      default:
        return response.writeHead(200, { 'content-type': 'application/EmergencyCallData.Comment+xml;charset=utf-8' }).end(comment);
    }
  }); // prettier-ignore
  secure = `127.0.0.1:${await port(server)}`;
  plain = `127.0.0.1:${await port(createHttp((_, response) => response.end(comment)))}`;
});
afterAll(async () => {
  for (const server of servers) {
    if ('closeAllConnections' in server)
      (server as { closeAllConnections: () => void }).closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await rm(folder, { recursive: true, force: true });
});

const options = (o: Partial<DataFetchOptions> = {}): DataFetchOptions => ({
  allowedHosts: [secure],
  plainHosts: [],
  timeoutMs: 500,
  maxBytes: 2_000,
  tls: psap,
  ...o,
});

describe('additional data by reference', () => {
  it(
    'is fetched over TLS, with our own certificate',
    { meta: { clause: ['TS 103 698 6.1.2.7', 'RFC 7852 6.1'], shall: ['6.1.2.7-2', '6.1.2.7-3'] } },
    async () => {
      const found = await httpDataFetch(options())(`https://${secure}/comment`);
      expect(found).toMatchObject({ ok: true, value: { body: Buffer.from(comment) } });
      expect(asked.at(-1)?.who).toContain('URI:sip:psap.esinet.internal');
    },
  );

  it('is not fetched without a certificate, or from whom nobody vouches for', { meta: { clause: 'TS 103 698 6.1.2.7' } }, async () => {
    const { ca } = psap;
    expect(await httpDataFetch(options({ tls: { ca } }))(`https://${secure}/comment`)).toEqual({ ok: false, error: 'unreachable' });
    const { cert, key } = psap;
    expect(await httpDataFetch(options({ tls: { cert, key } }))(`https://${secure}/comment`)).toEqual({ ok: false, error: 'unreachable' });
  }); // prettier-ignore

  const refused: [string, string][] = [
    ['a host that is not on the list', 'https://169.254.169.254/latest/meta-data'],
    ['another port of a host that is', 'https://127.0.0.1:1/x'],
    ['plain HTTP', `http://SECURE/comment`],
    ['a user part that disguises the host', 'https://SECURE@evil.example/'],
    ['a file', 'file:///etc/passwd'],
    ['gopher', 'gopher://SECURE/'],
    ['no URI', 'here'],
    ['a URI without end', `https://SECURE/${'x'.repeat(3_000)}`],
  ];
  it.each(refused)('%s is never asked', { meta: { clause: 'RFC 7852 9' } }, async (_, uri) => {
    const before = asked.length;
    expect(await httpDataFetch(options())(uri.replace('SECURE', secure))).toEqual({
      ok: false,
      error: 'not-allowed',
    });
    expect(asked).toHaveLength(before);
  });

  it(
    'may come without TLS where that is configured',
    { meta: { clause: 'TS 103 698 6.1.2.7' } },
    async () => {
      expect(await httpDataFetch(options({ plainHosts: [plain] }))(`http://${plain}/x`)).toMatchObject({
        ok: true,
      });
      expect(await httpDataFetch(options({ allowedHosts: [plain] }))(`http://${plain}/x`)).toMatchObject({
        ok: false,
        error: 'not-allowed',
      });
    },
  );

  const failures: [string, string][] = [
    ['/redirect', 'http'],
    ['/gone', 'http'],
    ['/long', 'too-large'],
    ['/hang', 'timeout'],
  ];
  it.each(failures)('%s is %s', { meta: { clause: 'RFC 7852 6.1' } }, async (path, error) => {
    expect(await httpDataFetch(options())(`https://${secure}${path}`)).toEqual({ ok: false, error });
    expect(asked.at(-1)?.path).toBe(path);
  });

  it('is read, or kept as it is, and no reference is fetched for every message anew', { meta: { clause: ['RFC 7852 6', 'RFC 8876 7'] } }, async () => {
    const clock = new ManualClock();
    const lookups = new Lookups({ look: undefined, fetch: httpDataFetch(options()), clock, logger: silentLogger, intervalMs: 10_000 });
    const chat = {};
    const message = {
      location: { references: ['https://nobody.example/loc'] },
      dataReferences: ['comment', 'cap', 'image', 'gone'].map((path) => ({ type: 'ProviderInfo', uri: `https://${secure}/${path}` })),
    };
    const wanted = lookups.wanted(chat, message);
    expect(wanted?.locations).toEqual([]);
    const found = await lookups.find(chat, wanted ?? { locations: [], data: [] });
    expect(found.data.map(({ type, fields, problem, document }) => [type, fields[0]?.value, problem, document?.length])).toEqual([
      ['Comment', 'asthma', undefined, expect.any(Number)],
      ['cap', undefined, 'XML: ill-formed', expect.any(Number)],
      ['ProviderInfo', undefined, 'XML: ill-formed', 4],
      ['ProviderInfo', undefined, 'not fetched: http', undefined],
    ]);
    expect(withFindings({ data: [{ type: 'x', source: 'value', fields: [] }] }, found).data).toHaveLength(5);
    expect(lookups.wanted(chat, message)).toBeUndefined();
    expect(lookups.wanted({}, message)?.data).toHaveLength(4);
    clock.advance(10_000);
    expect(lookups.wanted(chat, message)?.data).toHaveLength(4);
  }); // prettier-ignore
});
