export type { CoordinationStore } from './coordination-store.js';
export { JOBS_ENGINE, type Engine, type EngineCapabilities, type Refusal } from './engine.js';
export type { ExpiringRows } from './expiring-rows.js';
export type { StoredKey } from './idempotency-key.js';
export type { ClaimDecision, JobHook, RunOutcome, SentAwayJob, UnknownWork } from './job-hook.js';
export type { JobInfo } from './job-info.js';
export { PublicService } from './public-service.js';
export type { RecurringRun, RecurringTick, StoredTick } from './recurring-tick.js';
export type { RunningJob, StoredJob, LimitKeys } from './running-job.js';
export type { HeldJob, SafeBackend } from './safe-backend.js';
export type { StartRequest, StartStore } from './start-store.js';
export {
  FIRST_CHECK_MS,
  LONGEST_CHECK_MS,
  MOST_GIVEN,
  nextCheckIn,
  type DueTicket,
  type FailedTicket,
  type Ticket,
  type TurnChanges,
  type TurnReply,
  type TurnStep,
  type TurnStore,
  type TurnSweep,
} from './turn-store.js';
