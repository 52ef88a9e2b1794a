import { z } from 'zod';
import { closest } from './closest.js';
import { type Path, pathText } from './problem.js';
import { choicesOf, keysOf, schemaAt } from './schema-walk.js';

type Issue = z.core.$ZodIssue;

export interface Finding {
  readonly path: Path;
  /** The problem is the key, not its value. */
  readonly atKey: boolean;
  readonly message: string;
  readonly hint?: string;
}

const expectedWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys with values',
  record: 'keys with values',
  null: 'nothing',
};

/** Says in plain words what zod found, with what may have been meant. */
export function findingsOf(schema: z.core.$ZodType, issues: readonly Issue[], root: unknown): Finding[] {
  // Of a value of the wrong kind nothing else is worth telling.
  const wrongKind = new Set(
    issues.filter((issue) => issue.code === 'invalid_type').map((issue) => pathText(issue.path)),
  );
  return issues
    .filter((issue) => issue.code === 'invalid_type' || !wrongKind.has(pathText(issue.path)))
    .flatMap((issue) => findingsOfIssue(schema, issue, root));
}

function findingsOfIssue(schema: z.core.$ZodType, issue: Issue, root: unknown): Finding[] {
  const value = valueAt(root, issue.path);
  const one = (message: string, hint?: string): Finding[] => [
    hint === undefined
      ? { path: issue.path, atKey: false, message }
      : { path: issue.path, atKey: false, message, hint },
  ];
  if (issue.code === 'unrecognized_keys') {
    const at = schemaAt(schema, issue.path);
    const present = new Set(typeof value === 'object' && value !== null ? Object.keys(value) : []);
    const free = (at ? (keysOf(at) ?? []) : []).filter((key) => !present.has(key));
    return issue.keys.map((key) => {
      const like = closest(key, free);
      const finding = { path: [...issue.path, key], atKey: true, message: 'unknown key' };
      if (like !== undefined) return { ...finding, hint: `did you mean "${like}"?` };
      const choice = free.length > 0 && free.length <= 12 ? `known here: ${free.join(', ')}` : undefined;
      return choice === undefined ? finding : { ...finding, hint: choice };
    });
  }
  const found = describe(value, issue.path);
  const own = issue.message !== defaultMessage(issue);
  if (own) {
    if (!issue.message.startsWith('expected')) return one(issue.message);
    return one(value === undefined ? `missing: ${issue.message}` : `${issue.message}, found ${found}`);
  }
  switch (issue.code) {
    case 'invalid_type': {
      const expected = expectedWords[issue.expected] ?? issue.expected;
      if (value === undefined) return one(`missing: expected ${expected}`);
      return one(`expected ${expected}, found ${found}`, typeHint(issue.expected, value));
    }
    case 'invalid_value': {
      const choices = issue.values.map((choice) => JSON.stringify(choice)).join(', ');
      const expected = issue.values.length === 1 ? choices : `one of ${choices}`;
      if (value === undefined) return one(`missing: expected ${expected}`);
      const like =
        typeof value === 'string'
          ? closest(
              value,
              issue.values.filter((v) => typeof v === 'string'),
            )
          : undefined;
      return one(
        `expected ${expected}, found ${found}`,
        like === undefined ? undefined : `did you mean "${like}"?`,
      );
    }
    case 'too_small':
      return one(bound('at least', Number(issue.minimum), issue.origin, issue.inclusive, found));
    case 'too_big':
      return one(bound('at most', Number(issue.maximum), issue.origin, issue.inclusive, found));
    case 'invalid_union':
      return unionFindings(schema, issue, root, found, value);
    case 'invalid_key':
      return [
        { path: issue.path, atKey: true, message: issue.issues[0]?.message ?? 'this key cannot stand here' },
      ];
    default:
      return one(lowerFirst(issue.message));
  }
}

