import { Injectable } from '@nestjs/common';
import type { ManagedService } from '../lifecycle/index.js';
import { ServerHeartbeat } from './server-heartbeat.service.js';

/**
 * Started last, and so stopped first: before this server gives anything up, the others know that it
 * leaves. Whoever leads after it would still take it for one that runs what it declares, and
 * enqueue ticks that nobody knows.
 * @internal
 */
@Injectable()
export class Farewell implements ManagedService {
  readonly name = 'farewell';

  constructor(private readonly heartbeat: ServerHeartbeat) {}

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return this.heartbeat.stop();
  }
}
