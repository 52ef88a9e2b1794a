import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { messageOf } from '@esinet/kernel';
import { certificatesIn, serverCredentials } from '@esinet/sip';
import { PkiError, checkName } from './pki-error.js';
import { revokedBy } from './revocation.js';
import type { TlsOptions } from './tls-options.js';

/** The files that the TLS of one program is made of. */
export interface TlsFiles {
  /** Folder of `name.key.pem`, `name.cert.pem` and `ca.cert.pem`. */
  readonly folder: string;
  readonly name: string;
  /** Files of further authorities, whose certificates peers may show. */
  readonly trust?: readonly string[];
  /** Files of certificates taken back by their authorities. RFC 5280 5 */
  readonly crl?: readonly string[];
}

/**
 * Reads what TLS needs of one element and sees that it belongs together.
 *
 * @throws PkiError that names the file and what is wrong with it
 */
export async function readTlsMaterial({ folder, name, trust = [], crl = [] }: TlsFiles): Promise<TlsOptions> {
  checkName(name);
  const read = async (file: string, remedy = '; run "esinet pki" to make it'): Promise<string> => {
    try {
      return await readFile(file, 'utf8');
    } catch (error) {
      throw new PkiError(`${file} cannot be read (${messageOf(error)})${remedy}`, { cause: error });
    }
  };
  const [key, cert, ca, others, lists] = await Promise.all([
    read(join(folder, `${name}.key.pem`)),
    read(join(folder, `${name}.cert.pem`)),
    read(join(folder, 'ca.cert.pem')),
    Promise.all(
      trust.map(async (file) => {
        const pem = await read(file, '; pki.trust names it');
        if (certificatesIn(pem).length === 0) throw new PkiError(`${file} of pki.trust is no certificate`);
        return pem;
      }),
    ),
    Promise.all(crl.map(async (file) => ({ file, pem: await read(file, '; pki.crl names it') }))),
  ]);
  let matching: boolean;
  try {
    matching = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new PkiError(`${name}.cert.pem or its key in ${folder} is no PEM file: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (!matching) throw new PkiError(`${name}.key.pem in ${folder} is not the key of ${name}.cert.pem`);
  const believed = [ca, ...others].join('\n');
  const revoked =
    lists.length > 0 ? await revokedBy(lists, certificatesIn(`${cert}\n${believed}`)) : undefined;
  return {
    key,
    cert,
    ca: others.length === 0 ? ca : believed,
    ...(others.length > 0 && { ownCa: ca }),
    ...(revoked && { revoked }),
  };
}

/** Why a certificate that is to take the place of a running one will not do, in words; undefined where it will. */
export function unfitFor(tls: TlsOptions, now: number): string | undefined {
  const [leaf] = certificatesIn(tls.cert);
  if (!leaf) return 'it is no certificate';
  if (new Date(leaf.validTo).getTime() <= now) return `it expired on ${leaf.validTo}`;
  if (new Date(leaf.validFrom).getTime() > now) return `it is not valid before ${leaf.validFrom}`;
  if (certificatesIn(tls.ca).length === 0) return 'there is no certificate of an authority';
  try {
    // What OpenSSL would say to it, weak keys included.
    const { key, cert, ca, minVersion, ciphers } = serverCredentials(tls);
    createSecureContext({ key, cert, ca, minVersion, ciphers });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
