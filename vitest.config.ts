import { availableParallelism } from 'node:os';
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';
import { FAULT_ROWS, hasFaultRows } from './test/support/fault-rows.js';
import { TurnsSequencer } from './test/support/turns-sequencer.js';

const ALL = [
  'libs/*/src/**/*.spec.ts',
  'apps/*/src/**/*.spec.ts',
  'test/{contract,differential,e2e,faults,architecture}/**/*.test.ts',
];

/** Specs of what needs no store. */
const PLAIN =
  'libs/jobs/src/{calling,decorators,enqueueing,execution,options,payload,timing}/**/*.spec.ts';

const SHARING = 'test/contract/**/*.test.ts';

/**
 * A path picks a group (`npx vitest run test/contract`). Plain specs share the modules of a process; all others
 * have processes of their own, since BullMQ keeps statics (the default backend factory, `BullModule.queueClass`),
 * and one file's engine must not leak into the next one.
 */
export default defineConfig({
  // Workspace packages are tested from their sources: see "exports" in libs/*/package.json.
  ssr: { resolve: { conditions: ['@nestjs-jobs/source', ...defaultServerConditions] } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ALL,
          exclude: [PLAIN, SHARING, ...(hasFaultRows() ? [] : [FAULT_ROWS])],
          typecheck: {
            enabled: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
          },
        },
      },
      { extends: true, test: { name: 'plain', include: [PLAIN], isolate: false } },
      { extends: true, test: { name: 'contract', include: [SHARING], isolate: false } },
    ],
    pool: 'forks',
    sequence: { sequencer: TurnsSequencer },
    // More than the processors: fault rows wait for locks and clocks most of their time. Fewer in CI, where all of
    // them run and a false alarm costs more than a minute.
    maxWorkers: Math.ceil((process.env['CI'] ? 1.5 : 2) * availableParallelism()),
    testTimeout: 20_000,
    hookTimeout: 30_000,
    teardownTimeout: 15_000,
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/after-tests.setup.ts'],
    reporters: ['default', './test/support/summary-reporter.ts'],
    coverage: {
      provider: 'v8',
      include: ['libs/*/src/**/*.ts'],
      exclude: ['**/*.spec.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
      // Not branches: emitted decorator metadata adds `typeof` guards that no test can take.
      thresholds: { lines: 85, functions: 85 },
    },
  },
});
