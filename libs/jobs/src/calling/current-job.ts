import { AsyncLocalStorage } from 'node:async_hooks';
import type { RunningJob } from '../contracts/index.js';

/** The job that the current asynchronous call chain belongs to. @internal */
export const currentJob = new AsyncLocalStorage<RunningJob>();
