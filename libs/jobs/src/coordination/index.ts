export { CANCEL_CHANNEL, cancelRequests, type CancelRequest } from './cancel-requests.js';
export { handovers, type Handover } from './handovers.js';
export { knownQueues } from './known-queues.js';
export { Records, type ReadRecord } from './records.js';
export { releases, type Release, type ReleaseContent } from './releases.js';
export { HEARTBEAT_INTERVAL_MS, SERVERS_CHANNEL, servers, type ServerInfo } from './servers.js';
export { joinStore } from './store-form.js';
export {
  isOfNewerForm,
  isUnreadableRecord,
  parseKnown,
  parseMessage,
  parseRecord,
} from './stored-record.js';
export { unknownJobs, type UnknownJob } from './unknown-jobs.js';
