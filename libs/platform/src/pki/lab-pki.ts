import { X509Certificate, createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { chmod, mkdir, open, readFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@esinet/kernel';
import { certificatesIn } from '@esinet/sip';
import type { X509Certificate as WrittenCertificate } from '@peculiar/x509';
import { PkiError, checkName } from './pki-error.js';
import { readTlsMaterial } from './tls-material.js';
import type { TlsOptions } from './tls-options.js';
import { x509Library } from './x509.js';

/** Days a certificate of the lab is good for; the CA's ten years. */
export const leafDays = 398;
export const caDays = 3_650;
/** A certificate with fewer days left is made anew. */
export const renewDays = 30;

const dayMs = 86_400_000;
/** Certificates are valid from an hour ago, so that a clock that is behind accepts them. */
const backdateMs = 3_600_000;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const serverAuth = '1.3.6.1.5.5.7.3.1';
const clientAuth = '1.3.6.1.5.5.7.3.2';

/** One element's certificate. */
export interface LeafName {
  readonly name: string;
  /** RFC 5922 7.1: the SIP domain it stands for, as the URI `sip:domain`. */
  readonly domain: string;
}

/** The elements of the lab and the SIP domains they answer for. */
export const labNames: readonly LeafName[] = [
  { name: 'bcf', domain: 'esinet.lab' },
  { name: 'esrp', domain: 'esrp.esinet.lab' },
  { name: 'ecrf', domain: 'ecrf.esinet.lab' },
  { name: 'lis', domain: 'lis.esinet.lab' },
  { name: 'psap', domain: 'psap.esinet.internal' },
  { name: 'provider', domain: 'provider.lab' },
  { name: 'app', domain: 'app.lab' },
  { name: 'handover', domain: 'handover.esinet.lab' },
];

export interface CertificateSummary {
  readonly name: string;
  /** `URI:sip:esinet.lab, DNS:localhost, …` */
  readonly subjectAltName: string;
  readonly notAfter: Date;
  readonly daysLeft: number;
  /** SHA-256, hex with colons. */
  readonly fingerprint: string;
}

/**
 * Makes the lab's certificate authority and one P-256 certificate per element in `folder`, each as `name.key.pem` (mode
 * 0600) and `name.cert.pem`. What is there and good for `renewDays` more is left alone; a certificate that the present
 * CA did not sign is made anew.
 *
 * @returns the names of what was made
 * @throws PkiError when the folder cannot be written or holds something else
 */
export async function ensureLabPki(o: {
  readonly folder: string;
  readonly names?: readonly LeafName[];
  /** Milliseconds since 1970; the present time when not given. */
  readonly now?: number;
}): Promise<string[]> {
  const now = o.now ?? Date.now();
  const made: string[] = [];
  try {
    await mkdir(o.folder, { recursive: true, mode: 0o700 });
    let ca = await readPair(o.folder, 'ca');
    if (!ca || daysLeft(ca.cert, now) < renewDays || !ca.cert.ca) {
      ca = await makeCa(o.folder, now);
      made.push('ca');
    }
    for (const leaf of o.names ?? labNames) {
      checkName(leaf.name);
      const present = await readPair(o.folder, leaf.name);
      if (present && isGood(present, ca.cert, leaf, now)) continue;
      await makeLeaf(o.folder, leaf, ca, now);
      made.push(leaf.name);
    }
  } catch (error) {
    if (error instanceof PkiError) throw error;
    throw new PkiError(`certificates in ${o.folder}: ${messageOf(error)}`, { cause: error });
  }
  return made;
}

/** All certificates of a folder, the CA first, then by name. Files that are none are left out. */
export async function listPki(folder: string, now = Date.now()): Promise<CertificateSummary[]> {
  const files = await readdir(folder).catch(() => []);
  const found: CertificateSummary[] = [];
  for (const file of files.sort()) {
    if (!file.endsWith('.cert.pem')) continue;
    const cert = await readFile(join(folder, file)).then(parsed, () => undefined);
    if (!cert) continue;
    found.push({
      name: file.slice(0, -'.cert.pem'.length),
      subjectAltName: cert.subjectAltName ?? '',
      notAfter: new Date(cert.validTo),
      daysLeft: daysLeft(cert, now),
      fingerprint: cert.fingerprint256,
    });
  }
  return found.sort((a, b) => Number(b.name === 'ca') - Number(a.name === 'ca'));
}

/**
 * What TLS needs of one element. `trust` are files of further authorities, whose certificates peers may show.
 *
 * @throws PkiError that names the missing file and what makes it
 */
export function loadTls(folder: string, name: string, trust: readonly string[] = []): Promise<TlsOptions> {
  return readTlsMaterial({ folder, name, trust });
}

/** SHA-256 fingerprints, upper case hex with colons, of the certificates in a PEM text. */
export function fingerprintsOf(pem: string): string[] {
  return certificatesIn(pem).map(({ fingerprint256 }) => fingerprint256);
}

interface Pair {
  readonly cert: X509Certificate;
  readonly certPem: string;
  readonly keyPem: string;
}

async function readPair(folder: string, name: string): Promise<Pair | undefined> {
  try {
    const certPem = await readFile(join(folder, `${name}.cert.pem`), 'utf8');
    const keyPem = await readFile(join(folder, `${name}.key.pem`), 'utf8');
    const cert = new X509Certificate(certPem);
    if (!cert.checkPrivateKey(createPrivateKey(keyPem))) return undefined;
    await chmod(join(folder, `${name}.key.pem`), 0o600);
    return { cert, certPem, keyPem };
  } catch {
    // Missing, cut off or foreign: it is made anew.
    return undefined;
  }
}

function isGood(pair: Pair, ca: X509Certificate, leaf: LeafName, now: number): boolean {
  const names = pair.cert.subjectAltName?.split(', ') ?? [];
  return (
    daysLeft(pair.cert, now) >= renewDays &&
    new Date(pair.cert.validFrom).getTime() <= now &&
    pair.cert.checkIssued(ca) &&
    pair.cert.verify(ca.publicKey) &&
    names.includes(`URI:sip:${leaf.domain}`)
  );
}

async function makeCa(folder: string, now: number): Promise<Pair> {
  const x509 = await x509Library();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      // Unlike the name of an earlier CA: a certificate of that one is not mistaken for one of this.
      name: `CN=ESInet lab CA ${randomBytes(4).toString('hex')}`,
      notBefore: new Date(now - backdateMs),
      notAfter: new Date(now + caDays * dayMs),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return write(folder, 'ca', certificate, keys.privateKey);
}

async function makeLeaf(folder: string, leaf: LeafName, ca: Pair, now: number): Promise<void> {
  const x509 = await x509Library();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const der = x509.PemConverter.decodeFirst(ca.keyPem);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  const issuer = new x509.X509Certificate(ca.certPem);
  const notAfter = Math.min(now + leafDays * dayMs, issuer.notAfter.getTime());
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: `CN=${leaf.name}.esinet.lab`,
      issuer: issuer.subject,
      notBefore: new Date(now - backdateMs),
      notAfter: new Date(notAfter),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        // RFC 5924: an element is server and client of its peers.
        new x509.ExtendedKeyUsageExtension([serverAuth, clientAuth], false),
        new x509.SubjectAlternativeNameExtension(
          [
            { type: 'url', value: `sip:${leaf.domain}` },
            ...[...new Set([leaf.domain, `${leaf.name}.esinet.lab`, 'localhost'])].map(
              (value) => ({ type: 'dns', value }) as const,
            ),
            { type: 'ip', value: '127.0.0.1' },
          ],
          false,
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  await write(folder, leaf.name, certificate, keys.privateKey);
}

async function write(
  folder: string,
  name: string,
  certificate: WrittenCertificate,
  key: webcrypto.CryptoKey,
): Promise<Pair> {
  const { PemConverter } = await x509Library();
  const keyPem = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY') + '\n';
  const certPem = certificate.toString('pem') + '\n';
  await writeWhole(join(folder, `${name}.key.pem`), keyPem, 0o600);
  await writeWhole(join(folder, `${name}.cert.pem`), certPem, 0o644);
  return { cert: new X509Certificate(certPem), certPem, keyPem };
}

/** Readers see the old file or the new one, never half of it. */
async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const aside = `${file}.${randomBytes(4).toString('hex')}`;
  const handle = await open(aside, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(aside, file);
}

/** RFC 5280 4.1.2.2: positive, at most 20 octets. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function daysLeft(cert: X509Certificate, now: number): number {
  return Math.floor((new Date(cert.validTo).getTime() - now) / dayMs);
}

function parsed(pem: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
