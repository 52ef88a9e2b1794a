import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@esinet/kernel';

const algorithm = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;
const keyBytes = 32;

/** What is encrypted for a case cannot be read any more. */
export class KeyDestroyedError extends Error {
  override readonly name = 'KeyDestroyedError';
}

/**
 * A key for each case, in a file of its own, wrapped by the master key. Destroying it makes everything that was
 * encrypted with it unreadable, wherever copies of that may lie: in old files of a database, in backups of it. Backups
 * must leave this folder out.
 */
export class CaseKeys {
  readonly #known = new Map<string, Buffer>();

  private constructor(
    private readonly folder: string,
    private readonly master: Buffer,
  ) {}

  /** @param masterKey 32 octets. @throws Error with a sentence */
  static async open(folder: string, masterKey: Buffer): Promise<CaseKeys> {
    if (masterKey.length !== keyBytes) throw new Error(`the master key has to have ${keyBytes} octets`);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new Error(`${folder} cannot be made: ${messageOf(error)}`, { cause: error });
    }
    return new CaseKeys(folder, masterKey);
  }

  /** Makes the key of a new case; durable when it resolves. */
  async create(caseId: string): Promise<void> {
    const key = randomBytes(keyBytes);
    const path = this.#path(caseId);
    const fresh = `${path}.new`;
    await writeFile(fresh, seal(this.master, key, caseId), { mode: 0o600, flag: 'w' });
    await synced(fresh);
    await rename(fresh, path);
    await synced(this.folder);
    this.#known.set(caseId, key);
  }

  async encrypt(caseId: string, plain: Buffer): Promise<Buffer> {
    return seal(await this.#key(caseId), plain, caseId);
  }

  /** @throws KeyDestroyedError, or Error where the octets are not those that were encrypted for this case */
  async decrypt(caseId: string, sealed: Buffer): Promise<Buffer> {
    return unseal(await this.#key(caseId), sealed, caseId);
  }

  /** Overwritten before it is deleted; done when it resolves. Doing it twice is no mistake. */
  async destroy(caseId: string): Promise<void> {
    this.#known.get(caseId)?.fill(0);
    this.#known.delete(caseId);
    const path = this.#path(caseId);
    try {
      const file = await open(path, 'r+');
      try {
        await file.write(randomBytes(ivBytes + keyBytes + tagBytes), 0, undefined, 0);
        await file.sync();
      } finally {
        await file.close();
      }
      await rm(path);
      await synced(this.folder);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  async #key(caseId: string): Promise<Buffer> {
    const known = this.#known.get(caseId);
    if (known) return known;
    let wrapped: Buffer;
    try {
      wrapped = await readFile(this.#path(caseId));
    } catch (error) {
      if (isMissing(error)) throw new KeyDestroyedError('the key of this case was destroyed');
      throw error;
    }
    const key = unseal(this.master, wrapped, caseId);
    this.#known.set(caseId, key);
    return key;
  }

  #path(caseId: string): string {
    // Ids are ours; a name from elsewhere must not lead out of the folder.
    return join(this.folder, `${Buffer.from(caseId).toString('base64url')}.key`);
  }
}

/** The name goes into the check: what belongs to one case is not accepted for another. */
function seal(key: Buffer, plain: Buffer, name: string): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, key, iv);
  cipher.setAAD(Buffer.from(name));
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function unseal(key: Buffer, sealed: Buffer, name: string): Buffer {
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, ivBytes));
  decipher.setAAD(Buffer.from(name));
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  return Buffer.concat([
    decipher.update(sealed.subarray(ivBytes, sealed.length - tagBytes)),
    decipher.final(),
  ]);
}

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
