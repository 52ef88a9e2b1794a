import { type Result, err, ok } from '@esinet/kernel';
import { isSipUri } from '@esinet/platform';

/** NENA i3, Dequeue Registration; TS 103 479 is derived from it and names no path. */
export const dequeueRegistrationPath = '/DequeueRegistration/v1/Registrations';

export interface DequeueRequest {
  readonly queueUri: string;
  readonly dequeuerUri: string;
  /** Seconds; 0 ends the registration. */
  readonly expirationTime: number;
  /** 1 to 5, 5 the highest. */
  readonly dequeuePreference: number;
}

/** 454: not specified, 456: bad queue, 457: bad dequeue preference, 458: against a policy. */
export interface DequeueError {
  readonly status: 454 | 456 | 457 | 458;
  readonly detail: string;
}

export const dequeueError = (status: DequeueError['status'], detail: string): Result<never, DequeueError> =>
  err({ status, detail });

/** Seconds a registration may ask for; the queue cuts it to its own limit. */
const longest = 31_536_000;

/** A body with its members; a preference that is not there is the lowest. */
export function readRegistration(body: Buffer): Result<DequeueRequest, DequeueError> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return dequeueError(454, 'the body is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return dequeueError(454, 'the body is no JSON object');
  const { queueUri, dequeuerUri, expirationTime, dequeuePreference = 1 } = value as Record<string, unknown>;
  if (typeof queueUri !== 'string' || !isSipUri(queueUri)) return dequeueError(456, 'queueUri is no SIP URI');
  if (typeof dequeuerUri !== 'string' || dequeuerUri.length > 2_048 || !isSipUri(dequeuerUri))
    return dequeueError(454, 'dequeuerUri is no SIP URI');
  if (!isWhole(expirationTime, 0, longest))
    return dequeueError(454, 'expirationTime is no number of seconds');
  if (!isWhole(dequeuePreference, 1, 5)) return dequeueError(457, 'dequeuePreference is not 1 to 5');
  return ok({ queueUri, dequeuerUri, expirationTime, dequeuePreference });
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}
