import type { JobInfo } from '../contracts/index.js';
import { describeBlock, errorReason, errorText } from '../errors/index.js';

/**
 * The words of every log line about jobs, in one place.
 * @internal
 */
export const messages = {
  started: (job: JobInfo) => `Job ${job.name} started (attempt ${job.attempt} of ${job.attempts})`,
  completed: (job: JobInfo, ms: number) => `Job ${job.name} completed in ${ms} ms`,
  skipped: (job: JobInfo, reason: string) => `Job ${job.name} was not run: ${reason}`,
  attemptFailed: (job: JobInfo, error: Error, retryAt: Date) =>
    `Job ${job.name} failed attempt ${job.attempt} of ${job.attempts}: ${errorReason(error)}; next attempt at ${retryAt.toISOString()}`,
  failed: (job: JobInfo, error: Error) =>
    `Job ${job.name} failed for good at attempt ${job.attempt} of ${job.attempts}: ${errorReason(error)}`,
  postponed: (job: JobInfo, delayMs: number) => `Job ${job.name} postponed by ${delayMs} ms`,
  givenBack: (job: JobInfo, reason: string) => `Job ${job.name} given back to its queue: ${reason}`,
  lockLost: (job: JobInfo, blockedMs: number) =>
    `Job ${job.name} lost its lock${describeBlock(blockedMs)}: another worker may be running it, and what this run returns is discarded`,
  takenOver: (job: JobInfo, times: number) =>
    `Job ${job.name} (queue "${job.queue}", attempt ${job.attempt} of ${job.attempts}) is taken over from a process that ` +
    `stopped renewing its lock: it was killed or cut off, or its event loop was blocked. Taken over so far: ` +
    counted(times, 'time'),
  takenOverUnread: (id: string, queue: string) =>
    `Job ${id} (queue "${queue}") is taken over from a process that stopped renewing its lock; it could not be read`,
  resultNotKept: (job: JobInfo, loss: string) => `Job ${job.name} returned a value that ${loss}`,
  stepNotKept: (job: JobInfo, step: string, loss: string) =>
    `Job ${job.name}: step "${step}" returned a value that ${loss}`,
  keyNotChanged: (job: JobInfo, error: unknown) =>
    `The record of the idempotency key of job ${job.name} was not changed: ${errorReason(error)}`,
  unknownName: (name: string, queue: string, retryInMs: number) =>
    `Job "${name}" in queue "${queue}" has no handler in this process; postponed by ${retryInMs} ms`,
  handedOver: (name: string, queue: string) =>
    `Job "${name}" in queue "${queue}" has no handler in this process; handed over to a server that has one`,
  unwanted: (name: string, id: string, queue: string, reason: string) =>
    `Job "${name}" (id ${id}) in queue "${queue}" was removed without a run: no server has its handler, and ${reason}`,
  forgotten:
    'The store does not know this server any more: it has lost data, or could not be reached for long. What was written at boot is written again',
  restored: 'What was written at boot is in the store again',
  sharedQueues: (queues: readonly string[], host: string, pid: number) =>
    `Server ${host}:${pid} works on ${list(queues)} too, and has no job name in common with this process: are these two services? ` +
    'Each then hands jobs over to the other; give each a "prefix" (PostgreSQL: "schema") or queues of its own',
  stranded: (queue: string, held: number) =>
    `Queue "${queue}" holds ${counted(held, 'job')} and no server works on it: was a handler moved to another queue? ` +
    `Let a server run them, with forRoot({ queues: { "${queue}": {} }, workers: [its queues, "${queue}"] }), or remove them`,
  minifiedName: (name: string) =>
    `The class of job "${name}" seems to be minified: its name may be another one in the next build. ` +
    'Give the job @Job({ name }), or let the bundler keep class names',
  misfires: (id: string, missed: number, runs: number, policy: string) =>
    `Recurring job "${id}" missed ${counted(missed, 'tick')}; policy ${policy}, runs for them: ${runs}`,
  clockStepped: (ms: number) =>
    `The clock by which recurring jobs are due went ${ms > 0 ? 'ahead' : 'back'} by ${Math.round(Math.abs(ms) / 1_000)} s: it was set, or the machine was asleep`,
  plannedAnew: (id: string, aheadMs: number) =>
    `Recurring job "${id}" is planned anew: its ticks were dealt with up to ${Math.round(aheadMs / 1_000)} s from now, so the clock was set back`,
  ticksSkipped: (id: string, skipped: number) =>
    `Recurring job "${id}": ${counted(skipped, 'tick')} skipped, since the run of an earlier one was waiting or running`,
  scheduleUnreadable: (id: string, error: unknown) =>
    `Recurring job "${id}" cannot be run by this process: ${errorReason(error)}`,
  scheduleUndeclared: (id: string) =>
    `Recurring job "${id}" is declared by no live process any more; it has no ticks from now on`,
  runNotRecorded: (id: string, error: unknown) =>
    `The end of a run of the recurring job "${id}" was not recorded: ${errorReason(error)}`,
  processRecurrences: (ids: readonly string[]) =>
    `Recurring in this process: ${ids.map((id) => `"${id}"`).join(', ')}`,
  timeoutDeleted: (id: string) =>
    `Recurring job "${id}" has no ticks in this process any more: its timeout was deleted from the SchedulerRegistry`,
  ticksUnknown: (id: string, error: unknown) =>
    `Recurring job "${id}" cannot tell its next tick: ${errorText(error)}`,
  ticksFailed: (id: string, retryInMs: number, error: unknown) =>
    `Recurring job "${id}": what is due could not be enqueued, and is tried again in ${retryInMs} ms: ${errorText(error)}`,
  interrupted: (job: JobInfo) => `Job ${job.name} was interrupted by the shutdown`,
  progress: (job: JobInfo, value: unknown) => `Job ${job.name} is at ${JSON.stringify(value)}`,
  line: (job: JobInfo, line: string) => `Job ${job.name}: ${line}`,
  linesFailed: (error: unknown) => `Concurrency keys: ${errorText(error)}`,
  hookFailed: (hook: string, error: unknown) => `Hook ${hook} threw: ${errorText(error)}`,
  repairFailed: (repair: string, item: string, error: unknown) =>
    item === ''
      ? `${repair}: this round failed: ${errorText(error)}`
      : `${repair}: goes on without ${item}: ${errorText(error)}`,
  jobsStored: (place: string) => `Jobs are stored in ${place}`,
  jobsOnThisMachine: (place: string) =>
    `Jobs are stored in ${place}, on this machine alone; for several machines give JobsModule a "connection"`,
  jobsOnDefaultFile: (place: string) =>
    `Jobs are stored in ${place}, since JobsModule was given no "connection": a file of this machine alone, whose path ` +
    `depends on the working directory. Give it one, in production; to stay here, 'file:' and that path`,
  jobsInMemory: 'Jobs are stored in memory alone, and are gone when this process ends',
  workersStarted: (queues: readonly string[]) =>
    queues.length === 0
      ? 'No queue to work on: this process only enqueues'
      : `Working on ${queues.map((q) => `"${q}"`).join(', ')}`,
  draining: (running: number) => `Stopping: waiting for ${counted(running, 'running job')}`,
  aborting: (running: number) =>
    `Shutdown timeout is over: aborting ${counted(running, 'running job')}`,
  drained: (ms: number) => `All workers stopped in ${ms} ms`,
  secondSignal: (signal: string) => `Second ${signal}: aborting running jobs now`,
  hooksOff:
    'Shutdown hooks are off, so a deploy will kill running jobs: call app.enableShutdownHooks() in main.ts',
  storeLost: (engine: string, error: Error) =>
    `The ${engine} store cannot be reached: ${error.message}`,
  storeIsNewer: (error: Error) => `This process claims no more jobs. ${error.message}`,
  storeBack: (engine: string, ms: number) => `The ${engine} store is back after ${ms} ms`,
  workerError: (queue: string, error: Error) => `Worker of queue "${queue}": ${error.message}`,
  lateHandlers: (names: readonly string[], unworked: readonly string[], isRecurring: boolean) => {
    const limits = [
      unworked.length > 0 &&
        `this process runs no jobs of ${unworked.map((queue) => `"${queue}"`).join(', ')}`,
      isRecurring && 'what they declare with @Recurring() does not begin',
    ].filter((limit) => limit !== false);
    return (
      `Handlers of a module that was loaded late (LazyModuleLoader): ${names.join(', ')}. They can be enqueued` +
      (limits.length > 0 ? `, but ${limits.join(', and ')}; import the module instead` : ' and run')
    );
  },
  lateHandlersRefused: (fault: unknown) =>
    `Handlers of a module that was loaded late (LazyModuleLoader) are not used: ${errorReason(fault)}`,
  remoteHandler: (name: string, className: string, queue: string) =>
    `Jobs "${name}" are enqueued here into the queue "${queue}", which this process works on although ${className} is not ` +
    'among its providers: it hands them over to processes that have it. Provide it here, or give it a queue of its own',
  slotsWait: (queue: string, slots: number) =>
    `All handlers that this process may run of the queue "${queue}" (${slots}) wait for the result of another job in it, ` +
    'which cannot start here. Use continueWith() or a batch instead, another queue for the jobs that are waited for, ' +
    'or a higher concurrency',
  idleProcessors: (idle: readonly { readonly className: string; readonly queue: string }[]) =>
    `${idle.map(({ className, queue }) => `@Processor("${queue}") on ${className}`).join(', ')}: nobody starts it. ` +
    'Import BullModule.registerQueue() of @nestjs/bullmq, and name its queue in JobsModule.forRoot({ queues }) for it to ' +
    'work on the store of this module',
  providedTwice: (name: string) =>
    `The handler of job "${name}" is provided by several modules; the first one is used`,
} as const;

function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

function counted(count: number, one: string): string {
  return count === 1 ? `1 ${one}` : `${count} ${one}s`;
}
