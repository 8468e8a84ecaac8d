import { availableParallelism } from 'node:os';
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';
import { FAULT_ROWS, hasFaultRows } from './test/support/fault-rows.js';
import { TurnsSequencer } from './test/support/turns-sequencer.js';

/**
 * What has modules of its own: whole applications, other processes, and what looks at the sources
 * themselves.
 */
const ALONE = [
  'test/{differential,e2e,faults,architecture}/**/*.test.ts',
  // Which modules are loaded is what it is about.
  'libs/jobs/src/logging/pino-log-writer.spec.ts',
];

/**
 * What shares the modules of a process with the files before it: to load Nest and BullMQ anew takes
 * longer than most of these files do. So each leaves behind what it found (see after-tests.ts).
 */
const TOGETHER = ['{libs,apps}/*/src/**/*.spec.ts', 'test/contract/**/*.test.ts'];

/** A path picks a group (`npx vitest run test/contract`). */
export default defineConfig({
  // Workspace packages are tested from their sources: see "exports" in libs/*/package.json.
  ssr: { resolve: { conditions: ['@nestjs-jobs/source', ...defaultServerConditions] } },
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'together', include: TOGETHER, exclude: ALONE, isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
          exclude: hasFaultRows() ? [] : [FAULT_ROWS],
          typecheck: {
            enabled: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
          },
        },
      },
    ],
    pool: 'forks',
    sequence: { sequencer: TurnsSequencer },
    // More than the processors: fault rows wait for locks and clocks most of their time. Fewer in
    // CI, where all of them run and a false alarm costs more than a minute.
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
