import { readFile } from 'node:fs/promises';
import { type CheckList, expectEqual, expectThat } from './check-list.js';
import type { Seen } from './scenario.js';

/** What the store says of the jobs. */
export async function checkStore(seen: Seen, list: CheckList): Promise<void> {
  for (const [what, job] of Object.entries(seen.jobs)) {
    await list.check(`the ${what} job is completed (${job.name}, ${times(job.attempts)})`, () => {
      expectEqual('state', job.state, 'completed');
      if (what !== 'sync') expectEqual('attempts', job.attempts, 1);
    });
  }
  await list.check('the sync was retried after the API failed, and went on where it was', () => {
    const { attempts, log } = seen.jobs.sync;
    expectThat(attempts > 1, `expected more than one attempt, got ${attempts}`);
    expectEqual('logged pages', pagesOf(log), ['1', '2', '3', '4', '5']);
  });
  await list.check('progress was reported', () => {
    expectEqual('thumbnails', seen.jobs.thumbnails.progress, 100);
    expectEqual('sync', seen.jobs.sync.progress, { page: 5, pages: 5 });
  });
  await list.check('a repeated sign-up gave the same user', () =>
    expectEqual('user', seen.userAgain, seen.user),
  );
}

/** Each line that a handler logs names its job, so that the lines of one job can be found. */
export async function checkLog(seen: Seen, logFile: string, list: CheckList): Promise<void> {
  await list.check(
    'log lines of handlers carry the id, name and attempt of their job',
    async () => {
      const lines = (await readFile(logFile, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const line = lines.find(({ msg }) => msg === `welcomed user ${seen.user.id}`);
      expectEqual(
        'line',
        { jobId: line?.jobId, jobName: line?.jobName, queue: line?.queue, attempt: line?.attempt },
        { jobId: seen.jobs.welcome.id, jobName: seen.jobs.welcome.name, queue: 'mail', attempt: 1 },
      );
    },
  );
}

/** `attempt 2: page 3 of 5` -> `3` */
function pagesOf(log: readonly string[]): (string | undefined)[] {
  return log.map((line) => /page (\d+)/.exec(line)?.[1]);
}

function times(attempts: number): string {
  return attempts === 1 ? '1 attempt' : `${attempts} attempts`;
}
