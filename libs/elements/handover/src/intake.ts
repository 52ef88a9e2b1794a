import { randomBytes } from 'node:crypto';
import { type Result, err, ok } from '@esinet/kernel';
import { isReference, timeOf } from '@esinet/handover';
import type {
  Authorisation,
  Authority,
  Category,
  HashAlgorithm,
  HashConstruct,
  Selector,
  SelectorHash,
} from './model.js';
import { canonicalSelector, isDigestOf, isSalt, selectorDigest } from './selectors.js';

/** A request as a person enters it, or as an LDTask says it. */
export interface IntakeRequest {
  readonly authority: string;
  readonly reference: { readonly kind: 'LDID' | 'LIID'; readonly value: string };
  readonly legalReference: string;
  readonly selectors: readonly { readonly kind: Selector['kind']; readonly value: string }[];
  readonly categories: readonly Category[];
  readonly range: Authorisation['range'];
  readonly validity: Authorisation['validity'];
  readonly includeTests?: boolean;
  readonly reviewBatches?: boolean;
  /** TS 103 707 D.4: what the authority sent to prove the selector. */
  readonly hash?: {
    readonly algorithm?: HashAlgorithm;
    readonly construct?: HashConstruct;
    readonly salt: string;
    readonly digest: string;
  };
  /** Where it wants the delivery to go, if it said so: it has to be the address it was onboarded with. */
  readonly deliveryUrl?: string;
}

/** Something in a request that cannot be granted, by the member it is about. */
export interface IntakeProblem {
  readonly member: string;
  readonly message: string;
}

export interface Intake {
  readonly authorisation: Authorisation;
  readonly hash: SelectorHash;
}

/** Longest range of records that one order may name, in days, and longest time that it may last. */
export interface IntakeLimits {
  readonly rangeDays: number;
  readonly validityDays: number;
  readonly selectors: number;
}

export const defaultIntakeLimits: IntakeLimits = { rangeDays: 366, validityDays: 366, selectors: 16 };

/** Checks a request against what an authority was onboarded with. All problems at once. */
export function takeIn(
  request: IntakeRequest,
  authority: Authority | undefined,
  wallMs: number,
  limits: IntakeLimits = defaultIntakeLimits,
): Result<Intake, readonly IntakeProblem[]> {
  const problems: IntakeProblem[] = [];
  const problem = (member: string, message: string): void => void problems.push({ member, message });
  if (!authority) return err([{ member: 'authority', message: 'nobody of that name was onboarded' }]);
  if (request.deliveryUrl !== undefined && request.deliveryUrl !== authority.deliveryUrl) {
    problem(
      'deliveryUrl',
      'is not the address this authority was onboarded with: ask them by the contact you hold',
    );
  }
  const { reference } = request;
  if (!isReference(reference)) problem('reference', `is no ${reference.kind} in the form of TS 103 280`);
  if (reference.kind !== authority.profile.reference) {
    problem('reference', `with this authority a ${authority.profile.reference} was agreed`);
  }
  if (request.legalReference.trim() === '') problem('legalReference', 'names no order');
  if (request.categories.length === 0) problem('categories', 'nothing is asked for');
  const selectors: Selector[] = [];
  if (request.selectors.length === 0)
    problem('selectors', 'nobody is named: there is no hand-over of everything');
  if (request.selectors.length > limits.selectors)
    problem('selectors', `at most ${limits.selectors} in one order`);
  for (const [i, { kind, value }] of request.selectors.entries()) {
    const selector = canonicalSelector(kind, value);
    if (selector.ok) selectors.push(selector.value);
    else problem(`selectors.${i}`, selector.error);
  }
  span(request.range, 'range', limits.rangeDays, problem);
  span(request.validity, 'validity', limits.validityDays, problem);
  const until = timeOf(request.range.until);
  if (reference.kind === 'LDID' && until !== undefined && until > wallMs) {
    problem('range', 'of stored records ends in the past');
  }
  // Records are handed over as they come only while there is an order for it.
  const running = reference.kind === 'LIID' && until !== undefined && until > wallMs;
  if (running && !isWithin(request.range, request.validity)) {
    problem('range', 'of records as they come lies within the validity');
  }
  const validUntil = timeOf(request.validity.until);
  if (validUntil !== undefined && validUntil <= wallMs) problem('validity', 'is over');
  if (problems.length > 0) return err(problems);
  const hash = hashOf(request, selectors, authority);
  if (!hash) return err([{ member: 'hash', message: 'does not fit the selector' }]);
  return ok({
    authorisation: {
      reference,
      authority: authority.id,
      legalReference: request.legalReference.trim(),
      selectors,
      categories: [...new Set(request.categories)],
      range: request.range,
      validity: request.validity,
      includeTests: request.includeTests ?? false,
      reviewBatches: request.reviewBatches ?? false,
      ...(running && { running }),
    },
    hash,
  });
}

function isWithin(range: Authorisation['range'], validity: Authorisation['validity']): boolean {
  const [from, until] = [timeOf(range.from) ?? NaN, timeOf(range.until) ?? NaN];
  return from >= (timeOf(validity.from) ?? NaN) && until <= (timeOf(validity.until) ?? NaN);
}

function span(
  { from, until }: Authorisation['range'],
  member: string,
  maxDays: number,
  problem: (member: string, message: string) => void,
): void {
  const start = timeOf(from);
  const end = timeOf(until);
  if (start === undefined || end === undefined)
    problem(member, 'has two times with a zone, such as 2026-03-04T08:00:00Z');
  else if (end <= start) problem(member, 'ends before it begins');
  else if (end - start > maxDays * 86_400_000) problem(member, `is longer than ${maxDays} days`);
}

/** What the authority proved, or a salt of our own: in the end a digest is what stays of the selectors. */
function hashOf(
  { hash }: Pick<IntakeRequest, 'hash'>,
  selectors: readonly Selector[],
  authority: Authority,
): SelectorHash | undefined {
  const algorithm = hash?.algorithm ?? authority.hash.algorithm;
  const construct = hash?.construct ?? authority.hash.construct;
  const whole = { value: selectors.map(({ value }) => value).join('\n') };
  if (!hash) {
    const salt = randomBytes(32).toString('hex');
    return { algorithm, construct, salt, digest: selectorDigest(whole, { algorithm, construct, salt }) };
  }
  if (!isSalt(hash.salt)) return undefined;
  const given: SelectorHash = { algorithm, construct, salt: hash.salt, digest: hash.digest.toLowerCase() };
  return isDigestOf({ kind: 'uri', ...whole }, given) ? given : undefined;
}
