import { Controller, Get, NotFoundException, Param } from '@nestjs/common';
import type { JobStatus } from './job-status.js';
import { JobStatusService } from './job-status.service.js';

/** The state of jobs. A real shop would ask who is asking, too. */
@Controller('jobs')
export class JobStatusController {
  constructor(private readonly jobs: JobStatusService) {}

  /** Answers 404 for a job that is not there, or no longer: finished ones are kept for a day. */
  @Get(':queue/:id')
  async find(@Param('queue') queue: string, @Param('id') id: string): Promise<JobStatus> {
    const status = await this.jobs.find(queue, id);
    if (!status) throw new NotFoundException(`there is no job "${id}" in the queue "${queue}"`);
    return status;
  }
}
