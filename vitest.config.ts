import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Real Dask clusters share two cores: more files at once only make each other slow.
    maxWorkers: 2,
  },
});
