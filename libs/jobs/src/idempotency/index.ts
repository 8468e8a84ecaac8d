export { CheckpointStore } from './checkpoint-store.js';
export { CheckpointSweep } from './checkpoint-sweep.service.js';
export { StoredCheckpoints } from './stored-checkpoints.js';
