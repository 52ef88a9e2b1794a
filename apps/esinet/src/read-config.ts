import { existsSync } from 'node:fs';
import { type Result, err } from '@esinet/kernel';
import { type LoadedConfig, formatProblem, loadConfigWithOrigins, readConfig } from '@esinet/platform';
import { type EsinetConfig, esinetConfigSchema } from './config.js';

/** Read when no file is named and there is one. */
export const defaultConfigFile = 'esinet.yaml';

/** Whether no file says what is to run: the lab, with all there is to try. */
export function isLab(file: string | undefined): boolean {
  return file === undefined && !existsSync(defaultConfigFile);
}

/** The configuration, or the lines to tell: one for each problem, with file, line, column and a hint. */
export function readEsinetConfig(
  file: string | undefined,
  flags: Readonly<Record<string, string>> = {},
): Result<LoadedConfig<EsinetConfig>, string[]> {
  const named = file ?? (existsSync(defaultConfigFile) ? defaultConfigFile : undefined);
  const loaded =
    named === undefined
      ? readConfig(esinetConfigSchema, '', 'defaults', { flags })
      : loadConfigWithOrigins(esinetConfigSchema, named, { flags });
  return loaded.ok ? loaded : err(loaded.error.map(formatProblem));
}
