import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from './manifest.js';

/** Kinds that kubernetes-models has no types of: those of the Prometheus operator. */
export const kindsWithoutTypes: ReadonlySet<string> = new Set(['ServiceMonitor', 'PrometheusRule']);

/** A module in which every manifest is checked against the type of its kind: misspelt keys included. */
export function typedModule(manifests: readonly Manifest[]): string {
  const imports = new Set<string>();
  // Overlays share most of what they consist of.
  const checks = new Set<string>();
  for (const manifest of manifests.filter(({ kind }) => !kindsWithoutTypes.has(kind))) {
    const { apiVersion, kind } = manifest;
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : [undefined, apiVersion];
    const from = `kubernetes-models/${group === undefined ? '' : `${group}/`}${version ?? ''}/${kind}`;
    const alias = `${kind}_${apiVersion.replace(/[^a-z0-9]/gi, '_')}`;
    imports.add(`import type { I${kind} as ${alias} } from '${from}';`);
    // Long texts make errors long, and say nothing about types.
    const short = JSON.stringify(manifest, (_, value: unknown) =>
      typeof value === 'string' && value.length > 200 ? value.slice(0, 20) : value,
    );
    checks.add(`void (${short} satisfies ${alias});`);
  }
  return `${[...imports].join('\n')}\n${[...checks].join('\n')}\n`;
}

/** What the compiler says against these manifests, a line each. `root`: of the repository; `folder`: to work in. */
export function typeErrors(manifests: readonly Manifest[], root: string, folder: string): string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'manifests.ts'), typedModule(manifests));
  const options = {
    ...{ strict: true, noEmit: true, skipLibCheck: true, module: 'esnext', moduleResolution: 'bundler' },
    ...{ target: 'es2023', types: [] },
  };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, files: ['manifests.ts'] }),
  );
  try {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8', env: {} });
    return [];
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    if (typeof stdout !== 'string' || stdout === '') throw error;
    return stdout.trim().split('\n');
  }
}
