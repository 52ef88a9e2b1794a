import { defineConfig } from 'vitest/config';

// Vitest hands these to node as --conditions: `import` among them would make require() load ESM, which breaks express.
export default defineConfig({
  resolve: { conditions: ['esinet-source', 'module', 'node', 'development|production'] },
  ssr: { resolve: { conditions: ['esinet-source', 'module', 'node', 'development|production'] } },
  test: {
    include: [
      'test/src/**/*.spec.ts',
      'tools/*/src/**/*.spec.ts',
      'deploy/check/src/**/*.spec.ts',
      '{libs,apps}/*/src/**/*.spec.ts',
      'libs/elements/*/src/**/*.spec.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // Much of a test is waiting: as many at a time as a small machine has cores.
    maxWorkers: 2,
    testTimeout: 15_000,
    hookTimeout: 30_000,
  },
});
