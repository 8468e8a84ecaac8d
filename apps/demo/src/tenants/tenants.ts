import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import type { ContextCarrier } from 'nestjs-jobs';

/**
 * Which of the shop's brands a request is for. It follows the asynchronous call chain, into jobs
 * too.
 */
@Injectable()
export class Tenants implements ContextCarrier<string> {
  private readonly storage = new AsyncLocalStorage<string>();

  /** The tenant of the calling code; `main` where none was named. */
  get current(): string {
    return this.storage.getStore() ?? 'main';
  }

  /** Called when a job is enqueued: what it returns is stored with the job. */
  capture(): string {
    return this.current;
  }

  /** Called around the handler, in whichever process runs it. */
  restore<R>(tenant: string, run: () => R): R {
    return this.storage.run(tenant, run);
  }
}
