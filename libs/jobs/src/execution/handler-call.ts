import type { JobRun } from './job-run.js';

/** Calls a handler's method with arguments. @internal */
export type HandlerCall = (run: JobRun, args: readonly unknown[]) => unknown;
