import { timeOf } from '@esinet/handover';
import type { Authorisation, CasePhase } from './model.js';

/** Why an authorisation is not in force at this time, or undefined when it is. Asked before everything that has an effect. */
export function notInForce(
  { validity }: Pick<Authorisation, 'validity'>,
  phase: CasePhase,
  wallMs: number,
): 'not-yet' | 'expired' | 'suspended' | 'rejected' | 'closed' | undefined {
  if (phase === 'suspended' || phase === 'rejected' || phase === 'closed') return phase;
  if (wallMs < (timeOf(validity.from) ?? Infinity)) return 'not-yet';
  // Half-open: at its end it is over.
  if (wallMs >= (timeOf(validity.until) ?? -Infinity)) return 'expired';
  return undefined;
}

/** Whether a time, RFC 3339, is in the half-open range of records. */
export function isInRange(at: string, { range }: Pick<Authorisation, 'range'>): boolean {
  const time = timeOf(at);
  const from = timeOf(range.from);
  const until = timeOf(range.until);
  return time !== undefined && from !== undefined && until !== undefined && time >= from && time < until;
}
