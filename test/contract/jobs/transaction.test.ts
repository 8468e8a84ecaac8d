import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { Injectable } from '@nestjs/common';
import {
  DuplicateJobError,
  Job,
  JobsConfigurationError,
  JobsError,
  NoOpenTransactionError,
} from 'nestjs-jobs';
import pg from 'pg';
import { afterEach, expect, it } from 'vitest';
import { type AppTransaction, beginTransaction } from '../../support/app-transaction.js';
import { describeEnginesWith, type EngineName } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

/** What holds a transaction, by engine. */
const EXPECTED: Partial<Record<EngineName, RegExp>> = {
  postgres: /withTransaction\(\): expected the client of "pg" that holds the open transaction/,
  sqlite:
    /withTransaction\(\): expected the DatabaseSync of node:sqlite that holds the open transaction/,
};

/** What does on another one. */
const OTHERS: Partial<Record<EngineName, () => object>> = {
  postgres: () => new DatabaseSync(':memory:'),
  sqlite: () => new pg.Client(),
};

@Injectable()
class Mailer {
  readonly sent: string[] = [];

  @Job()
  async send(to: string): Promise<string> {
    this.sent.push(to);
    return `sent to ${to}`;
  }
}

describeEnginesWith('transactionalEnqueue', 'enqueueing inside a transaction', (engine) => {
  let transaction: AppTransaction | undefined;

  afterEach(async () => {
    await transaction?.close();
    transaction = undefined;
  });

  async function boot() {
    const { module, jobs } = await createJobsApp(engine, { providers: [Mailer] });
    const begin = async () => {
      const begun = await beginTransaction(engine);
      transaction = begun;
      return { tx: jobs.withTransaction(begun.client), end: begun.end };
    };
    return { jobs, begin, mailer: module.get(Mailer) };
  }

  it('runs the job after the commit, not before', async () => {
    const { jobs, begin, mailer } = await boot();
    const { tx, end } = await begin();
    const job = await tx.enqueue(Mailer, (s) => s.send('ada'), { id: 'own-id' });
    expect(await jobs.get(job)).toBeUndefined();
    await end('COMMIT');
    expect(await job.result()).toBe('sent to ada');
    expect(mailer.sent).toEqual(['ada']);
  });

  it('leaves nothing after a rollback', async () => {
    const { jobs, begin, mailer } = await boot();
    const { tx, end } = await begin();
    const job = await tx.enqueue(Mailer, (s) => s.send('ada'));
    const own = await tx.enqueue(Mailer, (s) => s.send('bob'), { id: 'own-id' });
    await end('ROLLBACK');
    expect(await jobs.get(job)).toBeUndefined();
    expect(await jobs.get(own)).toBeUndefined();
    // The id is free again.
    const again = await jobs.enqueue(Mailer, (s) => s.send('eve'), { id: 'own-id' });
    await again.result();
    expect(mailer.sent).toEqual(['eve']);
  });

  it('reports an id that is taken, and lets the transaction go on', async () => {
    const { jobs, begin, mailer } = await boot();
    const before = await jobs.enqueue(Mailer, (s) => s.send('first'), { id: 'taken' });
    await before.result();
    const { tx, end } = await begin();
    await tx.enqueue(Mailer, (s) => s.send('second'), { id: 'new' });
    for (const id of ['taken', 'new']) {
      const duplicate = tx.enqueue(Mailer, (s) => s.send('third'), { id });
      await expect(duplicate).rejects.toThrow(DuplicateJobError);
    }
    await end('COMMIT');
    await (await jobs.get({ queue: before.queue, id: 'new' }))!.result();
    expect(mailer.sent).toEqual(['first', 'second']);
  });

  it('answers for each of many', async () => {
    const { jobs, begin, mailer } = await boot();
    const { tx, end } = await begin();
    const people = ['ada', 'bob', 'eve', 'bob'];
    const outcomes = await tx.enqueueMany(
      Mailer,
      people,
      (s, to) => s.send(to),
      (to) => ({ id: `mail-${to}` }),
    );
    const stored = outcomes.slice(0, 3).map(({ status }) => status);
    expect(stored).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(outcomes[3]).toMatchObject({ reason: expect.any(DuplicateJobError) });
    const plain = await tx.enqueueMany(Mailer, ['x', 'y'], (s, to) => s.send(to));
    expect(plain.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    await end('COMMIT');
    await expect
      .poll(() => mailer.sent.toSorted(), { timeout: 5_000 })
      .toEqual(['ada', 'bob', 'eve', 'x', 'y']);
    const [first] = outcomes;
    if (first?.status !== 'fulfilled') throw new Error('not stored');
    expect(await (await jobs.get(first.value))!.result()).toBe('sent to ada');
  });

  it('enqueues by name for another service', async () => {
    const { jobs, begin } = await boot();
    const { tx, end } = await begin();
    const queue = `elsewhere-${randomUUID()}`;
    const named = await tx.enqueueByName('Other.work', [1], { queue });
    const delayed = await tx.enqueueByName('Other.work', [2], { queue, id: 'own', delay: '1 day' });
    await end('COMMIT');
    expect(await named.state()).toBe('waiting');
    expect(await delayed.state()).toBe('delayed');
    expect(await (await jobs.get({ queue, id: 'own' }))!.state()).toBe('delayed');
  });

  it('refuses a client without an open transaction', async () => {
    const { jobs, begin } = await boot();
    const { tx, end } = await begin();
    await end('COMMIT');
    const stray = tx.enqueue(Mailer, (s) => s.send('ada'), { id: 'stray' });
    await expect(stray).rejects.toThrow(NoOpenTransactionError);
    await expect(stray).rejects.toBeInstanceOf(JobsError);
    expect(await jobs.get('stray')).toBeUndefined();
  });

  it.each<[string, () => unknown, RegExp]>([
    ['a pool', () => new pg.Pool(), /got (a pg.Pool, .*pool.connect\(\)|an instance of \w*Pool)/],
    ['another wrapper', () => new (class EntityManager {})(), /got an instance of EntityManager/],
    ['nothing', () => undefined, /got undefined/],
    ['an address', () => 'postgres://u:hunter2@h/db', /got a text/],
    ['a class', () => DatabaseSync, /got the class or function DatabaseSync/],
    [
      'the client of another store',
      () => OTHERS[engine.name]!(),
      /got an instance of (Client|DatabaseSync)/,
    ],
  ])('says what it expected, and that it got %s', async (_what, make, got) => {
    const { jobs } = await boot();
    const refused = (async () =>
      jobs.withTransaction(make() as object).enqueue(Mailer, (s) => s.send('ada')))();
    await expect(refused).rejects.toThrow(JobsConfigurationError);
    await expect(refused).rejects.toThrow(EXPECTED[engine.name]);
    await expect(refused).rejects.toThrow(got);
    await expect(refused).rejects.not.toThrow('hunter2');
  });
});
