import type { HandlerRun } from './handler-run.js';

/** Calls a handler's method with arguments. @internal */
export type HandlerCall = (run: HandlerRun, args: readonly unknown[]) => unknown;
