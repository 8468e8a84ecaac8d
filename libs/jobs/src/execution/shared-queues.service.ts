import { Injectable } from '@nestjs/common';
import { HandlerRegistry } from '../discovery/index.js';
import type { ManagedService } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { Fleet } from './fleet.js';
import { ServerHeartbeat } from './server-heartbeat.service.js';

/**
 * Warns at boot of servers that share a queue and no handler with this one: two services that store
 * their jobs in one place, as a rule by not saying where.
 * @internal
 */
@Injectable()
export class SharedQueues implements ManagedService {
  readonly name = 'shared queues';

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly fleet: Fleet,
    private readonly heartbeat: ServerHeartbeat,
    private readonly logger: JobLogger,
  ) {}

  async start(): Promise<void> {
    const { workedQueues, names } = this.registry;
    if (workedQueues.length === 0) return;
    const told = new Set<string>();
    for (const { id, host, pid, queues, release, declares } of await this.fleet.members()) {
      const shared = queues.filter((queue) => workedQueues.includes(queue));
      const isOneOfUs =
        declares === undefined || declares.names.some((name) => names.includes(name));
      if (id === this.heartbeat.id || shared.length === 0 || isOneOfUs || told.has(release))
        continue;
      told.add(release);
      this.logger.warn(messages.sharedQueues(shared, host, pid));
    }
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
