import { fileURLToPath } from 'node:url';
import { type Rolldown, build } from 'vite';

export interface BuiltPage {
  readonly script: string;
  /** Modules the script is made of. */
  readonly modules: readonly string[];
  /** What it imports and does not contain. */
  readonly imports: readonly string[];
  readonly warnings: readonly string[];
}

/** The script of the test page, made by vite as a page of somebody else would be, from the sources of this repository. */
export async function buildPage(): Promise<BuiltPage> {
  const warnings: string[] = [];
  const output = (await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['esinet-source', 'module', 'browser', 'development|production'] },
    build: {
      write: false,
      modulePreload: false,
      rolldownOptions: {
        input: fileURLToPath(new URL('../../src/browser/page.ts', import.meta.url)),
        onwarn: (warning) => void warnings.push(warning.message),
      },
    },
  })) as Rolldown.RolldownOutput | Rolldown.RolldownOutput[];
  const chunks = [output]
    .flat()
    .flatMap((one) => one.output)
    .filter((file) => file.type === 'chunk');
  return {
    script: chunks.map(({ code }) => code).join('\n'),
    modules: chunks.flatMap(({ moduleIds }) => moduleIds),
    imports: chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]),
    warnings,
  };
}
