// #region calendars
import { Calendar, JobsModule } from 'nestjs-jobs';

const timeZone = 'Europe/Berlin';
const holidays = Calendar.anyOf(
  Calendar.annual(['12-25', '12-26', '01-01'], { timeZone }),
  Calendar.dates(['2027-03-26', '2027-03-29'], { timeZone }),
);

export const calendars = {
  'no-work': Calendar.anyOf(holidays, Calendar.weekdays(['SAT', 'SUN'], { timeZone })),
  nights: Calendar.dailyWindow('22:00', '06:00', { timeZone }),
};

export const jobs = JobsModule.forRoot({ calendars }); // @Recurring('0 * * * *', { calendars: ['nights'] })
// #endregion calendars
