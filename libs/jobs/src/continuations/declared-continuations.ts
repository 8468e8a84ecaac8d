import { Injectable } from '@nestjs/common';
import type {
  ClaimDecision,
  JobHook,
  JobInfo,
  RunningJob,
  RunOutcome,
} from '../contracts/index.js';
import { HandlerRegistry, type DeclaredContinuation } from '../discovery/index.js';
import { HubQueue, tellStep } from '../hubs/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { ContinuationBook } from './continuation-book.js';
import { ContinuationJobs, linkTo } from './continuation-jobs.js';
import { LinkAttachment } from './link-attachment.js';
import { hubIdOf, LinkBook, type Links } from './link-book.js';

/**
 * Links each job to the continuations that `@Continuation()` declares for its handler: when it is
 * claimed, wherever it came from, and before its handler is called. Jobs of other handlers cost
 * nothing.
 * @internal
 */
@Injectable()
export class DeclaredContinuations implements JobHook {
  private indexed: readonly DeclaredContinuation[] = [];
  private byName: ReadonlyMap<string, readonly DeclaredContinuation[]> = new Map();
  /** Jobs of this process that were linked and have not ended. */
  private readonly linked = new Set<string>();

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly jobs: ContinuationJobs,
    private readonly book: ContinuationBook,
    private readonly links: LinkBook,
    private readonly attachment: LinkAttachment,
    private readonly hubs: HubQueue,
    private readonly logger: JobLogger,
  ) {}

  onClaimed(job: RunningJob): Promise<ClaimDecision> | undefined {
    const declared = this.of(job.name);
    return declared && this.linkClaimed(job, declared);
  }

  onSettled(job: JobInfo, outcome: RunOutcome): void {
    tellStep('job settled', job.id);
    const declared = this.of(job.name);
    if (declared === undefined || this.linked.delete(keyOf(job))) return;
    // Failed before its handler could be called: cancelled, damaged, or crashed too often.
    if (outcome.status !== 'failed' || declared.every(({ on }) => on === 'completed')) return;
    this.link(job, undefined, declared)
      .then((links) => this.attachment.attach(links))
      .catch((error: unknown) => this.logger.error(messages.hookFailed('continuations', error)));
  }

  private of(name: string): readonly DeclaredContinuation[] | undefined {
    const { continuations } = this.registry;
    // Others, when a module was loaded late.
    if (continuations !== this.indexed) this.byName = this.index();
    this.indexed = continuations;
    return this.byName.size === 0 ? undefined : this.byName.get(name);
  }

  private index(): Map<string, DeclaredContinuation[]> {
    const byName = new Map<string, DeclaredContinuation[]>();
    for (const continuation of this.registry.continuations) {
      const { name, aliases } = continuation.antecedent;
      for (const known of new Set([name, ...aliases])) {
        const others = byName.get(known) ?? [];
        byName.set(known, others);
        // A handler that is provided twice is one.
        if (!others.some((other) => other.handler.name === continuation.handler.name))
          others.push(continuation);
      }
    }
    return byName;
  }

  private async linkClaimed(
    job: RunningJob,
    declared: readonly DeclaredContinuation[],
  ): Promise<ClaimDecision> {
    const links = await this.link(job, job.context, declared);
    tellStep('declared links stored', job.id);
    const hubKey = this.hubs.bullmq.toKey(hubIdOf(links));
    if (job.parentKey !== hubKey) await this.attachment.attach(links);
    tellStep('hub attached', job.id);
    this.linked.add(keyOf(job));
    return { action: 'run' };
  }

  private async link(
    job: JobInfo,
    context: unknown,
    declared: readonly DeclaredContinuation[],
  ): Promise<Links> {
    const { queue, id, name } = job;
    const antecedent = { queue, id, name };
    let read = await this.links.read(antecedent);
    if (read?.links.skipped) {
      // Retried by someone who knows nothing of links.
      await this.attachment.revive(read);
      read = await this.links.read(antecedent);
    }
    const known = new Set(read?.links.continuations.flatMap((l) => (l.declared ? [l.name] : [])));
    const missing = declared.filter(({ handler }) => !known.has(handler.name));
    if (read !== undefined && missing.length === 0) return read.links;
    const added = [];
    for (const { handler, on } of missing) {
      const continuation = await this.jobs.prepareDeclared(handler, on, context);
      await this.book.create({ ...continuation, after: [antecedent] });
      added.push({ ...linkTo(continuation.job), declared: true } as const);
    }
    return this.links.add(antecedent, added);
  }
}

function keyOf({ queue, id }: JobInfo): string {
  return `${queue}:${id}`;
}
