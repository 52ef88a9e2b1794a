import { Agent } from 'node:https';
import { join } from 'node:path';
import { loadTls } from '@esinet/platform/pki';

/** Shows a certificate of the data folder by its name, and trusts the authority of that folder. @throws PkiError */
export async function certificateAgent(data: string, name: string): Promise<Agent> {
  const { cert, key, ca } = await loadTls(join(data, 'pki'), name);
  return new Agent({ cert, key, ca, minVersion: 'TLSv1.2' });
}
