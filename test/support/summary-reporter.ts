import { writeSync } from 'node:fs';
import { FAULT_ROWS, hasFaultRows } from './fault-rows.js';
import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node';

type SerializedError = Parameters<NonNullable<Reporter['onTestRunEnd']>>[1][number];

/**
 * Totals of one run. A file that does not load, a failed hook or a stray error is a failure too.
 */
interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Prints, as the very last line of a run, `N passed, N failed, N skipped`; before it a line for
 * each failed test.
 *
 * Skipped tests are listed with their reasons. With `CI=true` they make the run fail: a server that
 * is missing there must not look like a pass. A name filter (`-t`) skips on purpose and is exempt.
 */
export default class SummaryReporter implements Reporter {
  private vitest: Vitest | undefined;
  /**
   * Until a run has ended it counts as failed: a global setup that throws ends the process early.
   */
  private totals: Totals = { passed: 0, failed: 1, skipped: 0 };
  private failures: string[] = [];

  onInit(vitest: Vitest): void {
    this.vitest = vitest;
    if (vitest.config.watch) return;
    // On exit, so that nothing (coverage, teardown) prints after it.
    process.once('exit', () => this.printTotals());
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    this.totals = {
      passed: tests.filter((test) => test.result().state === 'passed').length,
      failed:
        tests.filter((test) => ['failed', 'pending'].includes(test.result().state)).length +
        modules.reduce((sum, module) => sum + countBrokenSuites(module), 0) +
        errors.length,
      skipped: skipped.length,
    };
    this.failures = tests.filter((test) => test.result().state === 'failed').map(failure);
    if (!this.vitest?.config.testNamePattern) this.reportSkips(skipped);
    if (!hasFaultRows()) process.stderr.write(`\n!! ${FAULT_ROWS} LEFT OUT: npm run test:faults\n`);
    if (this.vitest?.config.watch) this.printTotals();
  }

  private reportSkips(skipped: TestCase[]): void {
    if (skipped.length === 0) return;
    const byReason = Map.groupBy(skipped, skipReason);
    const lines = [...byReason].flatMap(([reason, tests]) => [
      `  ${reason}`,
      ...tests.map((test) => `    - ${test.module.relativeModuleId} > ${test.fullName}`),
    ]);
    process.stderr.write(`\n!! ${skipped.length} SKIPPED\n${lines.join('\n')}\n`);
    if (process.env.CI !== 'true') return;
    process.stderr.write('!! CI=true: a skipped test fails the run\n');
    process.exitCode = 1;
  }

  private printTotals(): void {
    const { passed, failed, skipped } = this.totals;
    if (failed > 0) process.exitCode = 1;
    // Synchronous: the process may be on its way out.
    const lines = [...this.failures, `${passed} passed, ${failed} failed, ${skipped} skipped`];
    writeSync(1, `\n${lines.join('\n')}\n`);
  }
}

/** One line that says which test failed and how: `.ci/run` repeats it after its later stages. */
function failure(test: TestCase): string {
  const [message = ''] = (test.result().errors?.[0]?.message ?? '').split('\n');
  return `FAILED ${test.module.relativeModuleId} > ${test.fullName}: ${message.slice(0, 300)}`;
}

/** Files and suites that failed by themselves: a syntax error, or a `beforeAll` that threw. */
function countBrokenSuites(collection: TestModule | TestSuite): number {
  const nested = [...collection.children.suites()];
  return (
    (collection.errors().length > 0 ? 1 : 0) +
    nested.reduce((sum, suite) => sum + countBrokenSuites(suite), 0)
  );
}

/** The note given to `context.skip(reason)`, else the `(skipped: …)` part of a suite's name. */
function skipReason(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  return note ?? /\(skipped: (.+?)\)( >|$)/.exec(test.fullName)?.[1] ?? 'no reason given';
}
