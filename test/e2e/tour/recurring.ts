import { Cron, type JobScheduler, type RecurringRun } from 'nestjs-jobs';
import { ReportService } from './report.service.js';

export async function steerRecurring(jobs: JobScheduler): Promise<RecurringRun | undefined> {
  // #region steer-recurring
  const { recurring } = jobs;
  await recurring.addOrUpdate('vips', ReportService, (s) => s.remind('VIPs'), Cron.hourly(15), {
    misfire: 'skip', // checked by the compiler, as the arguments are
  });

  const run = await recurring.trigger('vips'); // now, beside its ticks; a handle as enqueue() gives
  await run.result();

  await recurring.pause('vips'); // over restarts and deploys, until resume()
  const vips = await recurring.get('vips'); // state, description in words, next ticks, last run
  await recurring.resume('vips'); // ticks that were missed: see `misfire`
  await recurring.reschedule('vips', '0 */15 8-18 ? * MON-FRI', { timeZone: 'Europe/Berlin' });
  await recurring.remove('vips');
  // #endregion steer-recurring
  return vips?.lastRun;
}
