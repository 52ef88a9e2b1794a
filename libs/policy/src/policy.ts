import { parseUri } from '@esinet/sip';
import type { Action } from './action.js';
import type { Condition } from './condition.js';

/** NENA-STA-010 10.33: the policy types that route. */
export const policyTypes = [
  'OriginationRoutePolicy',
  'NormalNextHopRoutePolicy',
  'OtherRoutePolicy',
] as const;
export type PolicyType = (typeof policyTypes)[number];

export interface PolicyRule {
  readonly id: string;
  /** Higher wins. */
  readonly priority: number;
  readonly description?: string;
  /** All have to hold; a rule without any always does. */
  readonly conditions: readonly Condition[];
  readonly actions: readonly Action[];
}

/** NENA-STA-010 3.3.1: one set of rules, read and checked. */
export interface Policy {
  readonly policyType: PolicyType;
  readonly policyOwner: string;
  /** Of an OtherRoutePolicy. */
  readonly policyId?: string;
  /** Of the others: the URI of the queue; `*` is every queue that has no policy of its own. */
  readonly policyQueueName?: string;
  /** Wall milliseconds from which on the policy is not used. */
  readonly expires?: number;
  readonly description?: string;
  /** The highest priority first. */
  readonly rules: readonly PolicyRule[];
  /** Whether it came signed, and what became of that. */
  readonly signature: 'none' | 'not-verified' | 'verified';
  readonly file?: string;
  /** The JSON it was read from. */
  readonly source: unknown;
}

/** The policy in a trail: `night`, or the type and the queue. */
export function nameOfPolicy({ policyType, policyId, policyQueueName }: Policy): string {
  return policyId ?? `${policyType} ${policyQueueName ?? ''}`;
}

export const ANY_QUEUE = '*';

/** Queue names are URIs; two that lead to the same place are one. */
export function queueKey(name: string): string {
  const uri = parseUri(name.trim());
  if (!uri || (uri.scheme !== 'sip' && uri.scheme !== 'sips')) return name.trim().toLowerCase();
  const user = uri.user === undefined ? '' : `${uri.user}@`;
  return `${uri.scheme}:${user}${uri.host}${uri.port === undefined ? '' : `:${uri.port}`}`;
}
