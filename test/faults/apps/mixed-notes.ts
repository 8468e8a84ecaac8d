import { subscribe } from 'node:diagnostics_channel';
import { Injectable } from '@nestjs/common';
import { type Job, Worker } from 'bullmq';
import { LedgerWriter } from '../harness/ledger.js';
import { QUEUE } from '../harness/protocol.js';

/** Notes what no handler sees: which ends are stored, and what hubs do. */
@Injectable()
export class MixedNotes {
  constructor(ledger: LedgerWriter) {
    const { pid } = process;
    const { emit } = Worker.prototype;
    Worker.prototype.emit = function (this: Worker, event, ...args) {
      if ((event === 'completed' || event === 'failed') && this.name === QUEUE) {
        const job = args[0] as Job | undefined;
        // What was counted with the end: the job may run again, here, before this is told.
        if (job !== undefined)
          ledger.append({
            type: 'settled',
            jobId: job.id!,
            pid,
            attempt: job.attemptsMade,
            as: event,
          });
      }
      return Reflect.apply(emit, this, [event, ...args]);
    };
    subscribe('nestjs-jobs:hubs', (message) => {
      const { step, of } = message as { step: string; of: string };
      ledger.append({ type: 'note', about: of, text: step, pid });
    });
  }
}
