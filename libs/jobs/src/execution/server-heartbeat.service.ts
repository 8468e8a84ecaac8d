import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import {
  HEARTBEAT_INTERVAL_MS,
  releases,
  SERVERS_CHANNEL,
  servers,
  type ReleaseContent,
  type ServerInfo,
} from '../coordination/index.js';
import { HandlerRegistry, releaseContentOf } from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';
import type { ManagedService } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { every, monotonicNow, type Timer } from '../timers/index.js';
import { Fleet } from './fleet.js';
import { Repairs } from './repairs.service.js';
import { WorkersService } from './workers.service.js';

/**
 * What a release declares is stored again this often, in ms, so that it is remembered while it
 * lives.
 */
const REMEMBER_MS = 3_600_000;

/**
 * Tells the other processes that this one lives, which queues it works on and what it declares; and
 * finds out when the store does not know it any more, which is so after a failover to an empty
 * replica. Then all that is written at boot is written again.
 * @internal
 */
@Injectable()
export class ServerHeartbeat implements ManagedService {
  readonly name = 'heartbeat';
  readonly id = randomUUID();
  private readonly restorers: (() => Promise<void>)[] = [];
  private server: ServerInfo | undefined;
  private declared: ReleaseContent | undefined;
  private since: number | undefined;
  private rememberedAt = 0;
  private isRestored = true;
  private beating: Promise<void> | undefined;
  private timer: Timer | undefined;
  private unsubscribe: (() => Promise<void>) | undefined;

  constructor(
    private readonly workers: WorkersService,
    private readonly registry: HandlerRegistry,
    private readonly queues: QueueRegistry,
    private readonly fleet: Fleet,
    private readonly repairs: Repairs,
    private readonly logger: JobLogger,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  async start(): Promise<void> {
    if (this.workers.queues.length === 0) return;
    this.declared = releaseContentOf(this.registry);
    this.server = {
      id: this.id,
      host: hostname(),
      pid: process.pid,
      queues: this.workers.queues,
      startedAt: new Date().toISOString(),
      release: releases.hashOf(this.declared),
    };
    const { store } = this.engine;
    this.unsubscribe = await store.subscribe(SERVERS_CHANNEL, () => this.fleet.changed());
    await this.announce(this.server, this.declared);
    await store.publish(SERVERS_CHANNEL, '');
    // A beat that fails is made up for by the next one.
    const repair = this.repairs.of('heartbeat');
    this.timer = every(HEARTBEAT_INTERVAL_MS, () => void repair.round(() => this.beat())).unref();
  }

  /** Says goodbye, once. */
  async stop(): Promise<void> {
    if (this.server === undefined) return;
    this.timer?.stop();
    this.server = undefined;
    // Without a goodbye, the others find out when the last beat expires.
    await this.retire();
  }

  /**
   * What writes again what the store has lost. Called at its own time as well, so it must do no
   * harm.
   */
  onForgotten(restore: () => Promise<void>): void {
    this.restorers.push(restore);
  }

  /**
   * Whether the store knows what this server has written at its boot. One that it does not know is
   * told of at once.
   */
  async isKnown(): Promise<boolean> {
    if (this.server === undefined) return true;
    const isKnown = await servers.isKnown(this.engine.store, this.id);
    if (isKnown && this.isRestored) return true;
    void this.beat().catch(() => undefined);
    return false;
  }

  private beat(): Promise<void> {
    this.beating ??= this.renew().finally(() => (this.beating = undefined));
    return this.beating;
  }

  private async renew(): Promise<void> {
    const { server, declared } = this;
    if (server === undefined || declared === undefined) return;
    const isKnown = await servers.renew(this.engine.store, server);
    if (isKnown && this.isRestored) {
      if (monotonicNow() - this.rememberedAt > REMEMBER_MS) await this.remember(server, declared);
      return;
    }
    if (this.isRestored) this.logger.warn(messages.forgotten);
    this.isRestored = false;
    await this.announce(server, declared);
    await this.queues.restoreMetas();
    for (const restore of this.restorers) await restore();
    this.isRestored = true;
    this.logger.info(messages.restored);
  }

  private async announce(server: ServerInfo, declared: ReleaseContent): Promise<void> {
    await this.remember(server, declared);
    await servers.announce(this.engine.store, server);
    this.fleet.changed();
  }

  private async remember({ release }: ServerInfo, declared: ReleaseContent): Promise<void> {
    let isRemembered = true;
    const tell = (error: Error): void => {
      isRemembered = false;
      this.repairs.of('what this version declares').failed(`release ${release}`, error);
    };
    const stored = await releases.store(this.engine.store, release, declared, this.since, tell);
    this.fleet.declare(release, stored);
    this.since = stored.since;
    // What cannot be read is looked at again with the next beat.
    this.rememberedAt = isRemembered ? monotonicNow() : -Infinity;
  }

  private async retire(): Promise<void> {
    const { store } = this.engine;
    await this.beating?.catch(() => undefined);
    await servers.retire(store, this.id);
    this.fleet.changed();
    await store.publish(SERVERS_CHANNEL, '');
    await this.unsubscribe?.();
  }
}
