export { Calendar } from './calendar-functions.js';
export type { CalendarOptions } from './calendar-arguments.js';
export type { CronCalendarOptions } from './cron-calendar.js';
export type { DailyWindowOptions } from './daily-window.js';
