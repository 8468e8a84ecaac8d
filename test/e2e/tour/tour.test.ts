import type { Type } from '@nestjs/common';
import pg from 'pg';
import { JobsModule } from 'nestjs-jobs';
import request from 'supertest';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';
import { calendars } from './calendars.js';
import { EmailService } from './email.service.js';
import { enqueueInEveryWay } from './enqueueing.js';
import { limit } from './limits.js';
import { migrate } from './migrate.js';
import { DeliveryService } from './delivery.service.js';
import { Outbox } from './outbox.js';
import { steer } from './steer.js';
import { placeOrder } from './transaction.js';
import { UsersController } from './users.controller.js';

it('leaves out what the calendars exclude', () => {
  const excluded = (name: keyof typeof calendars, iso: string) =>
    calendars[name].excludes(Date.parse(iso));
  expect(excluded('no-work', '2027-12-25T12:00+01:00')).toBe(true);
  expect(excluded('no-work', '2027-03-29T00:00+02:00')).toBe(true);
  expect(excluded('no-work', '2027-03-30T00:00+02:00')).toBe(false);
  expect(excluded('nights', '2027-03-30T22:00+02:00')).toBe(true);
  expect(excluded('nights', '2027-03-30T06:00+02:00')).toBe(false);
});

describeEngines("the README's tour", (engine) => {
  const boot = () =>
    createJobsApp(engine, {
      providers: [EmailService, DeliveryService, Outbox],
      controllers: [UsersController],
    });

  it('enqueues from a controller and runs in the handler', async () => {
    const { module, jobs } = await boot();
    const app = module.createNestApplication();
    await app.init();
    const response = await request(app.getHttpServer())
      .post('/users')
      .send({ id: 'u-1' })
      .expect(201);
    const handle = (await jobs.get((response.body as { job: string }).job))!;
    expect(await handle.result()).toBe('welcomed u-1');
    expect(module.get(Outbox).delivered).toEqual(['welcome u-1']);
  });

  it('steers jobs', async () => {
    const { jobs, module } = await boot();
    expect(await steer(jobs)).toBe('welcomed u-2');
    expect(module.get(Outbox).delivered).not.toContain('digest u-3');
  });

  it('enqueues in every way', async () => {
    const { jobs } = await boot();
    const users = ['u-2', 'u-1', 'u-3', 'u-4', 'u-5'];
    expect(await enqueueInEveryWay(jobs)).toEqual(users.map((user) => `welcomed ${user}`));
  });

  it('limits jobs', async () => {
    const { jobs, module } = await boot();
    const { concurrency, last, told, same } = await limit(jobs);
    expect(concurrency).toBe(5);
    expect(same.id).toBe(told.id);
    expect(await last.result()).toBe('name');
    await told.result();
    expect(module.get(Outbox).delivered.toSorted()).toEqual([
      'refreshed acme: name',
      'told of o-1',
    ]);
    const order = { id: 'o-2', customer: 'acme' };
    expect(await (await jobs.enqueue(DeliveryService, (s) => s.ship(order))).result()).toBe('o-2');
  });

  // Only where the engine can: a skipped test would read as something that is missing here.
  const ifTransactional = engine.name === 'postgres' ? it : () => undefined;
  ifTransactional('enqueues inside a transaction', async () => {
    const { jobs } = await boot();
    const pool = new pg.Pool({ connectionString: engine.url });
    await pool.query('CREATE TABLE IF NOT EXISTS tour_orders (id text)');
    const handle = await placeOrder(pool, jobs, 'o-1');
    expect(await handle.result()).toBe('welcomed o-1');
    await pool.query('DROP TABLE tour_orders');
    await pool.end();
  });

  ifTransactional('makes the tables before the application starts', async () => {
    const isolation = engine.isolation();
    await migrate(engine.url, isolation.schema);
    const options = { migrate: false };
    const app = await createJobsApp(engine, {
      providers: [EmailService, Outbox],
      isolation,
      options,
    });
    const handle = await app.jobs.enqueue(EmailService, (s) => s.sendWelcome('u-1'));
    expect(await handle.result()).toBe('welcomed u-1');
  });

  it('enqueues from a process that provides no handler', async () => {
    const worker = await createJobsApp(engine, { providers: [EmailService, Outbox] });
    const { ApiModule } = await import('./api.module.js');
    const controllers = Reflect.getMetadata('controllers', ApiModule) as Type[];
    const { isolation } = worker;
    const api = await createJobsApp(engine, {
      controllers,
      isolation,
      options: { workers: false },
    });
    const { job } = await api.module.get(UsersController).signUp({ id: 'u-1' });
    expect(await (await api.jobs.get(job))!.result()).toBe('welcomed u-1');
    expect(worker.module.get(Outbox).delivered).toEqual(['welcome u-1']);
  });

  it('is one line in a module', async () => {
    const { AppModule } = await import('./app.module.js');
    expect(Reflect.getMetadata('imports', AppModule)).toMatchObject([{ module: JobsModule }]);
  });
});
