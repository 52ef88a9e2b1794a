import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { httpExchange } from '@esinet/kernel';
import { type RunningElement, type TlsOptions, ensureLabPki, loadTls } from '@esinet/platform';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { lisConfigSchema } from './lis-config.js';
import { startLis } from './start-lis.js';

let folder: string;
let own: TlsOptions;
let peer: TlsOptions;
let stranger: TlsOptions;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'esinet-lis-tls-'));
  await ensureLabPki({ folder });
  const other = join(folder, 'other');
  await ensureLabPki({ folder: other });
  own = await loadTls(folder, 'lis');
  peer = await loadTls(folder, 'esrp');
  stranger = await loadTls(other, 'esrp');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(tls: object): Promise<RunningElement> {
  const devices = [
    {
      id: 'one',
      identifiers: ['uri:sip:one@provider.lab'],
      shape: { type: 'point', position: [-3.7, 40.4] },
    },
  ];
  const config = lisConfigSchema.parse({ http: { port: 0 }, devices, tls: { port: 0, ...tls } });
  const lis = await startLis(config, {}, { tls: own });
  closing.push(() => lis.close());
  return lis;
}

const REQUEST =
  '<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held"><locationType exact="true">locationURI</locationType>' +
  '<device xmlns="urn:ietf:params:xml:ns:geopriv:held:id"><uri>sip:one@provider.lab</uri></device></locationRequest>';

async function ask(lis: RunningElement, tls: Partial<TlsOptions>): Promise<string> {
  const agent = new Agent(tls);
  closing.push(() => agent.destroy());
  const answer = await httpExchange({
    method: 'POST',
    url: `https://localhost:${lis.secure?.port}/held`,
    headers: { 'content-type': 'application/held+xml' },
    body: REQUEST,
    timeoutMs: 5_000,
    maxBytes: 65_536,
    agent,
  });
  return answer.ok ? answer.value.body.toString() : answer.error.code;
}

it(
  'answers over TLS who shows a certificate, refuses who shows none or one of another authority',
  { meta: { clause: ['RFC 5985 8', 'RFC 6753 4'] } },
  async () => {
    const lis = await start({ clientCertificate: 'required' });
    // Location URIs lead to where they can be dereferenced safely.
    expect(await ask(lis, peer)).toContain(`https://127.0.0.1:${lis.secure?.port}/`);
    expect(await ask(lis, { ca: own.ca })).toBe('unreachable');
    expect(await ask(lis, { ...stranger, ca: own.ca })).toBe('unreachable');
    expect(await ask(lis, stranger)).toBe('unreachable');
    const plain = `http://127.0.0.1:${lis.http.port}`;
    expect((await fetch(`${plain}/held`, { method: 'POST', body: REQUEST })).status).toBe(404);
    expect((await fetch(`${plain}/livez`)).status).toBe(200);
  },
);

it('serves whom it asked in vain for a certificate', { meta: { clause: 'RFC 5985 8' } }, async () => {
  const lis = await start({ clientCertificate: 'asked' });
  expect(await ask(lis, { ca: own.ca })).toContain('https://');
});
