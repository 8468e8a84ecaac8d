/**
 * The program of every child process: a Nest application as a user would write it, which serves
 * commands of the test that forked it. See harness/app-process.ts for the other end.
 */
import { subscribe } from 'node:diagnostics_channel';
import { ConsoleLogger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Worker } from 'bullmq';
import {
  type AppConfig,
  type ChildMessage,
  type CommandMessage,
  QUEUE,
} from '../harness/protocol.js';
import { AppModule } from './app.module.js';
import { Commands } from './commands.js';

const config = JSON.parse(process.argv[2]!) as AppConfig;

// The moment between what a hook did with a result and its being stored: of a job, not of what a
// boot tries out.
if (config.diesAtCompletion) {
  const { handleCompleted } = Worker.prototype as unknown as Record<
    'handleCompleted',
    (...args: unknown[]) => unknown
  >;
  Object.assign(Worker.prototype, {
    handleCompleted(this: Worker, ...args: Parameters<typeof handleCompleted>) {
      if (this.name !== QUEUE) return handleCompleted.apply(this, args);
      process.kill(process.pid, 'SIGKILL');
      return new Promise(() => undefined);
    },
  });
}

// Whatever became of the test, nothing of it may stay behind.
process.once('disconnect', () => process.exit(1));

subscribe('nestjs-jobs:hubs', (message) => {
  if ((message as { step: string }).step === config.diesAtHubStep)
    process.kill(process.pid, 'SIGKILL');
});

const app = await NestFactory.createApplicationContext(AppModule.of(config), {
  // Shown when a row fails; FAULTS_VERBOSE shows it as it comes.
  logger: new ConsoleLogger({ colors: false, logLevels: ['error', 'warn', 'log'] }),
  abortOnError: false,
});
app.enableShutdownHooks();
const commands = app.get(Commands);

process.on('message', ({ call, command, request }: CommandMessage) => {
  commands.run(command, request).then(
    (answer) => tell({ call, answer }),
    (error: unknown) =>
      tell({ call, error: error instanceof Error ? error.stack! : String(error) }),
  );
});
tell({ ready: true });

function tell(message: ChildMessage): void {
  // A test that ended meanwhile does not listen any more.
  if (process.connected) process.send!(message, () => undefined);
}
