import { createHash } from 'node:crypto';
import type { ReleaseContent } from '../coordination/index.js';
import type { HandlerRegistry } from './handler.registry.js';
import type { DeclaredRecurrence } from './recurrences.js';

/** What this process declares, for the others to know. @internal */
export function releaseContentOf(registry: HandlerRegistry): ReleaseContent {
  const declared = registry.recurrences.filter(({ scope }) => scope === 'fleet');
  const byId = declared.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return {
    names: registry.names,
    queues: Object.fromEntries(
      registry.all
        .map(({ group, queue }): [string, string] => [group, queue])
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ),
    recurring: Object.fromEntries(
      byId.map((recurrence) => [recurrence.id, declarationHash(recurrence)]),
    ),
  };
}

/** Tells what a decorator says of a recurring job from what another version's says. @internal */
export function declarationHash({ timing, handler }: DeclaredRecurrence): string {
  const { name, queue, attempts, priority } = handler;
  const text = JSON.stringify([timing, name, queue, attempts, priority]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
