import { createHmac } from 'node:crypto';
import { z } from 'zod';

/** `sip` of the common configuration: what all processes of one element have to agree on. */
export const sipSharedSchema = z
  .strictObject({
    /**
     * From it our branches are made: with the same one a request that comes to another process of the element is sent
     * on with the same branch. Best given as `transactionSecretFile`. Without it each process makes its own.
     */
    transactionSecret: z
      .string()
      .regex(/^[0-9a-f]{32}$/i, 'expected 32 hexadecimal digits, as openssl rand -hex 16 writes them')
      .exactOptional(),
  })
  .prefault({});

/** The key of one element's branches: others that were given the same secret make other ones. */
export function branchKey(transactionSecret: string, element: string): Buffer {
  return createHmac('sha256', Buffer.from(transactionSecret, 'hex')).update(element).digest();
}
