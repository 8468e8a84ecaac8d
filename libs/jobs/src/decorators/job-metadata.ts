import { rules, type JobOptions, type JobsClassOptions } from '../options/index.js';

/** Metadata key on a method: its {@link JobOptions}. @internal */
export const JOB_METADATA = 'nestjs-jobs:job';
/** Metadata key on a class: its {@link JobsClassOptions}. @internal */
export const JOBS_METADATA = 'nestjs-jobs:jobs';

/**
 * A use of `@Job` that cannot work, kept for the report at boot: a decorator that throws would stop
 * the import of the file, and show one fault at a time.
 * @internal
 */
export interface MisplacedJob {
  readonly target: object;
  readonly where: string;
  readonly reason: string;
}

/** All misplaced uses of this process. @internal */
export const misplacedJobs: MisplacedJob[] = [];

/** Options of a decorated method, or undefined. @internal */
export function jobOptionsOf(method: object): JobOptions | undefined {
  return Reflect.getMetadata(JOB_METADATA, method) as JobOptions | undefined;
}

/** Class defaults, the nearest ancestor's first, or undefined. @internal */
export function classOptionsOf(type: object): JobsClassOptions | undefined {
  return Reflect.getMetadata(JOBS_METADATA, type) as JobsClassOptions | undefined;
}

const declaredQueues = new Set<string>();

/** Notes a queue that some decorator names, so that it can be injected without being registered. @internal */
export function declareQueue(name: unknown): void {
  if (rules.queueName.accepts(name)) declaredQueues.add(name as string);
}

/** Every queue that a decorator of a loaded file names. @internal */
export function queuesDeclaredByDecorators(): readonly string[] {
  return [...declaredQueues];
}
