import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import {
  DuplicateJobError,
  EnqueueUncertainError,
  type JobHandle,
  JobScheduler,
  StoreUnavailableError,
} from 'nestjs-jobs';
import { LedgerWriter } from '../harness/ledger.js';
import type { AppCommands, Behaviour, EnqueueRequest } from '../harness/protocol.js';
import { Random } from '../harness/seeds.js';
import { BatchEnd, Upgrade, Workload } from './workload.js';

/** Before a call is repeated. */
const REPEAT_PAUSE_MS = 50;

/** Enqueues as a careful user does: an outcome that is not known is asked for with the same id. */
@Injectable()
export class Producer {
  /** The handles of this process's own jobs, by job id. */
  readonly handles = new Map<string, JobHandle>();
  private uncertain = 0;
  private refused = 0;

  constructor(
    private readonly jobs: JobScheduler,
    private readonly ledger: LedgerWriter,
  ) {}

  async enqueue(request: EnqueueRequest): Promise<{ uncertain: number; refused: number }> {
    const { label, first = 0, count, lanes = 10, pauseMs = 0 } = request;
    const random = new Random(request.seed ?? 0, label);
    let next = first;
    const lane = async (): Promise<void> => {
      while (next < first + count) {
        const name = `${label}-${next++}`;
        await this.store(name, behaviourOf(request, random), request);
        if (pauseMs > 0) await delay(pauseMs);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return { uncertain: this.uncertain, refused: this.refused };
  }

  /** Stores a batch, and writes down that it is. */
  async batch({ label, count, behaviour }: AppCommands['batch'][0]): Promise<{ id: string }> {
    const labels = Array.from({ length: count }, (_, index) => `${label}-${index}`);
    const { id } = await this.jobs.batch(
      (b) => b.enqueueMany(Workload, labels, (w, name) => w.run(name, behaviour)),
      { onFinished: [BatchEnd, (s, batch) => s.note(label, batch)] },
    );
    this.ledger.append({ type: 'acked', label, jobId: id });
    return { id };
  }

  /** Resolves when the job is stored for sure. */
  private async store(
    label: string,
    behaviour: Behaviour,
    { ownIds, keys, handler }: EnqueueRequest,
  ): Promise<void> {
    for (let id = ownIds ? label : undefined; ; await delay(REPEAT_PAUSE_MS)) {
      try {
        this.ledger.append({ type: 'attempted', label });
        const options = keys ? { idempotencyKey: label } : id === undefined ? {} : { id };
        const handle =
          handler === 'upgrade'
            ? await this.jobs.enqueue(Upgrade, (u) => u.run(label, behaviour), options)
            : await this.jobs.enqueue(Workload, (w) => w.run(label, behaviour), options);
        this.handles.set(handle.id, handle);
        this.ledger.append({ type: 'acked', label, jobId: handle.id });
        return;
      } catch (error) {
        if (error instanceof DuplicateJobError) {
          // The call whose outcome was not known had succeeded.
          this.ledger.append({ type: 'acked', label, jobId: error.id });
          return;
        }
        if (error instanceof EnqueueUncertainError) {
          id = error.jobId;
          this.uncertain++;
          this.ledger.append({ type: 'uncertain', label, jobId: id });
        } else if (error instanceof StoreUnavailableError) {
          this.ledger.append({ type: 'refused', label, reason: error.message });
          this.refused++;
        } else {
          throw error;
        }
      }
    }
  }
}

function behaviourOf({ behaviour }: EnqueueRequest, random: Random): Behaviour {
  if (behaviour.does !== 'work' || typeof behaviour.ms === 'number') return behaviour as Behaviour;
  const [min, max] = behaviour.ms;
  return { does: 'work', ms: random.int(min, max) };
}
