import { err, ok, type Result } from '@esinet/kernel';
import { isRecord } from './gis-feature.js';

/** An issue that is meant to be: a lake nobody serves, an overlap by agreement. */
export interface AcceptedException {
  /** Of the issue. */
  readonly id: string;
  /** Ids of its features; where given, they have to be the same. */
  readonly features?: readonly string[];
  readonly reason: string;
}

/** `{"exceptions": [{"id": "gap-0badcafe", "features": ["…"], "reason": "a lake"}]}`, or the list alone. */
export function readExceptions(json: unknown): Result<AcceptedException[], string> {
  const list = isRecord(json) ? json['exceptions'] : json;
  if (!Array.isArray(list)) return err('exceptions are a list, or an object with a list "exceptions"');
  const out: AcceptedException[] = [];
  for (const [i, each] of (list as unknown[]).entries()) {
    if (!isRecord(each)) return err(`exception ${i} is no object`);
    const { id, features, reason } = each;
    if (typeof id !== 'string' || id === '') return err(`exception ${i} has no id`);
    if (typeof reason !== 'string' || reason.trim() === '')
      return err(`exception ${i} (${id}) has no reason`);
    if (features !== undefined && !(Array.isArray(features) && features.every((f) => typeof f === 'string')))
      return err(`exception ${i} (${id}): features is no list of ids`);
    out.push({ id, reason, ...(features !== undefined && { features: features as string[] }) });
  }
  return ok(out);
}
