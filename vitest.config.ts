import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['esinet-source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['esinet-source', 'node', 'import', 'default'] } },
  test: {
    include: ['test/src/**/*.spec.ts', 'tools/*/src/**/*.spec.ts', '{libs,apps}/*/src/**/*.spec.ts', 'libs/elements/*/src/**/*.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 15_000,
    hookTimeout: 30_000,
  },
});
