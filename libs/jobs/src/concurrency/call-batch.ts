import { inNextTurn } from '../timers/index.js';
/** Most requests of one call: bounds how long the store is busy with it. */
const MAX_BATCH = 500;

interface Entry<Request, Answer> {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Coalesces requests to the store. A lone one goes out in the next turn of the event loop; those
 * that arrive while a call is in flight go together in the next one, in their order. So the batch
 * grows with the load and nobody waits for a timer.
 * @internal
 */
export class CallBatch<Request, Answer> {
  private waiting: Entry<Request, Answer>[] = [];
  private isFlushDue = false;
  private isInFlight = false;
  private idle: (() => void)[] = [];

  /** @param call answers each request, in order */
  constructor(
    private readonly call: (requests: readonly Request[]) => Promise<readonly Answer[]>,
  ) {}

  add(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, resolve, reject });
      if (this.isFlushDue || this.isInFlight) return;
      this.isFlushDue = true;
      // In the next turn, so that the end of a job and the start of the one claimed with it share
      // the call.
      inNextTurn(() => {
        this.isFlushDue = false;
        void this.flush();
      });
    });
  }

  /** Resolves when nothing waits and nothing is in flight. */
  whenIdle(): Promise<void> {
    if (this.waiting.length === 0 && !this.isInFlight) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  private async flush(): Promise<void> {
    if (this.isInFlight) return;
    this.isInFlight = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_BATCH);
      try {
        const answers = await this.call(batch.map(({ request }) => request));
        for (const [index, { resolve }] of batch.entries()) resolve(answers[index]!);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.isInFlight = false;
    for (const resolve of this.idle.splice(0)) resolve();
  }
}
