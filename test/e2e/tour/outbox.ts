// #region outbox
import { Injectable } from '@nestjs/common';

/** Stands for a mail server. */
@Injectable()
export class Outbox {
  readonly delivered: string[] = [];

  async deliver(mail: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.delivered.push(mail);
  }
}
// #endregion outbox
