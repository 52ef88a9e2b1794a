import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { defineConfig, type Plugin } from 'vitest/config';

const root = import.meta.dirname;

/** What a spec imports is what the build made of it, loaded by Node as in production: a third of the time of sources. */
const built: Plugin = {
  name: 'esinet-built',
  enforce: 'pre',
  resolveId(source, importer) {
    if (!source.startsWith('.') || !importer?.endsWith('.spec.ts')) return null;
    const file = resolve(dirname(importer), source);
    // What was built of a source that is gone is not taken.
    if (!existsSync(file.replace(/\.js$/, '.ts'))) return null;
    return join(root, relative(root, file).replace('/src/', '/dist/'));
  },
};

export default defineConfig({
  plugins: [built],
  test: {
    include: [
      'test/src/**/*.spec.ts',
      'tools/*/src/**/*.spec.ts',
      'deploy/check/src/**/*.spec.ts',
      '{libs,apps}/*/src/**/*.spec.ts',
      'libs/elements/*/src/**/*.spec.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    server: { deps: { external: [new RegExp(`^${root}/(?!node_modules/).*/dist/.*\\.js$`)] } },
    globalSetup: ['tools/specs/build-first.mjs'],
    // One process for many specs loads once what they share: half of the time of all tests. Whoever leaves something
    // behind for the next one is found out.
    isolate: false,
    setupFiles: ['tools/specs/leaves-nothing.mjs'],
    // Much of a test is waiting: as many at a time as a small machine has cores.
    maxWorkers: 2,
    testTimeout: 15_000,
    hookTimeout: 30_000,
  },
});
