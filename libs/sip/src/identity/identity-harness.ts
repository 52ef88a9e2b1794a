import { type KeyObject, createPrivateKey, sign, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  cryptoProvider,
} from '@peculiar/x509';

/** What the specs of this folder share: authorities, signers, and Identity values. Not part of the library. */

cryptoProvider.set(webcrypto as unknown as Parameters<typeof cryptoProvider.set>[0]);

export const wallNow = Date.UTC(2026, 10, 28, 12);
const day = 86_400_000;

interface Curve {
  readonly name: 'ECDSA';
  readonly namedCurve: 'P-256' | 'P-384';
  readonly hash: 'SHA-256';
}
const p256: Curve = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface Signer {
  readonly pem: string;
  readonly key: KeyObject;
}

export interface Authority {
  readonly pem: string;
  signer(o?: { domain?: string; from?: number; to?: number; curve?: Curve['namedCurve'] }): Promise<Signer>;
}

export async function authority(name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(p256, true, ['sign', 'verify']);
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=${name}`,
    notBefore: new Date(wallNow - day),
    notAfter: new Date(wallNow + day),
    signingAlgorithm: p256,
    keys,
    extensions: [new BasicConstraintsExtension(true, 1, true)],
  });
  let serial = 16;
  return {
    pem: root.toString('pem'),
    async signer({ domain = 'app.example', from = wallNow - day, to = wallNow + day, curve = 'P-256' } = {}) {
      const own = await webcrypto.subtle.generateKey({ ...p256, namedCurve: curve }, true, [
        'sign',
        'verify',
      ]);
      const certificate = await X509CertificateGenerator.create({
        serialNumber: (serial++).toString(16),
        subject: `CN=${domain}`,
        issuer: root.subject,
        notBefore: new Date(from),
        notAfter: new Date(to),
        signingAlgorithm: p256,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: domain }])],
      });
      const der = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
      return {
        pem: certificate.toString('pem'),
        key: createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }),
      };
    },
  };
}

export const x5u = 'https://cert.example/signer.pem';

/** An Identity value over these claims, in full form unless `compact`. */
export function identityValue(
  signer: Signer,
  o: {
    readonly header?: Readonly<Record<string, unknown>>;
    readonly payload?: Readonly<Record<string, unknown>>;
    readonly compact?: boolean;
    readonly parameters?: string;
  } = {},
): string {
  const header = encoded({ alg: 'ES256', typ: 'passport', x5u, ...o.header });
  const payload = encoded({
    dest: { uri: ['urn:service:sos'] },
    iat: wallNow / 1_000,
    orig: { uri: 'sip:anna@app.example' },
    ...o.payload,
  });
  const signature = sign('sha256', Buffer.from(`${header}.${payload}`), {
    key: signer.key,
    dsaEncoding: 'ieee-p1363',
  }).toString('base64url');
  const token = o.compact ? `..${signature}` : `${header}.${payload}.${signature}`;
  return `${token};info=<${x5u}>;alg=ES256${o.parameters ?? ''}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
