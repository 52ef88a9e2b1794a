import { exit, dim, print, printJson, tell } from '../terminal.js';
import { readEsinetConfig } from '../read-config.js';

export interface ConfigOptions {
  readonly config?: string;
  readonly origin?: boolean;
  readonly json?: boolean;
}

/** `esinet config check`: every problem with its place, or a word that there is none. */
export function configCheck(o: ConfigOptions): number {
  const read = readEsinetConfig(o.config);
  if (read.ok) {
    print(`${o.config ?? 'The configuration'} is good.`);
    return exit.ok;
  }
  for (const line of read.error) tell(line);
  return exit.failed;
}

/** `esinet config show [--origin]`: every value in force. Secrets are never shown. */
export function configShow(o: ConfigOptions): number {
  const read = readEsinetConfig(o.config);
  if (!read.ok) {
    for (const line of read.error) tell(line);
    return exit.failed;
  }
  const { value, origins } = read.value;
  const rows = [...origins].map(([path, origin]) => ({ path, value: shown(path, at(value, path)), origin }));
  if (o.json) {
    printJson(rows);
    return exit.ok;
  }
  for (const row of rows) print(`${row.path}: ${row.value}${o.origin ? dim(`   # ${row.origin}`) : ''}`);
  return exit.ok;
}

const secret = ['password', 'secret', 'key', 'token'];

function shown(path: string, value: unknown): string {
  const name = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  if (typeof value === 'string' && secret.some((word) => name.includes(word))) return '(hidden)';
  return typeof value === 'string' ? withoutPassword(value) : (JSON.stringify(value) ?? 'none');
}

/** `postgres://user:(hidden)@host`: a URL may carry a secret whatever its key is called. */
function withoutPassword(text: string): string {
  const { username, password } = URL.canParse(text) ? new URL(text) : { username: '', password: '' };
  return password === '' ? text : text.replace(`${username}:${password}@`, `${username}:(hidden)@`);
}

/** The value at `esrp.hops[0].port`. */
function at(value: unknown, path: string): unknown {
  let found = value;
  for (const key of path.replaceAll('[', '.').replaceAll(']', '').split('.')) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}
