import type { z } from 'zod';
import type { Path } from './problem.js';

type Schema = z.core.$ZodType;

interface Definition {
  readonly type: string;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly out?: Schema;
  readonly getter?: () => Schema;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly element?: Schema;
  readonly valueType?: Schema;
  readonly items?: readonly Schema[];
  readonly options?: readonly Schema[];
  readonly left?: Schema;
  readonly right?: Schema;
  readonly values?: readonly unknown[];
}

function definitionOf(schema: Schema): Definition {
  return schema._zod.def as unknown as Definition;
}

/** The schemas that a value may be of, with optional, default, transform and union taken off. */
export function variantsOf(schema: Schema): Schema[] {
  const definition = definitionOf(schema);
  const { innerType, getter, options, left, right } = definition;
  if (innerType) return variantsOf(innerType);
  if (getter) return variantsOf(getter());
  if (options) return options.flatMap(variantsOf);
  if (left && right) return [...variantsOf(left), ...variantsOf(right)];
  if (definition.type === 'pipe' && definition.in && definition.out) {
    return variantsOf(definitionOf(definition.in).type === 'transform' ? definition.out : definition.in);
  }
  return [schema];
}

/** Keys an object there may have; undefined where any key may stand or no object is expected. */
export function keysOf(schema: Schema): string[] | undefined {
  const keys = new Set<string>();
  let known = false;
  for (const variant of variantsOf(schema)) {
    const { shape } = definitionOf(variant);
    if (!shape) continue;
    known = true;
    for (const key of Object.keys(shape)) keys.add(key);
  }
  return known ? [...keys] : undefined;
}

/** Kinds of value expected: `string`, `number`, `object`, … */
export function kindsOf(schema: Schema): Set<string> {
  return new Set(variantsOf(schema).map((variant) => definitionOf(variant).type));
}

/** What is expected under a key or index; undefined when nothing can stand there. */
export function memberOf(schema: Schema, key: PropertyKey): Schema | undefined {
  for (const variant of variantsOf(schema)) {
    const { shape, element, items, valueType } = definitionOf(variant);
    const member = shape
      ? Object.hasOwn(shape, key)
        ? shape[String(key)]
        : undefined
      : (element ?? valueType ?? items?.[Number(key)]);
    if (member) return member;
  }
  return undefined;
}

export function schemaAt(schema: Schema, path: Path): Schema | undefined {
  let at: Schema | undefined = schema;
  for (const key of path) at = at && memberOf(at, key);
  return at;
}

/** Literal values that the variants of an object allow for one of its members. */
export function choicesOf(schema: Schema, path: Path): unknown[] {
  const parent = schemaAt(schema, path.slice(0, -1));
  const last = path.at(-1);
  if (!parent || last === undefined) return [];
  return variantsOf(parent).flatMap((variant) => {
    const member = memberOf(variant, last);
    return member ? variantsOf(member).flatMap((choice) => definitionOf(choice).values ?? []) : [];
  });
}
