import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { minimal } from '../job-drafts.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

/** A queue with one job and this many lines in its log. */
async function withLog(queue: QueueDriver, lines: number): Promise<void> {
  await queue.addAll('one');
  for (let line = 1; line <= lines; line += 1) await queue.backend.addLog('one', `line ${line}`);
}

describeBackends('data, progress and logs', (backend) => {
  backend.it('changes the data of a job', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'one', data: { before: true } });
    await queue.backend.updateData(minimal('one'), { after: [1, 'zwei', null] });
    expect(JSON.parse((await queue.job('one')).data)).toEqual({ after: [1, 'zwei', null] });
    await expect(queue.backend.updateData(minimal('nobody'), {})).rejects.toMatchObject({
      code: -1,
      message: 'Missing key for job nobody. updateData',
    });
  });

  backend.it('stores progress of any form, and tells of it', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one');
    for (const progress of [50, 'halfway', true, { done: 1, of: 2 }, [1, 2]]) {
      await queue.backend.updateProgress('one', progress);
      expect((await queue.job('one')).progress).toEqual(progress);
    }
    await expect(queue.backend.updateProgress('nobody', 1)).rejects.toMatchObject({
      code: -1,
      message: 'Missing key for job nobody. updateProgress',
    });
  });

  backend.it(
    'tells of progress as JSON',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addAll('one');
      await queue.backend.updateProgress('one', 50);
      await queue.backend.updateProgress('one', { done: 1 });
      expect((await queue.events()).slice(-2)).toEqual([
        { event: 'progress', jobId: 'one', data: '50' },
        { event: 'progress', jobId: 'one', data: '{"done":1}' },
      ]);
    },
    POSTGRES.progressIsJsonb,
  );

  backend.it('writes a log, and counts its lines', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one');
    expect(await queue.backend.addLog('one', 'first')).toBe(1);
    expect(await queue.backend.addLog('one', 'second\nof two')).toBe(2);
    expect(await queue.backend.getJobLogs('one', 0, -1, true)).toEqual({
      logs: ['first', 'second\nof two'],
      count: 2,
    });
    await expect(queue.backend.addLog('nobody', 'line')).rejects.toMatchObject({
      code: -1,
      message: 'Missing key for job nobody. addLog',
    });
  });

  backend.it('keeps the last lines of a log', async (store) => {
    const queue = new QueueDriver(store);
    await withLog(queue, 3);
    expect(await queue.backend.addLog('one', 'line 4', 2)).toBe(2);
    expect(await queue.backend.getJobLogs('one', 0, -1, true)).toEqual({
      logs: ['line 3', 'line 4'],
      count: 2,
    });
  });

  backend.it(
    'counts the lines that are left of a log',
    async (store) => {
      const queue = new QueueDriver(store);
      await withLog(queue, 3);
      await queue.backend.addLog('one', 'line 4', 2);
      expect(await queue.backend.addLog('one', 'line 5', 10)).toBe(3);
    },
    POSTGRES.countsLinesOfOld,
  );

  backend.it('pages through a log in both directions', async (store) => {
    const queue = new QueueDriver(store);
    await withLog(queue, 5);
    const page = async (start: number, end: number, asc: boolean) =>
      (await queue.backend.getJobLogs('one', start, end, asc)).logs;
    expect(await page(0, 1, true)).toEqual(['line 1', 'line 2']);
    expect(await page(3, 9, true)).toEqual(['line 4', 'line 5']);
    expect(await page(0, 1, false)).toEqual(['line 5', 'line 4']);
    expect(await page(1, 2, false)).toEqual(['line 4', 'line 3']);
    expect(await page(0, -1, false)).toEqual(['line 5', 'line 4', 'line 3', 'line 2', 'line 1']);
    expect(await page(7, 9, true)).toEqual([]);
    expect(await queue.backend.getJobLogs('one', 0, 0, true)).toMatchObject({ count: 5 });
    expect(await queue.backend.getJobLogs('nobody', 0, -1, true)).toEqual({ logs: [], count: 0 });
  });

  backend.it('clears a log, or all but its last lines', async (store) => {
    const queue = new QueueDriver(store);
    await withLog(queue, 4);
    await queue.backend.clearLogs('one', 2);
    expect(await queue.backend.getJobLogs('one', 0, -1, true)).toEqual({
      logs: ['line 3', 'line 4'],
      count: 2,
    });
    await queue.backend.clearLogs('one');
    expect(await queue.backend.getJobLogs('one', 0, -1, true)).toEqual({ logs: [], count: 0 });
    expect(await queue.backend.addLog('one', 'anew')).toBe(1);
    await expect(queue.backend.clearLogs('nobody')).resolves.toBeUndefined();
  });

  backend.it('knows nothing of a job that does not exist', async (store) => {
    const queue = new QueueDriver(store);
    expect(await queue.backend.getJobData('nobody')).toBeUndefined();
  });
});
