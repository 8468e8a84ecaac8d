export { addJob, addJobs, type NewJob } from './add-jobs.js';
export { damageOf } from './damage.js';
export { registerConnection, unregisterConnection } from './default-backend-factory.js';
export { createEngine } from './engine-factory.js';
export { migratePostgres } from './postgres/postgres-connection.js';
export { QueueRegistry, type QueueErrorListener } from './queue-registry.js';
export { SafeJob } from './safe-job.js';
export { SafeQueue } from './safe-queue.js';
export { endsWithin, withDeadline } from './deadline.js';
