import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { TlsOptions } from '@esinet/sip';

const algorithms = {
  'p-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'p-384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  'rsa-1024': rsa(1024),
  'rsa-2048': rsa(2048),
} as const;

function rsa(modulusLength: number) {
  const publicExponent = Uint8Array.of(1, 0, 1);
  return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent, modulusLength };
}

const usages = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2', mail: '1.3.6.1.5.5.7.3.4' };

export interface CertificateWish {
  /** Of the subjectAltName: `URI:sip:provider.lab`, `DNS:provider.lab`, `IP:127.0.0.1`. */
  readonly names: readonly string[];
  readonly key?: keyof typeof algorithms;
  /** Days from now; may be negative. */
  readonly from?: number;
  readonly until?: number;
  readonly usage?: readonly (keyof typeof usages)[];
  /** Signed over a SHA-1 digest. */
  readonly sha1?: boolean;
  /** Common name; `peer` if not given. */
  readonly subject?: string;
  /** It may sign others. */
  readonly authority?: boolean;
}

/** Makes certificates, good and bad, for tests of TLS. */
export interface CertificateAuthority {
  /** Its own certificate, PEM. */
  readonly pem: string;
  /** The certificate with those between it and the root, its key, and the root as `ca`. */
  issue(wish: CertificateWish): Promise<TlsOptions>;
  /** An authority below this one. */
  below(wish?: Pick<CertificateWish, 'key'>): Promise<CertificateAuthority>;
  /** A list of certificates taken back, PEM. */
  revoke(...certificates: readonly string[]): Promise<string>;
}

const dayMs = 86_400_000;
let serial = 1;

/** A certificate authority of its own. */
export async function certificateAuthority(
  name = 'Test authority',
  key: keyof typeof algorithms = 'p-256',
): Promise<CertificateAuthority> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const keys = await keyPair(key);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: nextSerial(),
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - 400 * dayMs),
    notAfter: new Date(Date.now() + 400 * dayMs),
    signingAlgorithm: algorithms[key],
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 2, true)],
  });
  return authorityOf(root, keys, key, root.toString('pem'), []);
}

/** A certificate that nobody but itself signed. */
export async function selfSigned(wish: CertificateWish): Promise<TlsOptions> {
  const keys = await keyPair(wish.key ?? 'p-256');
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: nextSerial(),
    name: `CN=${wish.subject ?? 'peer'}`,
    ...validity(wish),
    signingAlgorithm: algorithms[wish.key ?? 'p-256'],
    keys,
    extensions: extensions(wish),
  });
  const cert = certificate.toString('pem');
  return { cert, key: await keyPem(keys), ca: cert };
}

function authorityOf(
  own: x509.X509Certificate,
  keys: webcrypto.CryptoKeyPair,
  key: keyof typeof algorithms,
  rootPem: string,
  between: readonly string[],
): CertificateAuthority {
  const sign = async (wish: CertificateWish) => {
    const pair = await keyPair(wish.key ?? 'p-256');
    const hash = wish.sha1 ? 'SHA-1' : undefined;
    const signingKey = hash ? await withHash(keys, key, hash) : keys.privateKey;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: nextSerial(),
      subject: `CN=${wish.subject ?? 'peer'}`,
      issuer: own.subject,
      ...validity(wish),
      signingAlgorithm: { ...algorithms[key], ...(hash && { hash }) },
      publicKey: pair.publicKey,
      signingKey,
      extensions: extensions(wish),
    });
    return { certificate, pair };
  };
  return {
    pem: own.toString('pem'),
    async issue(wish) {
      const { certificate, pair } = await sign(wish);
      const cert = [certificate.toString('pem'), ...between].join('\n');
      return { cert, key: await keyPem(pair), ca: rootPem };
    },
    async below(wish = {}) {
      const { certificate, pair } = await sign({ names: [], subject: 'Issuing', authority: true, ...wish });
      const chain = [certificate.toString('pem'), ...between];
      return authorityOf(certificate, pair, wish.key ?? 'p-256', rootPem, chain);
    },
    async revoke(...certificates) {
      const list = await x509.X509CrlGenerator.create({
        issuer: own.subject,
        thisUpdate: new Date(Date.now() - dayMs),
        nextUpdate: new Date(Date.now() + dayMs),
        signingAlgorithm: algorithms[key],
        signingKey: keys.privateKey,
        entries: certificates.map((pem) => ({
          serialNumber: new x509.X509Certificate(pem).serialNumber,
          revocationDate: new Date(Date.now() - dayMs),
        })),
      });
      return list.toString('pem');
    },
  };
}

function extensions(wish: CertificateWish): x509.Extension[] {
  const names = wish.names.map((name): x509.JsonGeneralName => {
    const colon = name.indexOf(':');
    const type = { URI: 'url', DNS: 'dns', IP: 'ip' }[name.slice(0, colon)] ?? 'dns';
    return { type, value: name.slice(colon + 1) } as x509.JsonGeneralName;
  });
  return [
    new x509.BasicConstraintsExtension(wish.authority ?? false, wish.authority ? 0 : undefined, true),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ...(wish.usage ? [new x509.ExtendedKeyUsageExtension(wish.usage.map((each) => usages[each]))] : []),
  ];
}

function validity({ from = -1, until = 30 }: CertificateWish) {
  return { notBefore: new Date(Date.now() + from * dayMs), notAfter: new Date(Date.now() + until * dayMs) };
}

async function keyPair(key: keyof typeof algorithms): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(algorithms[key], true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
}

async function withHash(
  { privateKey }: webcrypto.CryptoKeyPair,
  key: keyof typeof algorithms,
  hash: string,
): Promise<webcrypto.CryptoKey> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', privateKey);
  return webcrypto.subtle.importKey('pkcs8', pkcs8, { ...algorithms[key], hash }, false, ['sign']);
}

async function keyPem({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  return (
    x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY') + '\n'
  );
}

function nextSerial(): string {
  return String(serial++).padStart(8, '0');
}
