import { createHash } from 'node:crypto';
import { z } from 'zod';

/** One policy as routers tell each other of it. */
export interface PolicyVersion {
  readonly owner: string;
  /** Its policyId or policyQueueName. */
  readonly id: string;
  readonly policyType: string;
  /** Wall milliseconds of its last change. */
  readonly at: number;
  /** SHA-256 of its document in hex; null: it was deleted. */
  readonly version: string | null;
}

const versionShape = {
  owner: z.string().min(1).max(1_000),
  id: z.string().min(1).max(1_000),
  policyType: z.string().min(1).max(200),
  at: z.number().min(0).max(8.64e15),
  version: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
};

/** `policy.changed`. */
export const policyChangedSchema = z
  .strictObject({ ...versionShape, from: z.string().min(1).max(200), document: z.string().nullable() })
  .refine(({ version, document }) => version === (document === null ? null : versionOf(document)));

export type PolicyChanged = z.infer<typeof policyChangedSchema>;

/** The answer on `policy.current.<router>`. */
export const policyListSchema = z.array(z.strictObject(versionShape)).max(20_000);

/** `policy.state`: what a router has, and whether others shall say what they have. */
export const policyStateSchema = z.strictObject({
  from: z.string().min(1).max(200),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  ask: z.boolean(),
});

export function versionOf(document: string): string {
  return createHash('sha256').update(document).digest('hex');
}

export function keyOf({ owner, id, policyType }: Omit<PolicyVersion, 'at' | 'version'>): string {
  return JSON.stringify([owner.toLowerCase(), id, policyType]);
}

/** Whether what came takes the place of what is known: the last one wins, and of two at once the same one everywhere. */
export function isNewer(
  came: Pick<PolicyVersion, 'at' | 'version'>,
  known: Pick<PolicyVersion, 'at' | 'version'> | undefined,
): boolean {
  if (!known) return came.version !== null;
  if (came.version === known.version) return false;
  return came.at > known.at || (came.at === known.at && (came.version ?? '') > (known.version ?? ''));
}

/** The same for the same documents, whenever they came. */
export function digestOf(versions: Iterable<PolicyVersion>): string {
  const lines = [...versions].map((each) => `${keyOf(each)} ${each.version ?? ''}`).sort();
  return versionOf(lines.join('\n'));
}
