import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';

/** Problems told of one document. */
export const maxProblems = 50;

const ajv = new Ajv({ strict: true, allErrors: true, ownProperties: true });

/**
 * A check: every way in which a value misses the schema, as JSON pointer and words, never content. It is made once, when
 * it is first asked for, so that a start does not wait for it.
 */
export function checkOf(schema: object): (value: unknown) => string[] {
  let made: ValidateFunction | undefined;
  return (value) => {
    const validate = (made ??= ajv.compile(schema));
    if (validate(value)) return [];
    const problems = (validate.errors ?? []).slice(0, maxProblems).map(wordsOf);
    validate.errors = null;
    return problems;
  };
}

function wordsOf({ instancePath, keyword, params }: ErrorObject): string {
  const p = params as Record<string, unknown>;
  const at = (words: string): string => `${instancePath || '/'}: ${words}`;
  switch (keyword) {
    case 'required':
      return `${instancePath}/${String(p['missingProperty'])}: is missing`;
    case 'type':
      return at(`is not ${withArticle(String(p['type']))}`);
    case 'minimum':
      return at(`is less than ${String(p['limit'])}`);
    case 'minLength':
      return at('is empty');
    case 'const':
      return at(`is not ${String(p['allowedValue'])}`);
    case 'enum':
      return at(`is none of ${(p['allowedValues'] as unknown[]).join(', ')}`);
    default:
      return at(`does not satisfy ${keyword}`);
  }
}

function withArticle(noun: string): string {
  return 'aeiou'.includes(noun.charAt(0)) ? `an ${noun}` : `a ${noun}`;
}
