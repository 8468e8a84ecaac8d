export { CheckpointStore } from './checkpoint-store.js';
export { CheckpointSweep } from './checkpoint-sweep.service.js';
export { KeyRecords } from './key-records.js';
export { KeyedRuns } from './keyed-runs.js';
export { StoredCheckpoints } from './stored-checkpoints.js';
export { IdempotencyKeys } from './idempotency-keys.js';
