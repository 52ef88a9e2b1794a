import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

/** How the requests of a call are known again, by the Record-Route values of its first one. */
export const dialogsSchema = z
  .strictObject({
    /**
     * Seals them: the same in every process of the element, else calls go on only through the one that set them up.
     * Best given as `secretFile`. Without it one is made at each start.
     */
    secret: z.string().min(32, 'expected 32 characters or more').max(1_024).exactOptional(),
  })
  .prefault({});

/** The secret as the proxy core takes it. */
export function dialogSecret({ secret }: z.infer<typeof dialogsSchema>): Buffer {
  return secret === undefined ? randomBytes(32) : Buffer.from(secret);
}

/**
 * The secret in a file, made if it is not there: calls outlive the process. @throws if it can neither be read nor written
 */
export async function keptSecret(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return (await readFile(file, 'utf8')).trim();
}
