import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf } from '@esinet/kernel';
import type { z } from 'zod';
import type { Path } from './problem.js';
import { keysOf, memberOf } from './schema-walk.js';

/** Largest secret that is read from a file. */
const maxSecretBytes = 65_536;

export interface SecretFile {
  /** Path of the value that came from the file. */
  readonly path: Path;
  readonly file: string;
}

export interface SecretProblem {
  readonly path: Path;
  readonly message: string;
}

/**
 * Where the schema knows `password` and the configuration says `passwordFile`, the password is what the file holds,
 * without its last line break. Relative names start at the configuration's folder.
 */
export function readSecretFiles(
  schema: z.core.$ZodType,
  root: unknown,
  configFile: string,
): { value: unknown; read: SecretFile[]; problems: SecretProblem[] } {
  const read: SecretFile[] = [];
  const problems: SecretProblem[] = [];

  const walk = (at: z.core.$ZodType | undefined, value: unknown, path: Path): unknown => {
    if (!at || typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item, i) => walk(memberOf(at, i), item, [...path, i]));
    const known = keysOf(at) ?? [];
    const result: [string, unknown][] = [];
    for (const [key, member] of Object.entries(value)) {
      const target = key.endsWith('File') ? key.slice(0, -'File'.length) : undefined;
      if (target === undefined || known.includes(key) || !known.includes(target)) {
        result.push([key, walk(memberOf(at, key), member, [...path, key])]);
      } else if (Object.hasOwn(value, target)) {
        problems.push({ path: [...path, key], message: `give either ${target} or ${key}, not both` });
      } else if (typeof member !== 'string') {
        problems.push({ path: [...path, key], message: 'expected the name of a file' });
      } else {
        const file = resolve(dirname(configFile), member);
        const text = secretOf(file);
        if ('problem' in text) problems.push({ path: [...path, key], message: text.problem });
        else {
          read.push({ path: [...path, target], file });
          result.push([target, text.secret]);
        }
      }
    }
    return Object.fromEntries(result);
  };

  return { value: walk(schema, root, []), read, problems };
}

function secretOf(file: string): { secret: string } | { problem: string } {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > maxSecretBytes) return { problem: `${file} is larger than ${maxSecretBytes} bytes` };
    const text = bytes.toString('utf8');
    return {
      secret: text.endsWith('\r\n') ? text.slice(0, -2) : text.endsWith('\n') ? text.slice(0, -1) : text,
    };
  } catch (error) {
    return { problem: `the file cannot be read: ${messageOf(error)}` };
  }
}
