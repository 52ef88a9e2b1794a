import { X509Certificate, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import type { AuthorityTls } from './hi1-front.js';

/** Shows our certificate wherever we ask. */
export function agentOf({ key, cert, ca }: AuthorityTls): Agent {
  return new Agent({ key, cert, ca, minVersion: 'TLSv1.2', keepAlive: true });
}

/**
 * Whether a certificate is that of the provider whom we know, by the file of that name; `any` for every one of the
 * folder's authority. Read each time: certificates of a lab are made anew.
 */
export function providerOf(pki: string, provider: string): (fingerprint: string) => Promise<boolean> {
  return async (fingerprint) => {
    if (provider === 'any') return true;
    const pem = await readFile(join(pki, `${provider}.cert.pem`), 'utf8').catch(() => undefined);
    return pem !== undefined && fingerprintOf(pem) === fingerprint;
  };
}

/** SHA-256, small hexadecimal digits. */
export function fingerprintOf(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
}

export function listening(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Connections that stand are ended. */
export function closed(server: Server & { closeAllConnections?: () => void }): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections?.();
  });
}
