export { jobsExports, jobsProviders } from './jobs.providers.js';
export { queueProviders } from './queue.providers.js';
export { StoreModule } from './store.module.js';
