export { JobsHealth, type JobsHealthReport } from './jobs-health.js';
