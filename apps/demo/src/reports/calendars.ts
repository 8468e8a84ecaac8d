import { Calendar } from 'nestjs-jobs';

/** Where the shop is, for its days off and the times of its reports. */
export const SHOP_TIME_ZONE = 'Europe/Berlin';

const timeZone = SHOP_TIME_ZONE;

/** Moments that recurring jobs can leave out, by name; nobody reads a report on these. */
export const calendars = {
  holidays: Calendar.annual(['01-01', '05-01', '10-03', '12-25', '12-26'], { timeZone }),
  weekends: Calendar.weekdays(['SAT', 'SUN'], { timeZone }),
};
