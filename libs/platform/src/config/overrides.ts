import { parse } from 'yaml';
import type { z } from 'zod';
import { closest } from './closest.js';
import { overridePrefix } from './environment.js';
import { type ConfigProblem, type Path, pathText } from './problem.js';
import { keysOf, kindsOf, memberOf } from './schema-walk.js';

/** A value that replaces what the file says. */
export interface Override {
  /** The variable or flag as the operator wrote it. */
  readonly source: string;
  readonly path: Path;
  readonly value: unknown;
}

export interface Overrides {
  readonly found: Override[];
  readonly problems: ConfigProblem[];
}

/** `ESINET__BCF__HTTP__PORT` is `bcf.http.port`: letter case does not matter, numbers are indices of lists. */
export function overridesOfEnvironment(
  schema: z.core.$ZodType,
  variables: Readonly<Record<string, string>>,
): Overrides {
  return collect(
    schema,
    Object.entries(variables).map(([name, text]) => ({
      source: name,
      words: name.slice(overridePrefix.length).split('__'),
      text,
      spell: (keys: readonly string[]) => overridePrefix + keys.join('__').toUpperCase(),
    })),
  );
}

/** Flags by dotted path: `{'bcf.http.port': '15960'}`. */
export function overridesOfFlags(
  schema: z.core.$ZodType,
  flags: Readonly<Record<string, string>>,
): Overrides {
  return collect(
    schema,
    Object.entries(flags).map(([name, text]) => ({
      source: `--set ${name}`,
      words: name.split('.'),
      text,
      spell: (keys: readonly string[]) => keys.join('.'),
    })),
  );
}

function collect(
  schema: z.core.$ZodType,
  given: readonly {
    source: string;
    words: readonly string[];
    text: string;
    spell: (keys: readonly string[]) => string;
  }[],
): Overrides {
  const found: Override[] = [];
  const problems: ConfigProblem[] = [];
  for (const { source, words, text, spell } of given) {
    const path: PropertyKey[] = [];
    let at: z.core.$ZodType | undefined = schema;
    for (const word of words) {
      // Another element's part of the file: not ours to judge.
      if (at && kindsOf(at).has('unknown')) break;
      const key: PropertyKey | undefined = at && keyFor(at, word);
      const member: z.core.$ZodType | undefined = at && key !== undefined ? memberOf(at, key) : undefined;
      if (!at || key === undefined || !member) {
        const like = at && closest(word, keysOf(at) ?? []);
        const problem = {
          file: source,
          line: 0,
          column: 0,
          path: pathText(path),
          message: `unknown key "${word}"`,
        };
        problems.push(
          like === undefined
            ? problem
            : { ...problem, hint: `did you mean ${spell([...path.map(String), like])}?` },
        );
        at = undefined;
        break;
      }
      path.push(key);
      at = member;
    }
    if (at && !kindsOf(at).has('unknown')) found.push({ source, path, value: valueFor(at, text) });
  }
  return { found, problems };
}

function keyFor(schema: z.core.$ZodType, word: string): PropertyKey | undefined {
  const keys = keysOf(schema);
  if (keys) return keys.find((key) => key.toLowerCase() === word.toLowerCase());
  const kinds = kindsOf(schema);
  if (kinds.has('array') || kinds.has('tuple'))
    return word.length < 6 && Number(word) >= 0 ? Number(word) : undefined;
  return kinds.has('record') ? word.toLowerCase() : undefined;
}

/** Text stays text where text is expected; elsewhere it is read as YAML reads it: numbers, true, lists. */
function valueFor(schema: z.core.$ZodType, text: string): unknown {
  const kinds = kindsOf(schema);
  const textOnly = [...kinds].every((kind) => kind === 'string' || kind === 'enum' || kind === 'literal');
  if (textOnly) return text;
  try {
    return parse(text) as unknown;
  } catch {
    return text;
  }
}

/** A copy of `root` with the value put at the path; lists and objects on the way are made. */
export function withValue(root: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (typeof key === 'number') {
    const list: unknown[] = Array.isArray(root) ? [...(root as unknown[])] : [];
    list[Math.min(key, list.length)] = withValue(list[key], rest, value);
    return list;
  }
  const object = typeof root === 'object' && root !== null && !Array.isArray(root) ? root : {};
  const member = Object.hasOwn(object, key) ? (object as Record<PropertyKey, unknown>)[key] : undefined;
  return { ...object, [key]: withValue(member, rest, value) };
}
