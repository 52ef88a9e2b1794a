import { type X509Certificate, webcrypto } from 'node:crypto';
import { messageOf } from '@esinet/kernel';
import { revokedName } from '@esinet/sip';
import type { X509Crl } from '@peculiar/x509';
import { PkiError } from './pki-error.js';
import { type X509, x509Library } from './x509.js';

/** Certificates that one list may take back. */
export const maxRevoked = 100_000;

/**
 * The certificates that lists take back. A list is believed when one of `authorities` signed it; one that is older than
 * it should be still counts, since it took back what it took back.
 *
 * @throws PkiError when a file is no list, or nobody's
 */
export async function revokedBy(
  lists: readonly { readonly file: string; readonly pem: string }[],
  authorities: readonly X509Certificate[],
): Promise<ReadonlySet<string>> {
  const revoked = new Set<string>();
  if (lists.length === 0) return revoked;
  const x509 = await x509Library();
  for (const { file, pem } of lists) {
    let list: X509Crl;
    try {
      list = new x509.X509Crl(pem);
    } catch (error) {
      throw new PkiError(`${file} of pki.crl is no revocation list: ${messageOf(error)}`, { cause: error });
    }
    const signers = await signersOf(x509, list, authorities);
    if (signers.length === 0) throw new PkiError(`${file} of pki.crl is signed by no authority we believe`);
    if (list.entries.length > maxRevoked)
      throw new PkiError(`${file} of pki.crl has more than ${maxRevoked} entries`);
    for (const { serialNumber } of list.entries) {
      for (const signer of signers) revoked.add(revokedName(signer, serialNumber));
    }
  }
  return revoked;
}

async function signersOf(
  x509: X509,
  list: X509Crl,
  authorities: readonly X509Certificate[],
): Promise<X509Certificate[]> {
  const found: X509Certificate[] = [];
  for (const authority of authorities) {
    if (!authority.ca) continue;
    const publicKey = new x509.X509Certificate(authority.toString());
    if (publicKey.subject !== list.issuer) continue;
    if (await list.verify({ publicKey }, webcrypto).catch(() => false)) found.push(authority);
  }
  return found;
}
