export { JobsHealthIndicator } from './jobs-health.indicator.js';
export { JobsHealthModule } from './jobs-health.module.js';
