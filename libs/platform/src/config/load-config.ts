import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Result, err, messageOf, ok } from '@esinet/kernel';
import type { z } from 'zod';
import { environment } from './environment.js';
import { findingsOf, valueAt } from './issue-text.js';
import { type Override, overridesOfEnvironment, overridesOfFlags, withValue } from './overrides.js';
import { type ConfigProblem, type Path, pathText } from './problem.js';
import { readSecretFiles } from './secret-files.js';
import { YamlSource } from './yaml-source.js';

/** Largest configuration file that is read. */
export const maxConfigBytes = 1_048_576;

export interface LoadOptions {
  /** Values of the command line by dotted path; they win over everything. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Variables named `ESINET__…`; those of the process when not given. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** A configuration and where each value of it comes from: `default`, `esinet.yaml:6`, a variable, a flag or a file. */
export interface LoadedConfig<T> {
  readonly value: T;
  /** By path: `bcf.http.port`. */
  readonly origins: ReadonlyMap<string, string>;
}

/**
 * Reads a YAML file and checks it against a schema. A flag wins over an environment variable, that over the file, that
 * over the schema's default. All problems are told at once, in the order of their lines.
 */
export function loadConfig<T>(
  schema: z.ZodType<T>,
  file: string,
  options?: LoadOptions,
): Result<T, ConfigProblem[]> {
  const loaded = loadConfigWithOrigins(schema, file, options);
  return loaded.ok ? ok(loaded.value.value) : loaded;
}

export function loadConfigWithOrigins<T>(
  schema: z.ZodType<T>,
  file: string,
  options: LoadOptions = {},
): Result<LoadedConfig<T>, ConfigProblem[]> {
  const text = readText(file);
  if (!text.ok) return err([{ file, line: 0, column: 0, path: '', message: text.error }]);
  return readConfig(schema, text.value, file, options);
}

/** As `loadConfigWithOrigins`, from text already read; `file` is the name problems are told with. */
export function readConfig<T>(
  schema: z.ZodType<T>,
  text: string,
  file: string,
  options: LoadOptions = {},
): Result<LoadedConfig<T>, ConfigProblem[]> {
  const source = new YamlSource(file, text);
  const problems: ConfigProblem[] = [...source.problems];
  const failed = (): Result<never, ConfigProblem[]> => err(inOrder(problems));
  if (source.value === undefined && problems.length > 0) return failed();

  const environmentOverrides = overridesOfEnvironment(schema, options.variables ?? environment.overrides);
  const flagOverrides = overridesOfFlags(schema, options.flags ?? {});
  problems.push(...environmentOverrides.problems, ...flagOverrides.problems);
  const overrides = [...environmentOverrides.found, ...flagOverrides.found];
  let raw: unknown = source.value ?? {};
  for (const { path, value } of overrides) raw = withValue(raw, path, value);

  const secrets = readSecretFiles(schema, raw, file);
  raw = secrets.value;
  const overrideOf = (path: Path): Override | undefined =>
    overrides.findLast((o) => startsWith(path, o.path));
  const add = (path: Path, atKey: boolean, message: string, hint?: string): void => {
    const parent = path.slice(0, -1);
    const made = parent.length > 0 && !source.has(parent);
    const by = overrideOf(path) ?? (made ? overrides.findLast((o) => startsWith(o.path, parent)) : undefined);
    const place = by ? { line: 0, column: 0 } : atKey ? source.placeOfKey(path) : source.placeOf(path);
    const problem = { file: by?.source ?? file, ...place, path: pathText(path), message };
    problems.push(hint === undefined ? problem : { ...problem, hint });
  };
  for (const { path, message } of secrets.problems) add(path, true, message);

  const parsed = schema.safeParse(raw, { reportInput: true });
  if (!parsed.success) {
    for (const finding of findingsOf(schema, parsed.error.issues, raw)) {
      // A secret that could not be read was already told, as its file.
      const path = pathText(finding.path);
      if (secrets.problems.some((problem) => pathText(problem.path) === `${path}File`)) continue;
      add(finding.path, finding.atKey, finding.message, finding.hint);
    }
  }
  if (!parsed.success || problems.length > 0) return failed();

  const origins = new Map<string, string>();
  for (const path of leavesOf(parsed.data)) {
    const secret = secrets.read.find((candidate) => startsWith(path, candidate.path));
    const by = overrideOf(path);
    const inFile = by === undefined && valueAt(raw, path) !== undefined;
    origins.set(
      pathText(path),
      by?.source ?? (secret ? secret.file : inFile ? `${file}:${source.placeOf(path).line}` : 'default'),
    );
  }
  return ok({ value: parsed.data, origins });
}

function readText(file: string): Result<string, string> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return err(`there is no such file in ${dirname(file)}`);
    if (code === 'EISDIR') return err('this is a folder, not a file');
    if (code === 'EACCES') return err('this file may not be read by this user');
    return err(`cannot be read: ${messageOf(error)}`);
  }
  if (bytes.length > maxConfigBytes) return err(`larger than ${maxConfigBytes} bytes`);
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return err('this is not UTF-8 text');
  }
}

function* leavesOf(value: unknown, path: Path = []): Generator<Path> {
  const members: [PropertyKey, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : [];
  if (members.length === 0) yield path;
  for (const [key, member] of members) yield* leavesOf(member, [...path, key]);
}

function startsWith(path: Path, start: Path): boolean {
  return start.length <= path.length && start.every((key, i) => String(key) === String(path[i]));
}

function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}
