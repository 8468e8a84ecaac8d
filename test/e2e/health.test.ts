import { Controller, Get, Injectable } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Job } from 'nestjs-jobs';
import { JobsHealthIndicator, JobsHealthModule } from 'nestjs-jobs/terminus';
import request from 'supertest';
import { expect, it } from 'vitest';
import { describeEngines } from '../support/engines.js';
import { createJobsApp } from '../support/jobs-app.js';

@Injectable()
class Work {
  @Job()
  run(): void {}
}

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly jobs: JobsHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.jobs.isHealthy('jobs')]);
  }
}

describeEngines('health for Terminus', (engine) => {
  it('reports the store and the workers', async () => {
    const { module } = await createJobsApp(engine, {
      imports: [TerminusModule.forRoot({ logger: false }), JobsHealthModule],
      controllers: [HealthController],
      providers: [Work],
    });
    const app = module.createNestApplication();
    await app.init();
    const { body } = await request(app.getHttpServer()).get('/health').expect(200);
    expect(body).toMatchObject({
      status: 'ok',
      details: { jobs: { status: 'up', engine: engine.name, workers: 'running' } },
    });
    expect(body.details.jobs.roundTripMs).toBeGreaterThanOrEqual(0);
  });
});