/** Reports the variant that fits best: the one whose first problem lies deepest, then the one with fewest problems. */
function unionFindings(
  schema: z.core.$ZodType,
  issue: z.core.$ZodIssueInvalidUnion,
  root: unknown,
  found: string,
  value: unknown,
): Finding[] {
  const depth = (issues: readonly Issue[]): number =>
    Math.max(0, ...issues.map((inner) => inner.path.length));
  const branches = issue.errors.filter((issues) => issues.length > 0);
  const expected = new Set<string>();
  for (const branch of branches) {
    const [first] = branch;
    if (branch.length !== 1 || first?.path.length !== 0) continue;
    if (first.code === 'invalid_type') expected.add(expectedWords[first.expected] ?? first.expected);
    if (first.code === 'invalid_value')
      for (const choice of first.values) expected.add(JSON.stringify(choice));
  }
  const best = [...branches].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
  const wrongKind = expected.size === branches.length && expected.size > 0;
  if (wrongKind || !best) {
    if (!best) {
      for (const choice of choicesOf(schema, issue.path)) expected.add(JSON.stringify(choice));
    }
    const joined = best ? [...expected].join(' or ') : `one of ${[...expected].join(', ')}`;
    const choices = expected.size > 0 ? joined : 'another value';
    const message =
      value === undefined ? `missing: expected ${choices}` : `expected ${choices}, found ${found}`;
    return [{ path: issue.path, atKey: false, message }];
  }
  // A variant of the right kind says more than one that expected something else altogether.
  const fitting = branches.filter(
    (branch) => !(branch[0]?.code === 'invalid_type' && branch[0].path.length === 0),
  );
  const chosen = fitting.length > 0 && depth(best) === 0 ? (fitting[0] ?? best) : best;
  return chosen.flatMap((inner) =>
    findingsOfIssue(schema, { ...inner, path: [...issue.path, ...inner.path] }, root),
  );
}

function bound(
  word: string,
  limit: number,
  origin: string,
  inclusive: boolean | undefined,
  found: string,
): string {
  if (origin === 'string') return `must have ${word} ${limit} characters`;
  if (origin === 'array' || origin === 'set' || origin === 'map' || origin === 'record') {
    return `must have ${word} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  }
  const phrase = inclusive === false ? (word === 'at least' ? 'more than' : 'less than') : word;
  return `must be ${phrase} ${limit}, found ${found}`;
}

function typeHint(expected: string, value: unknown): string | undefined {
  if (expected === 'boolean' && typeof value === 'string') {
    const word = value.toLowerCase();
    if (word === 'yes' || word === 'on') return 'write true';
    if (word === 'no' || word === 'off') return 'write false';
  }
  if ((expected === 'number' || expected === 'int') && typeof value === 'string' && value.trim() !== '') {
    if (Number.isFinite(Number(value))) return `write ${value} without quotes`;
  }
  if (expected === 'string' && typeof value === 'number') return 'put it in quotes';
  if (expected === 'array' && typeof value !== 'object') return 'start each entry with a dash';
  return undefined;
}

/** What stands there; never the text itself where it may be a secret. */
function describe(value: unknown, path: Path): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'keys with values';
  if (typeof value === 'string') {
    if (isSecret(path)) return 'text';
    return `text ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`;
  }
  return isSecret(path)
    ? `a ${typeof value}`
    : `${typeof value === 'number' ? 'the number ' : ''}${String(value)}`;
}

/** Keys whose values never appear in a message. */
export function isSecret(path: Path): boolean {
  const last = path.findLast((key) => typeof key === 'string');
  const key = String(last ?? '').toLowerCase();
  return ['password', 'secret', 'token', 'credential', 'passphrase', 'privatekey'].some((word) =>
    key.includes(word),
  );
}

function defaultMessage(issue: Issue): string {
  const made = z.locales.en().localeError(issue as z.core.$ZodRawIssue);
  return typeof made === 'string' ? made : (made?.message ?? '');
}

export function valueAt(root: unknown, path: Path): unknown {
  let at = root;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
