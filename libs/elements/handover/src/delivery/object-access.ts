import type { Clock } from '@esinet/kernel';

/** An object as the store knows it, whether or not it may be fetched. */
export interface OfferedObject {
  readonly authority: string;
  readonly case: string;
  readonly contentType: string;
  /** RFC 3339: from then on it is not there. */
  readonly expiry: string;
}

export interface ObjectAccessPorts {
  readonly find: (id: string) => Promise<OfferedObject | undefined>;
  /** Which authority shows this certificate; undefined where none does. */
  readonly authorityOf: (fingerprint: string) => string | undefined;
  /** Whether the case is approved and its order in force at this moment. */
  readonly mayBeFetched: (object: OfferedObject) => Promise<boolean>;
  readonly octets: (id: string, object: OfferedObject) => Promise<Buffer | undefined>;
  readonly clock: Clock;
}

export type ObjectAnswer =
  | {
      readonly kind: 'given';
      readonly contentType: string;
      readonly octets: Buffer;
      readonly object: OfferedObject;
    }
  /** `why` is for the audit only: the answer is the same in every octet. */
  | { readonly kind: 'refused'; readonly why: 'unknown' | 'stranger' | 'expired' | 'not-in-force' | 'gone' };

/**
 * Model A (TS 103 707 C.2): an authority fetches an object from us. Whoever asks without being the one it is meant for
 * learns nothing, not even that there is such a URL: unknown, foreign, expired and not approved are one answer.
 */
export async function objectAnswer(
  id: string,
  fingerprint: string | undefined,
  ports: ObjectAccessPorts,
): Promise<ObjectAnswer> {
  const authority = fingerprint === undefined ? undefined : ports.authorityOf(fingerprint);
  const object = await ports.find(id);
  if (!object) return { kind: 'refused', why: 'unknown' };
  if (authority === undefined || object.authority !== authority) return { kind: 'refused', why: 'stranger' };
  if (ports.clock.wall() >= Date.parse(object.expiry)) return { kind: 'refused', why: 'expired' };
  if (!(await ports.mayBeFetched(object))) return { kind: 'refused', why: 'not-in-force' };
  const octets = await ports.octets(id, object);
  return octets
    ? { kind: 'given', contentType: object.contentType, octets, object }
    : { kind: 'refused', why: 'gone' };
}

/** Every refusal: these octets, this status, and not before this time. */
export const refusal = {
  status: 404,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' },
  body: 'Not Found\n',
} as const;

/**
 * Lets a refusal wait until `afterMs` have passed since `since` (monotonic), whatever it took to find it out: the time it
 * takes must not tell what the answer does not.
 */
export function heldBack(clock: Clock, since: number, afterMs: number): Promise<void> {
  const left = since + afterMs - clock.now();
  return left <= 0 ? Promise.resolve() : new Promise((resolve) => void clock.after(left, resolve));
}
