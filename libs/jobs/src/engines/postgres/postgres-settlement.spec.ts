import { Injectable } from '@nestjs/common';
import { Job, JobContext } from 'nestjs-jobs';
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeEngine, engineNamed } from '../../../../../test/support/engines.js';
import { createJobsApp, type JobsApp } from '../../../../../test/support/jobs-app.js';

const fixture = engineNamed('postgres');

/**
 * What a server says that undid a statement, or did not begin it, and how often: more than we
 * repeat it. BullMQ's worker tries again then.
 */
const REFUSALS: Record<string, [code: string, times: number]> = {
  'a serialization failure': ['40001', 18],
  'a deadlock': ['40P01', 18],
  'a lock that was not to be had': ['55P03', 18],
  'a read-only transaction': ['25006', 6],
  'a statement that was cancelled': ['57014', 6],
};

@Injectable()
class Work {
  runs = 0;

  constructor(private readonly context: JobContext) {}

  @Job({ attempts: 1 })
  async succeed(): Promise<string> {
    this.runs += 1;
    return 'done';
  }

  @Job({ attempts: 1 })
  async fail(): Promise<void> {
    this.runs += 1;
    throw new Error('as it should');
  }

  @Job({ attempts: 2, backoff: { type: 'fixed', delay: 1 } })
  async failOnce(): Promise<string> {
    this.runs += 1;
    if (this.context.attempt === 1) throw new Error('once');
    return 'done';
  }
}

describeEngine(fixture, 'a settlement that the server refuses for now', () => {
  let app: JobsApp;
  let work: Work;
  let admin: pg.Client;

  beforeEach(async () => {
    app = await createJobsApp(fixture, { providers: [Work], isolation: fixture.isolation() });
    work = app.module.get(Work);
    admin = new pg.Client({ connectionString: fixture.url });
    await admin.connect();
    await admin.query(`SET search_path TO ${app.isolation.schema}`);
  });

  afterEach(() => admin.end());

  async function refuse(code: string, times: number): Promise<void> {
    await admin.query(`
      CREATE SEQUENCE refused;
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
      BEGIN
        IF nextval('refused') <= ${times} THEN
          RAISE EXCEPTION 'refused' USING ERRCODE = '${code}';
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER refuse BEFORE UPDATE ON job FOR EACH ROW
        WHEN (OLD.state = 'active' AND NEW.state <> 'active') EXECUTE FUNCTION refuse();`);
  }

  it.each(Object.entries(REFUSALS))(
    '%s says nothing about the job',
    async (_what, [code, times]) => {
      await refuse(code, times);
      const job = await app.jobs.enqueue(Work, (s) => s.succeed());
      expect(await job.result({ timeout: 25_000 })).toBe('done');
      expect(await job.details()).toMatchObject({ state: 'completed', attemptsMade: 1 });
      expect(work.runs).toBe(1);
    },
    30_000,
  );

  it('leaves a failure what it is', async () => {
    await refuse('40001', 18);
    const job = await app.jobs.enqueue(Work, (s) => s.fail());
    await expect(job.result({ timeout: 25_000 })).rejects.toThrow('as it should');
    expect(await job.details()).toMatchObject({ state: 'failed', attemptsMade: 1 });
    expect(work.runs).toBe(1);
  }, 30_000);

  it('leaves a retry what it is', async () => {
    await refuse('40001', 18);
    const job = await app.jobs.enqueue(Work, (s) => s.failOnce());
    expect(await job.result({ timeout: 25_000 })).toBe('done');
    expect(await job.details()).toMatchObject({ state: 'completed', attemptsMade: 2 });
    expect(work.runs).toBe(2);
  }, 30_000);
});
