import { parseUri } from '@esinet/sip';
import { closestName } from './closest-name.js';
import { MAX_POLICY_PROBLEMS, type PathStep, shortValue } from './policy-problem.js';

/** A problem before its path was written out and its line looked up. */
export interface FoundProblem {
  readonly path: readonly PathStep[];
  readonly message: string;
  readonly value?: string;
  readonly hint?: string;
}

/** Text of one member. */
const MAX_TEXT = 4_096;
/** NENA timestamps are those of RFC 3339 with an offset. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;

/**
 * Members of one JSON object, each asked for by name and checked. What is wrong is noted and read as undefined, so that
 * one reading finds everything.
 */
export class Fields {
  readonly #asked = new Set<string>();

  constructor(
    readonly object: Readonly<Record<string, unknown>>,
    readonly path: readonly PathStep[],
    readonly problems: FoundProblem[],
  ) {}

  /** Undefined, and noted, where the value is no object. */
  static of(value: unknown, path: readonly PathStep[], problems: FoundProblem[]): Fields | undefined {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return new Fields(value as Record<string, unknown>, path, problems);
    if (problems.length < MAX_POLICY_PROBLEMS)
      problems.push({ path, message: 'expected an object', value: shortValue(value) });
    return undefined;
  }

  has(name: string): boolean {
    return this.object[name] !== undefined;
  }

  wrong(name: string, message: string, hint?: string): undefined {
    if (this.problems.length >= MAX_POLICY_PROBLEMS) return undefined;
    const value = this.object[name];
    this.problems.push({
      path: [...this.path, name],
      message,
      ...(value !== undefined && { value: shortValue(value) }),
      ...(hint !== undefined && { hint }),
    });
    return undefined;
  }

  /** About the object, not one of its members. */
  refuse(message: string, hint?: string): undefined {
    if (this.problems.length < MAX_POLICY_PROBLEMS)
      this.problems.push({ path: this.path, message, ...(hint !== undefined && { hint }) });
    return undefined;
  }

  raw(name: string): unknown {
    this.#asked.add(name);
    return this.object[name];
  }

  text(name: string, hint?: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined) return this.wrong(name, 'is missing', hint);
    return this.optionalText(name, hint);
  }

  optionalText(name: string, hint?: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value.trim() === '') return this.wrong(name, 'expected a text', hint);
    if (value.length > MAX_TEXT) return this.wrong(name, `is longer than ${MAX_TEXT} characters`, hint);
    return value;
  }

  /** One of these words, however it is written. */
  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const value = this.text(name, words.length > 12 ? undefined : `one of ${words.join(', ')}`);
    if (value === undefined) return undefined;
    const found = words.find((word) => word.toLowerCase() === value.trim().toLowerCase());
    if (found !== undefined) return found;
    const meant = closestName(value, words);
    const all = `one of ${words.join(', ')}`;
    return this.wrong(name, 'is not known', meant === undefined ? all : `did you mean ${meant}? ${all}`);
  }

  integer(name: string, from: number, to: number, hint?: string): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return this.wrong(name, 'is missing', hint);
    if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to) return value;
    return this.wrong(name, `expected a whole number from ${from} to ${to}`, hint);
  }

  optionalInteger(name: string, from: number, to: number, hint?: string): number | undefined {
    return this.raw(name) === undefined ? undefined : this.integer(name, from, to, hint);
  }

  /** False where it is not given. */
  flag(name: string): boolean {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'boolean') return value === true;
    this.wrong(name, 'expected true or false');
    return false;
  }

  /** Wall milliseconds. */
  optionalTime(name: string): { readonly ms: number; readonly text: string } | undefined {
    const text = this.optionalText(name);
    if (text === undefined) return undefined;
    const ms = TIMESTAMP.test(text) ? Date.parse(text) : NaN;
    if (Number.isNaN(ms)) return this.wrong(name, 'expected a timestamp', '2026-03-01T18:00:00+01:00');
    return { ms, text };
  }

  texts(name: string, hint?: string): string[] | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (
      !Array.isArray(value) ||
      value.length === 0 ||
      !value.every((each) => typeof each === 'string' && each !== '')
    )
      return this.wrong(name, 'expected a list of texts', hint);
    return value as string[];
  }

  /** Elements of a list with their paths. */
  list(name: string, most: number): { readonly value: unknown; readonly path: readonly PathStep[] }[] {
    const value = this.raw(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) {
      this.wrong(name, 'expected a list');
      return [];
    }
    if (value.length > most) {
      this.problems.push({
        path: [...this.path, name],
        message: `has ${value.length} elements, ${most} are allowed`,
      });
      return [];
    }
    return value.map((each: unknown, i) => ({ value: each, path: [...this.path, name, i] }));
  }

  sipUri(name: string): string | undefined {
    const text = this.text(name, 'a SIP URI: sip:overflow@psap.example');
    if (text === undefined) return undefined;
    const uri = parseUri(text);
    if (uri && (uri.scheme === 'sip' || uri.scheme === 'sips') && uri.host !== '') return text;
    return this.wrong(name, 'expected a SIP URI', 'sip:overflow@psap.example');
  }

  /** Names nobody asked for are wrong: a condition that is not looked at would be true. */
  end(): void {
    const known = [...this.#asked];
    for (const name of Object.keys(this.object)) {
      if (this.#asked.has(name)) continue;
      const meant = closestName(name, known);
      this.wrong(
        name,
        'is not a member known here',
        meant === undefined ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`,
      );
    }
  }
}
