import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import {
  HEARTBEAT_INTERVAL_MS,
  JOBS_ENGINE,
  servers,
  type Engine,
  type ManagedService,
  type ServerInfo,
} from '../contracts/index.js';
import { endsWithin } from '../engines/index.js';
import { WorkersService } from './workers.service.js';

const GOODBYE_TIMEOUT_MS = 1_000;

/**
 * Tells the other processes that this one lives, and which queues it works on.
 * @internal
 */
@Injectable()
export class ServerHeartbeat implements ManagedService {
  readonly name = 'heartbeat';
  readonly id = randomUUID();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly workers: WorkersService,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  async start(): Promise<void> {
    if (this.workers.queues.length === 0) return;
    const server: ServerInfo = {
      id: this.id,
      host: hostname(),
      pid: process.pid,
      queues: this.workers.queues,
      startedAt: new Date().toISOString(),
    };
    await servers.announce(this.engine.store, server);
    // A beat that fails is made up for by the next one; the outage itself is reported elsewhere.
    this.timer = setInterval(
      () => void servers.announce(this.engine.store, server).catch(() => undefined),
      HEARTBEAT_INTERVAL_MS,
    ).unref();
  }

  async stop(): Promise<void> {
    if (this.timer === undefined) return;
    clearInterval(this.timer);
    // Without a goodbye, the others find out when the last beat expires.
    await endsWithin(GOODBYE_TIMEOUT_MS, servers.retire(this.engine.store, this.id));
  }
}
