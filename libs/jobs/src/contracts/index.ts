export { CANCEL_CHANNEL, cancelRequests, type CancelRequest } from './cancel-requests.js';
export type { CoordinationStore } from './coordination-store.js';
export { currentJob, type RunningJob } from './current-job.js';
export { JOBS_ENGINE, type Engine, type EngineCapabilities } from './engine.js';
export type { JobHook, RunOutcome } from './job-hook.js';
export type { JobInfo } from './job-info.js';
export { MANAGED_SERVICES, type ManagedService } from './managed-service.js';
export { SettledJobs } from './settled-jobs.js';
export { HEARTBEAT_INTERVAL_MS, servers, type ServerInfo } from './servers.js';
