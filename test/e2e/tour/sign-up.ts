import { DuplicateJobError, type JobHandle, type JobScheduler } from 'nestjs-jobs';
import { WelcomeService } from './welcome.service.js';

/** A webhook that its sender delivers again when it saw no answer in time. */
export async function signUpByKey(jobs: JobScheduler, userId: string): Promise<JobHandle<string>> {
  // #region key
  return jobs.enqueue(WelcomeService, (s) => s.welcome(userId), {
    idempotencyKey: `sign-up of ${userId}`,
    idempotencyWindow: '7 days', // from its completion; default 24 h
  });
  // #endregion key
}

/** The same with an id. */
export async function signUpById(jobs: JobScheduler, userId: string): Promise<string> {
  // #region id
  try {
    await jobs.enqueue(WelcomeService, (s) => s.welcome(userId), { id: `welcome-${userId}` });
    return 'welcome on its way';
  } catch (error) {
    if (error instanceof DuplicateJobError) return 'welcomed already'; // or on its way: jobs.get(error)
    throw error;
  }
  // #endregion id
}
