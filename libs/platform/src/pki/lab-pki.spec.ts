import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TLSSocket, connect, createServer } from 'node:tls';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensureLabPki, listPki, loadTls } from './lab-pki.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pki-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const everything = ['ca', 'bcf', 'esrp', 'ecrf', 'lis', 'psap', 'provider', 'app', 'handover'];

it('makes a CA and a certificate per element, once', { meta: { clause: 'RFC 5922 7.1' } }, async () => {
  expect(await ensureLabPki({ folder })).toEqual(everything);
  const before = readFileSync(join(folder, 'bcf.cert.pem'), 'utf8');
  expect(await ensureLabPki({ folder })).toEqual([]);
  expect(readFileSync(join(folder, 'bcf.cert.pem'), 'utf8')).toBe(before);

  const [ca, ...leaves] = await listPki(folder);
  expect(ca).toMatchObject({ name: 'ca', daysLeft: 3_650 - (ca?.daysLeft === 3_649 ? 1 : 0) });
  expect(leaves.map((leaf) => leaf.name)).toEqual(everything.slice(1).sort());
  const names = Object.fromEntries(leaves.map((leaf) => [leaf.name, leaf.subjectAltName.split(', ')]));
  expect(names['bcf']).toEqual([
    'URI:sip:esinet.lab',
    'DNS:esinet.lab',
    'DNS:bcf.esinet.lab',
    'DNS:localhost',
    'IP Address:127.0.0.1',
  ]);
  expect(names['provider']).toContain('URI:sip:provider.lab');
  for (const leaf of leaves) {
    expect(leaf.daysLeft).toBeGreaterThanOrEqual(397);
    const cert = new X509Certificate(readFileSync(join(folder, `${leaf.name}.cert.pem`)));
    expect(cert.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(cert.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(cert.ca).toBe(false);
    expect(statSync(join(folder, `${leaf.name}.key.pem`)).mode & 0o777).toBe(0o600);
  }
  expect(readdirSync(folder)).toHaveLength(18);
});

it('renews what expires within 30 days, and everything when the CA is new', async () => {
  const now = Date.now();
  await ensureLabPki({ folder });
  const dayMs = 86_400_000;
  expect(await ensureLabPki({ folder, now: now + 367 * dayMs })).toEqual([]);
  expect(await ensureLabPki({ folder, now: now + 369 * dayMs })).toEqual(everything.slice(1));
  rmSync(join(folder, 'ca.key.pem'));
  expect(await ensureLabPki({ folder, now })).toEqual(everything);
});

it('makes anew what is damaged, changed or not its own', async () => {
  await ensureLabPki({ folder });
  writeFileSync(join(folder, 'bcf.cert.pem'), 'garbage');
  writeFileSync(join(folder, 'esrp.key.pem'), readFileSync(join(folder, 'lis.key.pem')));
  const names = [
    { name: 'bcf', domain: 'esinet.lab' },
    { name: 'esrp', domain: 'esrp.esinet.lab' },
    { name: 'lis', domain: 'other.lab' },
    { name: 'psap', domain: 'psap.esinet.internal' },
  ];
  expect(await ensureLabPki({ folder, names })).toEqual(['bcf', 'esrp', 'lis']);
  await expect(ensureLabPki({ folder, names: [{ name: '../x', domain: 'x' }] })).rejects.toThrow(
    'no element',
  );
});

it('says which file is missing, foreign or not PEM', async () => {
  await expect(loadTls(folder, 'bcf')).rejects.toThrow('run "esinet pki" to make it');
  await ensureLabPki({ folder });
  await loadTls(folder, 'bcf');
  writeFileSync(join(folder, 'bcf.key.pem'), readFileSync(join(folder, 'lis.key.pem')));
  await expect(loadTls(folder, 'bcf')).rejects.toThrow('is not the key of');
  writeFileSync(join(folder, 'bcf.key.pem'), 'garbage');
  await expect(loadTls(folder, 'bcf')).rejects.toThrow('is no PEM file');
});

it('serves mutual TLS between two elements, and refuses a stranger', async () => {
  await ensureLabPki({ folder });
  const other = join(folder, 'other');
  await ensureLabPki({ folder: other });
  const bcf = await loadTls(folder, 'bcf');
  const server = createServer({ ...bcf, requestCert: true, rejectUnauthorized: true });
  const seen = new Promise<string | undefined>((resolve) => {
    server.on('secureConnection', (socket: TLSSocket) => {
      resolve(socket.getPeerCertificate().subjectaltname);
      socket.end('hello');
    });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const talk = (tls: object): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({ ...tls, host: '127.0.0.1', port, servername: 'esinet.lab' });
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('error', (error) => resolve(error.message));
      socket.on('close', () => resolve(text));
    });
  expect(await talk(await loadTls(folder, 'provider'))).toBe('hello');
  expect(await seen).toContain('URI:sip:provider.lab');
  const stranger = await loadTls(other, 'provider');
  expect(await talk({ ...stranger, ca: bcf.ca })).not.toBe('hello');
  expect(await talk({ ca: stranger.ca })).not.toBe('hello');
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

const openssl = ['/usr/bin/openssl', '/usr/local/bin/openssl'].find((path) => {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
});

it.skipIf(!openssl)('openssl finds nothing wrong with them', async () => {
  await ensureLabPki({ folder });
  for (const purpose of ['sslserver', 'sslclient']) {
    for (const { name } of (await listPki(folder)).slice(1)) {
      const file = join(folder, `${name}.cert.pem`);
      const args = [
        'verify',
        '-x509_strict',
        '-purpose',
        purpose,
        '-CAfile',
        join(folder, 'ca.cert.pem'),
        file,
      ];
      expect(execFileSync(openssl ?? '', args, { encoding: 'utf8' })).toBe(`${file}: OK\n`);
    }
  }
});
