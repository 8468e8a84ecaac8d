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
import { every, type Timer } from '../timers/index.js';
import { Repairs } from './repairs.service.js';
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
  private timer: Timer | undefined;

  constructor(
    private readonly workers: WorkersService,
    private readonly repairs: Repairs,
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
    const announce = () => servers.announce(this.engine.store, server);
    await announce();
    // A beat that fails is made up for by the next one.
    const repair = this.repairs.of('heartbeat');
    this.timer = every(HEARTBEAT_INTERVAL_MS, () => void repair.round(announce)).unref();
  }

  async stop(): Promise<void> {
    if (this.timer === undefined) return;
    this.timer.stop();
    // Without a goodbye, the others find out when the last beat expires.
    await endsWithin(GOODBYE_TIMEOUT_MS, servers.retire(this.engine.store, this.id));
  }
}
