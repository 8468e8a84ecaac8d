import { ErrorCode, UnrecoverableError } from 'bullmq';

/** What a refused operation was about. */
export interface Refusal {
  /** BullMQ's name of the operation. */
  command: string;
  jobId?: string | undefined;
  parentKey?: string | undefined;
  /** The state that the job was expected in. */
  state?: string;
}

/**
 * BullMQ's own error for one of its codes, word for word, so that callers can't tell the engines
 * apart.
 */
export function jobError(
  code: ErrorCode,
  { command, jobId, parentKey, state }: Refusal,
): Error & { code: ErrorCode } {
  const error =
    code === ErrorCode.JobHasFailedChildren
      ? new UnrecoverableError(
          `Cannot complete job ${jobId} because it has at least one failed child. ${command}`,
        )
      : new Error(messageOf(code));
  return Object.assign(error, { code });

  function messageOf(fault: ErrorCode): string {
    switch (fault) {
      case ErrorCode.JobNotExist:
        return `Missing key for job ${jobId}. ${command}`;
      case ErrorCode.JobLockNotExist:
        return `Missing lock for job ${jobId}. ${command}`;
      case ErrorCode.JobNotInState:
        return `Job ${jobId} is not in the ${state} state. ${command}`;
      case ErrorCode.JobPendingChildren:
        return `Job ${jobId} has pending dependencies. ${command}`;
      case ErrorCode.ParentJobNotExist:
        return `Missing key for parent job ${parentKey}. ${command}`;
      case ErrorCode.JobLockMismatch:
        return `Lock mismatch for job ${jobId}. Cmd ${command} from ${state}`;
      case ErrorCode.ParentJobCannotBeReplaced:
        return `The parent job ${parentKey} cannot be replaced. ${command}`;
      case ErrorCode.JobBelongsToJobScheduler:
        return `Job ${jobId} belongs to a job scheduler and cannot be removed directly. ${command}`;
      case ErrorCode.SchedulerJobIdCollision:
        return `Cannot create job scheduler iteration - job ID already exists. ${command}`;
      case ErrorCode.SchedulerJobSlotsBusy:
        return `Cannot create job scheduler iteration - current and next time slots already have jobs. ${command}`;
      default:
        return `Unknown code ${String(fault)} error for ${jobId}. ${command}`;
    }
  }
}

/** An operation of BullMQ's contract that this version does not have yet. */
export class NotWrittenYetError extends Error {
  constructor(readonly operation: string) {
    super(
      `${operation}: this version of bullmq-sqlite does not have it yet. Use Redis or PostgreSQL until it does`,
    );
    this.name = new.target.name;
  }
}
