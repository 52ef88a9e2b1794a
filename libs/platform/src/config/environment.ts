/* eslint-disable no-restricted-properties -- the one file that reads process.env */

/** Variables that start with this replace a value of the configuration: `ESINET__BCF__HTTP__PORT=15960`. */
export const overridePrefix = 'ESINET__';

const env = process.env;

/** All this program ever takes from the environment, read once. */
export const environment = {
  /** Overrides of configuration values by the name of their variable. */
  overrides: Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[0].startsWith(overridePrefix)),
  ) as Readonly<Record<string, string>>,
  /** Tests that need an outside program fail instead of being skipped when it is missing. */
  requireAll: env['ESINET_REQUIRE_ALL'] === '1',
  /** A continuous integration service runs us. */
  ci: env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false',
  /** no-color.org: any value but the empty one. */
  noColor: env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '',
  /** Folders in which programs are looked for. */
  path: (env['PATH'] ?? '').split(':').filter(Boolean) as readonly string[],
  /** How often the kill test ends a PSAP; the few of an ordinary run if it does not say. */
  kills: Number(env['ESINET_KILLS'] ?? 0) || undefined,
  /** How many seeds property tests try; the few of an ordinary run if it does not say. */
  seeds: Number(env['ESINET_SEEDS'] ?? 0) || undefined,
  /** Golden files are rewritten instead of compared. */
  update: env['UPDATE'] === '1',
} as const;
