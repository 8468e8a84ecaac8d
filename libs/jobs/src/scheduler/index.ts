export { JobChain } from './job-chain.js';
export { JobScheduler } from './job-scheduler.js';
export { TransactionalJobs } from './transactional-jobs.js';
