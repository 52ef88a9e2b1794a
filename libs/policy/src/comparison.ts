import { sameUri, type Uri } from '@esinet/sip';
import type { Fields } from './fields.js';
import type { Truth } from './condition.js';

/** NENA-STA-010 3.3.3.1. */
export const orderOperators = ['EQ', 'SS', 'NE', 'GT', 'LT', 'GE', 'LE'] as const;
export type OrderOperator = (typeof orderOperators)[number];
export const presenceOperators = ['exists', 'missing'] as const;
export type PresenceOperator = (typeof presenceOperators)[number];
export type TextOperator = 'EQ' | 'SS' | 'NE';
export const textOperators: readonly TextOperator[] = ['EQ', 'SS', 'NE'];

/** `operator` and `content`; content is there unless the operator asks for presence. */
export function readComparison<O extends string>(
  fields: Fields,
  operators: readonly O[],
): { readonly operator: O; readonly content: string } | undefined {
  const operator = fields.oneOf('operator', operators);
  if (operator === 'exists' || operator === 'missing') {
    if (fields.raw('content') !== undefined) fields.wrong('content', `has no place beside ${operator}`);
    return { operator, content: '' };
  }
  const content = fields.text('content');
  return operator === undefined || content === undefined ? undefined : { operator, content };
}

/**
 * Whether one of some values compares so. Without regard to case; greater and less are of numbers or of timestamps. NE is
 * the opposite of EQ: true where no value is equal, also where there is none.
 */
export function comparer(
  operator: OrderOperator | PresenceOperator,
  content: string,
): (values: readonly string[]) => Truth {
  const wanted = content.trim().toLowerCase();
  const equals = (value: string): boolean => value === wanted || value.trim().toLowerCase() === wanted;
  switch (operator) {
    case 'exists':
      return (values) => values.length > 0;
    case 'missing':
      return (values) => values.length === 0;
    case 'EQ':
      return (values) => values.some(equals);
    case 'NE':
      return (values) => !values.some(equals);
    case 'SS':
      return (values) => values.some((value) => value.toLowerCase().includes(wanted));
    default:
      return (values) => ordered(operator, values, wanted);
  }
}

function ordered(operator: 'GT' | 'LT' | 'GE' | 'LE', values: readonly string[], wanted: string): Truth {
  const right = quantity(wanted);
  if (right === undefined) return 'what it compares with is neither a number nor a timestamp';
  let comparable = values.length === 0;
  for (const value of values) {
    const left = quantity(value.trim());
    if (left === undefined || left.kind !== right.kind) continue;
    comparable = true;
    const holds = {
      GT: left.amount > right.amount,
      LT: left.amount < right.amount,
      GE: left.amount >= right.amount,
      LE: left.amount <= right.amount,
    };
    if (holds[operator]) return true;
  }
  return comparable ? false : `the value is no ${right.kind}`;
}

/** What greater and less can be asked of. */
export function quantity(
  text: string,
): { readonly kind: 'number' | 'timestamp'; readonly amount: number } | undefined {
  const amount = Number(text);
  if (text !== '' && Number.isFinite(amount)) return { kind: 'number', amount };
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? undefined : { kind: 'timestamp', amount: ms };
}

/** URIs are equal by the rules of their scheme (RFC 3261 19.1.4); what is none, letter by letter. */
export function compareUri(
  operator: TextOperator,
  value: string | undefined,
  uri: Uri | undefined,
  wanted: { readonly text: string; readonly uri: Uri | undefined },
): boolean {
  const given = value?.toLowerCase();
  if (operator === 'SS') return given?.includes(wanted.text) ?? false;
  const same = uri && wanted.uri ? sameUri(uri, wanted.uri) : given === wanted.text;
  return operator === 'EQ' ? same : !same;
}
