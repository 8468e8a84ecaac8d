export { Cron, type CronMonth, type CronWeekday } from './cron.js';
export { describeCron } from './cron-description.js';
export { CronExpression, type CronOptions } from './cron-expression.js';
export { usualDialect } from './field-layout.js';
export { WEEKDAYS, type CronDialect } from './cron-field.js';
export { daysInMonth } from './wall-clock.js';
export { ZoneClock, type ZonePeriod } from './zone-clock.js';
