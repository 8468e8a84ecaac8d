import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { HandlerExplorer } from './handler.explorer.js';

/** What is used of the SchedulerRegistry of @nestjs/schedule. @internal */
export interface TimeoutRegistry {
  doesExist(type: 'timeout', name: string): boolean;
  getTimeout(name: string): unknown;
  addTimeout(name: string, timer: NodeJS.Timeout): void;
  deleteTimeout(name: string): void;
}

/**
 * Finds the SchedulerRegistry of @nestjs/schedule, where a recurrence needs it. The package is
 * optional, so nothing of it is loaded before.
 * @internal
 */
@Injectable()
export class SchedulerLookup {
  /** Undefined where it is not needed, or not there. */
  registry: TimeoutRegistry | undefined;

  constructor(
    private readonly explorer: HandlerExplorer,
    private readonly moduleRef: ModuleRef,
  ) {}

  /** To be called when every provider exists. @returns whether there is one */
  async find(): Promise<boolean> {
    if (this.isNeeded()) this.registry = await this.load();
    return this.registry !== undefined;
  }

  private isNeeded(): boolean {
    return this.explorer
      .explore()
      .handlers.some(({ recurrences }) =>
        recurrences.some(({ options }) => options?.scope === 'process'),
      );
  }

  private async load(): Promise<TimeoutRegistry | undefined> {
    try {
      const { SchedulerRegistry } = await import('@nestjs/schedule');
      const found: TimeoutRegistry = this.moduleRef.get(SchedulerRegistry, { strict: false });
      return found;
    } catch {
      // Not installed, or its module is not imported: the same has to be done.
      return undefined;
    }
  }
}
