import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { knownQueues, releases } from '../coordination/index.js';
import { HandlerRegistry } from '../discovery/index.js';
import { Fleet, Repairs } from '../execution/index.js';
import { UniquePlaces, type PreparedJob } from '../enqueueing/index.js';
import { StartContext, type ManagedService } from '../lifecycle/index.js';
import { every, pause, type Timer } from '../timers/index.js';

/** Not every process hears of servers that come and go. */
const READ_MS = 5_000;

/** Who has a key for so long is gone, in ms. */
const ALONE_MS = 5_000;

/** Who waits for a key asks for it this often, in ms. */
const ASK_MS = 20;

/**
 * In which queues the versions of a handler have their jobs. BullMQ keeps a job the only one of its
 * key in its queue alone, so where there are several the others are asked first.
 * @internal
 */
@Injectable()
export class UniqueQueues extends UniquePlaces implements ManagedService {
  readonly name = 'queues of unique jobs';
  /** By the oldest name of a handler. */
  private queues: ReadonlyMap<string, readonly string[]> = new Map();
  private timer: Timer | undefined;
  private isStarted = false;
  private following: Promise<void> | undefined;
  private reading: Promise<unknown> | undefined;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly fleet: Fleet,
    private readonly repairs: Repairs,
    private readonly context: StartContext,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {
    super();
  }

  async start(): Promise<void> {
    this.isStarted = true;
    if (this.registry.all.some(({ unique }) => unique !== undefined)) await this.follow();
  }

  async stop(): Promise<void> {
    this.isStarted = false;
    this.timer?.stop();
    await this.reading;
  }

  get areKnown(): boolean {
    return this.timer !== undefined || !this.isStarted;
  }

  follow(): Promise<void> {
    this.following ??= this.begin().finally(() => (this.following = undefined));
    return this.following;
  }

  othersFor({ queue, unique }: PreparedJob): readonly string[] {
    const all = this.queues.get(unique!.group);
    return all === undefined ? [] : all.filter((other) => other !== queue);
  }

  async alone(key: string, action: () => Promise<void>): Promise<void> {
    const { store } = this.engine;
    const holder = randomUUID();
    const permit = `unique:${key}`;
    while (!(await store.acquirePermit(permit, holder, 1, ALONE_MS)))
      await this.context.run(() => pause(ASK_MS));
    try {
      await action();
    } finally {
      // It is free after a while anyway.
      await store.releasePermit(permit, holder).catch(() => undefined);
    }
  }

  private async begin(): Promise<void> {
    await this.read();
    if (this.areKnown) return;
    const repair = this.repairs.of(this.name);
    const reread = (): void => void (this.reading = repair.round(() => this.read()));
    this.fleet.onChange(reread);
    this.timer = every(READ_MS, reread).unref();
  }

  private async read(): Promise<void> {
    const { store } = this.engine;
    const [all, known] = await Promise.all([releases.all(store), knownQueues.all(store)]);
    const queues = new Map<string, Set<string>>();
    for (const [group, queue] of all.flatMap((release) => Object.entries(release.queues))) {
      if (!known.includes(queue)) continue;
      queues.set(group, (queues.get(group) ?? new Set<string>()).add(queue));
    }
    const moved = [...queues].filter(([, { size }]) => size > 1);
    this.queues = new Map(moved.map(([group, names]) => [group, [...names]]));
  }
}
