export { CANCEL_CHANNEL, cancelRequests, type CancelRequest } from './cancel-requests.js';
export type { CoordinationStore } from './coordination-store.js';
export type { RunningJob, StoredJob, LimitKeys } from './running-job.js';
export { JOBS_ENGINE, type Engine, type EngineCapabilities, type Refusal } from './engine.js';
export type { ExpiringRows } from './expiring-rows.js';
export type { HeldJob, WorkerBackend } from './held-jobs.js';
export type { ClaimDecision, JobHook, RunOutcome, SentAwayJob, UnknownWork } from './job-hook.js';
export type { JobInfo } from './job-info.js';
export type { RecurringRun, RecurringTick, StoredTick } from './recurring-tick.js';
export { PublicService } from './public-service.js';
export type { StoredKey } from './idempotency-key.js';
export { knownQueues } from './known-queues.js';
export { handovers, type Handover } from './handovers.js';
export { unknownJobs, type UnknownJob } from './unknown-jobs.js';
export { holdUniqueKey, type UniqueKeyBackend } from './unique-keys.js';
export { SettledJobs } from './settled-jobs.js';
export { HEARTBEAT_INTERVAL_MS, SERVERS_CHANNEL, servers, type ServerInfo } from './servers.js';
export { Records, type ReadRecord } from './records.js';
export { releases, type Release, type ReleaseContent } from './releases.js';
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
