import {
  Controller,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  Post,
  UseFilters,
} from '@nestjs/common';
import { JobScheduler, type RecurringJob } from 'nestjs-jobs';
import { type JobLink, linkTo } from '../jobs/job-link.js';
import { UnknownRecurringFilter } from './unknown-recurring.filter.js';

/** What is done again and again. A real shop would ask who is asking, too. */
@Controller('recurring')
@UseFilters(UnknownRecurringFilter)
export class RecurringController {
  constructor(private readonly jobs: JobScheduler) {}

  /** All recurring jobs, each with its next ticks and its last run. */
  @Get()
  async list(): Promise<RecurringJob[]> {
    const all = await this.jobs.recurring.list();
    const found = await Promise.all(all.map(({ id }) => this.jobs.recurring.get(id)));
    return found.filter((job) => job !== undefined);
  }

  @Get(':id')
  async find(@Param('id') id: string): Promise<RecurringJob> {
    const job = await this.jobs.recurring.get(id);
    if (job === undefined) throw new NotFoundException(`there is no recurring job "${id}"`);
    return job;
  }

  /** Runs it now; its ticks stay as they are. */
  @Post(':id/trigger')
  @HttpCode(202)
  async trigger(@Param('id') id: string): Promise<{ jobs: { run: JobLink } }> {
    return { jobs: { run: linkTo(await this.jobs.recurring.trigger(id)) } };
  }

  /** Lets its ticks pass until it is resumed, over restarts too. */
  @Post(':id/pause')
  @HttpCode(200)
  async pause(@Param('id') id: string): Promise<RecurringJob> {
    await this.jobs.recurring.pause(id);
    return this.find(id);
  }

  /** Ticks again; what was missed is treated by its misfire policy. */
  @Post(':id/resume')
  @HttpCode(200)
  async resume(@Param('id') id: string): Promise<RecurringJob> {
    await this.jobs.recurring.resume(id);
    return this.find(id);
  }
}
