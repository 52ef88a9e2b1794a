import { createHash } from 'node:crypto';
import type { HandoverCase, Seal } from './model.js';

/** What an approval is for: every sealed document, its objects, and their order. */
export function sealsDigest(seals: readonly Seal[]): string {
  const hash = createHash('sha256');
  for (const { digest, objects } of seals) {
    hash.update(`${digest}\n`);
    for (const object of objects) hash.update(`${object.id} ${object.digest}\n`);
  }
  return hash.digest('hex');
}

/**
 * What an approval of an LIID is for: all that was ordered, in one form. The selectors are in it by their digest
 * (TS 103 707 D.4), so that it says nothing of them and still changes with them.
 */
export function authorisationDigest({ authorisation: a, hash }: HandoverCase): string {
  const canonical = [
    'liid',
    a.reference.kind,
    a.reference.value,
    a.authority,
    a.legalReference,
    hash?.algorithm ?? '',
    hash?.construct ?? '',
    hash?.digest ?? '',
    a.selectors.map(({ kind }) => kind),
    [...a.categories].sort(),
    a.range.from,
    a.range.until,
    a.validity.from,
    a.validity.until,
    a.includeTests,
    a.reviewBatches,
  ];
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex');
}

/** What the two who approve this case put their names to. */
export function approvalDigest(c: HandoverCase): string {
  return c.authorisation.running ? authorisationDigest(c) : sealsDigest(c.seals);
}
