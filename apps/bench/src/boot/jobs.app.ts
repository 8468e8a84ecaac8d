import { NestFactory } from '@nestjs/core';
import { Job, JobsModule } from 'nestjs-jobs';
import { defineHandlers, NEST_OPTIONS, type BootApp } from './boot-app.js';

class JobsApp {}

/** The application with our module. */
export const bootJobs: BootApp = async (engine, isolation) => {
  const handlers = defineHandlers((queue) => Job({ queue }));
  const app = {
    module: JobsApp,
    imports: [JobsModule.forRoot(await engine.moduleOptions(isolation))],
    providers: handlers.map(({ type }) => type),
  };
  return NestFactory.createApplicationContext(app, NEST_OPTIONS);
};
