import { subscribe } from 'node:diagnostics_channel';
import { Inject, Injectable } from '@nestjs/common';
import { Continuation, Job, JobContext, JobScheduler } from 'nestjs-jobs';
import { LedgerWriter } from '../harness/ledger.js';
import { type AppCommands, type AppConfig, type DeathPoint, QUEUE } from '../harness/protocol.js';
import { APP_CONFIG } from './workload.js';

/** Where the module tells the steps of hubs. */
const STEPS = 'nestjs-jobs:hubs';

/**
 * Jobs with continuations, in a process that can be told to die at one of the steps between the
 * two.
 */
@Injectable()
export class Following {
  private runs = 0;

  constructor(
    private readonly jobs: JobScheduler,
    private readonly context: JobContext,
    private readonly ledger: LedgerWriter,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {
    subscribe(STEPS, (message) => {
      const { step, of } = message as { step: string; of: string };
      this.dieIf(config.dieAt, step, of);
    });
  }

  async enqueue({ label, shape }: AppCommands['follow'][0]): Promise<undefined> {
    const [first, second] = [{ id: `a-${label}` }, { id: `c-${label}` }];
    if (shape === 'chain') {
      // oxlint-disable promise/valid-params -- a chain is no promise
      await this.jobs
        .chain()
        .then(Following, (s) => s.work(label), first)
        .then(Following, (s, result) => s.follow(result), second)
        .enqueue();
      // oxlint-enable promise/valid-params
    } else if (shape === 'continued') {
      const job = await this.jobs.enqueue(Following, (s) => s.work(label), first);
      await this.jobs.continueWith(job, Following, (s, result) => s.follow(result), second);
    } else {
      await this.jobs.enqueue(Following, (s) => s.workDeclared(label), first);
    }
  }

  @Job({ queue: QUEUE })
  async work(label: string): Promise<string> {
    this.run(`a-${label}`);
    this.dieIf(this.config.dieAt, 'last line', `a-${label}`);
    return label;
  }

  @Job({ queue: QUEUE })
  workDeclared(label: string): Promise<string> {
    return this.work(label);
  }

  @Job({ queue: QUEUE })
  async follow(label: string): Promise<void> {
    const antecedent = { queue: QUEUE, id: `a-${label}` };
    const isInTime = (await (await this.jobs.get(antecedent))!.state()) === 'completed';
    this.run(`c-${label}`, isInTime);
  }

  @Continuation({ after: [Following, 'workDeclared'], queue: QUEUE })
  followDeclared(label: string): Promise<void> {
    return this.follow(label);
  }

  private run(label: string, ok = true): void {
    const { pid } = process;
    const { id: jobId, attempt } = this.context;
    const run = `${pid}.follow.${++this.runs}`;
    this.ledger.append({ type: 'started', label, jobId, run, pid, attempt });
    this.ledger.append({ type: 'ended', label, run, pid, ok, dbOpen: true });
  }

  private dieIf(point: DeathPoint | undefined, step: string, of: string): void {
    if (point?.step !== step || !point.of.some((part) => of.includes(part))) return;
    process.kill(process.pid, 'SIGKILL');
  }
}
