import type { FrozenMessage } from './snapshot.js';
import type { CaseVault } from './vault/case-vault.js';

/** What belongs to a case beside its state, each encrypted with its key. */
export class CaseFiles {
  constructor(private readonly vault: CaseVault) {}

  async putSnapshot(caseId: string, messages: readonly FrozenMessage[]): Promise<void> {
    await this.vault.store(caseId, 'snapshot', Buffer.from(JSON.stringify(messages)));
  }

  async snapshot(caseId: string): Promise<readonly FrozenMessage[]> {
    const octets = await this.vault.load(caseId, 'snapshot');
    return octets ? (JSON.parse(octets.toString()) as FrozenMessage[]) : [];
  }

  async putDocument(caseId: string, sealId: string, bytes: Buffer): Promise<void> {
    await this.vault.store(caseId, `document-${sealId}`, bytes);
  }

  document(caseId: string, sealId: string): Promise<Buffer | undefined> {
    return this.vault.load(caseId, `document-${sealId}`);
  }

  async putObject(caseId: string, objectId: string, octets: Buffer): Promise<void> {
    await this.vault.store(caseId, `object-${objectId}`, octets);
  }

  /** What is no longer offered does not have to lie here until the case is closed. */
  eraseObject(caseId: string, objectId: string): Promise<void> {
    return this.vault.erase(caseId, `object-${objectId}`);
  }

  object(caseId: string, objectId: string): Promise<Buffer | undefined> {
    return this.vault.load(caseId, `object-${objectId}`);
  }
}
